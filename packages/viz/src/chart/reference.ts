import { type Axis, inView, type Series } from './data.js';
import { LABEL_SIZE } from './theme.js';

/** Something to compare a chart with, such as chance or a threshold: a thin dashed line with its name beside it. */
export type ReferenceLine = { readonly label: string } & (
  | { /** Upright, at this x. */ readonly x: number }
  | { /** Level, at this y. */ readonly y: number }
  | {
      /** Straight, from a point to another. */ readonly from: readonly [x: number, y: number];
      readonly to: readonly [x: number, y: number];
    }
);

const GREY = { line: '#8a8a8a', text: '#5c5c5c' } as const;

/** Points that the axes must reach, so that the references show. */
export function reachOf(references: readonly ReferenceLine[], axis: 'x' | 'y'): number[] {
  return references.flatMap((one) => {
    if ('from' in one) return [one.from, one.to].map((point) => point[axis === 'x' ? 0 : 1]);
    if (axis === 'x') return 'x' in one ? [one.x] : [];
    return 'y' in one ? [one.y] : [];
  });
}

/** Layers of a vega-lite chart with the channels `x` and `y`, for the references that lie within its axes. */
export function referenceLayers(
  references: readonly ReferenceLine[],
  axes: { readonly x: Axis; readonly y: Axis },
): object[] {
  return references.flatMap((one) => {
    const [xs, ys] = [reachOf([one], 'x'), reachOf([one], 'y')];
    // An axis that the line has no place on does not hide it.
    const place: Series = { name: one.label, x: xs.length > 0 ? xs : ys, y: ys.length > 0 ? ys : xs };
    const free = { label: '' };
    const within = inView([place], { x: xs.length > 0 ? axes.x : free, y: ys.length > 0 ? axes.y : free });
    return within.length === 0 ? [] : layersOf(one);
  });
}

/** The channels `x` and `y` are the chart's, by the fields of those names, but where the line has no place on an axis. */
function layersOf(one: ReferenceLine): object[] {
  const bare = { order: null, strokeDash: { value: [4, 4] }, color: { value: GREY.line } };
  const stroke = { strokeWidth: 1.25, clip: true };
  const text = (place: object, channels: object, mark: object) => ({
    data: { values: [place] },
    mark: { type: 'text', fontSize: LABEL_SIZE, ...mark },
    encoding: { order: null, strokeDash: null, color: { value: GREY.text }, text: { value: one.label }, ...channels },
  });
  if ('from' in one) {
    const values = [one.from, one.to].map(([x, y]) => ({ x, y }));
    const [x, y] = [0, 1].map((axis) => (one.from[axis]! + one.to[axis]!) / 2);
    return [
      { data: { values }, mark: { type: 'line', ...stroke }, encoding: bare },
      text({ x, y }, {}, { align: 'left', baseline: 'top', dx: 8, dy: 2 }),
    ];
  }
  const rule = (place: object, channels: object) => ({
    data: { values: [place] },
    mark: { type: 'rule', ...stroke },
    encoding: { ...bare, ...channels },
  });
  return 'x' in one
    ? [
        rule({ x: one.x }, { y: null }),
        text({ x: one.x }, { y: { value: 0 } }, { align: 'center', baseline: 'bottom', dy: -3 }),
      ]
    : [
        rule({ y: one.y }, { x: null }),
        text({ y: one.y }, { x: { value: 'width' } }, { align: 'right', baseline: 'bottom', dy: -3 }),
      ];
}
