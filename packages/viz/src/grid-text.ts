import { cellOrigin, type GridLayout, gridSize } from './grid-layout.js';
import type { Raster } from './png.js';
import { escapeXml, FONT_FAMILY, type FontWeight, svgToRaster, textRuler, wrap } from './rasterise.js';

/** Text around the images of a grid; all of it optional. */
export interface GridText {
  readonly title?: string;
  /** Below the title, smaller: what was drawn from, how many, the seed. */
  readonly subtitle?: string;
  /** One per row, set left of it. */
  readonly rowLabels?: readonly string[];
  /** One per column, set above it; all are turned by 90 degrees when one is wider than its column. */
  readonly columnLabels?: readonly string[];
  /** One per image, set below it. */
  readonly captions?: readonly string[];
}

/** A title narrower than this is not broken into lines, even when the grid is narrower. */
const LEAST_TITLE_WIDTH = 240;

/**
 * Makes room for the text around a bare grid and draws it.
 *
 * @returns where the images go and the RGB page to paint them on, or undefined when there is no text
 */
export function frameGrid(
  bare: GridLayout,
  text: GridText,
  background: number,
): { layout: GridLayout; raster: Raster } | undefined {
  const { title, subtitle, rowLabels, columnLabels, captions } = text;
  if (title === undefined && subtitle === undefined && !rowLabels && !columnLabels && !captions) return undefined;

  const widthOf = textRuler();
  // Text grows with the images, so that a scaled-up grid is the same figure, only larger.
  const size = Math.round(Math.min(22, Math.max(11, bare.cellHeight * 0.3)));
  const titleSize = Math.round(size * 1.25);
  const gap = Math.round(size * 0.6);
  const widest = (labels: readonly string[] = []) => Math.ceil(Math.max(0, ...labels.map((l) => widthOf(l, size))));

  const left = gap + (rowLabels ? widest(rowLabels) + gap : 0);
  // Captions push the columns apart where they are wider than the images.
  const gapX = Math.max(bare.gapX, captions ? widest(captions) + gap - bare.cellWidth : 0);
  const turned = widest(columnLabels) > bare.cellWidth + gapX - 2;
  const labelHeight = columnLabels ? (turned ? widest(columnLabels) : size) + gap : 0;
  const layout = { ...bare, left, gapX, caption: captions ? Math.round(size * 2) : 0 };
  const [gridWidth, gridHeight] = gridSize(layout);

  const titleWidth = (line: string) => widthOf(line, titleSize, 600);
  const titleLines = title ? wrap(title, Math.max(LEAST_TITLE_WIDTH, gridWidth), titleWidth) : [];
  const lineHeight = Math.round(titleSize * 1.3);
  const subtitleWidth = (line: string) => widthOf(line, size);
  const subtitleLines = subtitle ? wrap(subtitle, Math.max(LEAST_TITLE_WIDTH, gridWidth), subtitleWidth) : [];
  const subtitleHeight = Math.round(size * 1.3);
  const above = titleLines.length * lineHeight + subtitleLines.length * subtitleHeight;
  const titleHeight = above > 0 ? above + gap : 0;
  const placed = { ...layout, top: gap + titleHeight + labelHeight };
  const widths = [...titleLines.map(titleWidth), ...subtitleLines.map(subtitleWidth)];
  const titleRight = Math.max(0, ...widths.map((line) => gapX + Math.ceil(line)));
  const width = left + Math.max(gridWidth, titleRight) + gap;
  const height = placed.top + gridHeight + gap;

  const ink = background > 127 ? '#1a1a1a' : '#f2f2f2';
  const marks: string[] = [];
  const write = (line: string, x: number, y: number, style: TextStyle): void => {
    const turn = style.turned ? ` transform="rotate(-90 ${x} ${y})"` : '';
    marks.push(
      `<text x="${x}" y="${y}" font-size="${style.size}" font-weight="${style.weight ?? 400}" text-anchor="${style.anchor}"${style.faint ? ' fill-opacity="0.7"' : ''}${turn}>${escapeXml(line)}</text>`,
    );
  };
  // Half the height of a capital letter: what lifts a baseline so that the line is centred.
  const centred = Math.round(size * 0.36);
  titleLines.forEach((line, i) => {
    write(line, left + gapX, gap + i * lineHeight + titleSize, { size: titleSize, weight: 600, anchor: 'start' });
  });
  subtitleLines.forEach((line, i) => {
    const y = gap + titleLines.length * lineHeight + i * subtitleHeight + size;
    write(line, left + gapX, y, { size, anchor: 'start', faint: true });
  });
  rowLabels?.forEach((label, row) => {
    const y = cellOrigin(placed, row, 0)[1] + bare.cellHeight / 2 + centred;
    write(label, left - gap, y, { size, anchor: 'end' });
  });
  columnLabels?.forEach((label, column) => {
    const x = cellOrigin(placed, 0, column)[0] + bare.cellWidth / 2;
    const y = placed.top - Math.round(gap / 2);
    if (turned) write(label, x + centred, y, { size, anchor: 'start', turned });
    else write(label, x, y, { size, anchor: 'middle' });
  });
  captions?.forEach((caption, i) => {
    const [x, y] = cellOrigin(placed, Math.floor(i / bare.columns), i % bare.columns);
    write(caption, x + bare.cellWidth / 2, y + bare.cellHeight + Math.round(size * 1.1), { size, anchor: 'middle' });
  });
  const paper = `rgb(${background},${background},${background})`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="${FONT_FAMILY}"><rect width="100%" height="100%" fill="${paper}"/><g fill="${ink}">${marks.join('')}</g></svg>`;
  return { layout: placed, raster: svgToRaster(svg) };
}

interface TextStyle {
  readonly size: number;
  readonly weight?: FontWeight;
  readonly anchor: 'start' | 'middle' | 'end';
  readonly turned?: boolean;
  readonly faint?: boolean;
}
