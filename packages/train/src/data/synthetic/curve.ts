/** A point of the plane; x to the right, y down. */
export type Point = readonly [x: number, y: number];

/** One movement of the pen: smooth pieces that meet at corners. */
export type Stroke = readonly (readonly Point[])[];

/** Straight pieces that a span between two control points is drawn with. */
const PIECES = 6;

/** A polyline along the uniform Catmull-Rom spline through `points`. */
export function smooth(points: readonly Point[]): Point[] {
  const line: Point[] = [];
  const last = points.length - 1;
  for (let i = 0; i < last; i++) {
    const a = points[Math.max(0, i - 1)]!;
    const b = points[i]!;
    const c = points[i + 1]!;
    const d = points[Math.min(last, i + 2)]!;
    for (let piece = 0; piece < PIECES; piece++) {
      const t = piece / PIECES;
      line.push([catmullRom(a[0], b[0], c[0], d[0], t), catmullRom(a[1], b[1], c[1], d[1], t)]);
    }
  }
  line.push(points[last]!);
  return line;
}

function catmullRom(a: number, b: number, c: number, d: number, t: number): number {
  return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}
