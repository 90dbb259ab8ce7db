/** Where images lie on a raster. */
export interface GridLayout {
  readonly rows: number;
  readonly columns: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
  /** Space between columns and left and right of all. */
  readonly gapX: number;
  /** Space between rows (below the captions) and above and below all. */
  readonly gapY: number;
  /** Height of the strip below each image, 0 without captions. */
  readonly caption: number;
  /** Left top corner of the whole grid, its outer padding included. */
  readonly left: number;
  readonly top: number;
}

/** Left top corner of an image. */
export function cellOrigin(layout: GridLayout, row: number, column: number): [x: number, y: number] {
  const { left, top, gapX, gapY, cellWidth, cellHeight, caption } = layout;
  return [left + gapX + column * (cellWidth + gapX), top + gapY + row * (cellHeight + caption + gapY)];
}

/** Size of the grid with its outer padding. */
export function gridSize(layout: GridLayout): [width: number, height: number] {
  const { rows, columns, gapX, gapY, cellWidth, cellHeight, caption } = layout;
  return [gapX + columns * (cellWidth + gapX), gapY + rows * (cellHeight + caption + gapY)];
}
