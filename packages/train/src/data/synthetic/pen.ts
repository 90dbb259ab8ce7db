import type { Point } from './curve.js';

/** Width of the grey edge of a stroke, in pixels. */
const EDGE = 1.2;

/** A line that the pen has followed: a polyline with the pen's radius at each of its points, in pixels. */
export interface InkLine {
  readonly points: readonly Point[];
  readonly radii: readonly number[];
}

/**
 * Draws lines with a round pen and soft edges: the ink of a pixel falls from 1 to 0 over {@link EDGE} pixels around the
 * stroke's border, by the distance from the pixel's centre to the nearest piece of line.
 *
 * @param out [size, size] grey levels 0..255, row by row; darkened where there is ink, never lightened
 */
export function drawLines(lines: readonly InkLine[], size: number, out: Uint8Array): void {
  for (const { points, radii } of lines) {
    for (let i = 0; i + 1 < points.length; i++) {
      drawPiece(points[i]!, points[i + 1]!, radii[i]!, radii[i + 1]!, size, out);
    }
  }
}

function drawPiece(from: Point, to: Point, fromRadius: number, toRadius: number, size: number, out: Uint8Array): void {
  const [x0, y0] = from;
  const dx = to[0] - x0;
  const dy = to[1] - y0;
  const squaredLength = dx * dx + dy * dy;
  const reach = Math.max(fromRadius, toRadius) + EDGE / 2;
  // Pixel (row, column) has its centre at (column + 1/2, row + 1/2).
  const left = Math.max(0, Math.floor(Math.min(x0, to[0]) - reach));
  const right = Math.min(size - 1, Math.floor(Math.max(x0, to[0]) + reach));
  const top = Math.max(0, Math.floor(Math.min(y0, to[1]) - reach));
  const bottom = Math.min(size - 1, Math.floor(Math.max(y0, to[1]) + reach));
  for (let row = top; row <= bottom; row++) {
    const py = row + 0.5 - y0;
    for (let column = left; column <= right; column++) {
      const px = column + 0.5 - x0;
      const along = squaredLength > 0 ? Math.min(1, Math.max(0, (px * dx + py * dy) / squaredLength)) : 0;
      const ex = px - along * dx;
      const ey = py - along * dy;
      const radius = fromRadius + along * (toRadius - fromRadius);
      const ink = (radius + EDGE / 2 - Math.sqrt(ex * ex + ey * ey)) / EDGE;
      if (ink <= 0) continue;
      const level = ink >= 1 ? 255 : Math.round(255 * ink);
      const at = row * size + column;
      if (level > out[at]!) out[at] = level;
    }
  }
}
