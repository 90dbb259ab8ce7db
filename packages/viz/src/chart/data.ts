import { requireCount, requireDistinct, requireFinite, requireInterval, requireSome } from '../check.js';
import { FigureError } from '../errors.js';

/** Named points; a line through them, or a class of them. */
export interface Series {
  readonly name: string;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

/** A numeric axis. */
export interface Axis {
  /** Label with the unit: 'negative ELBO (nats)'. */
  readonly label: string;
  /** Ends of the axis; default: what the data need. What lies outside is cut off. */
  readonly domain?: readonly [number, number];
  readonly scale?: 'linear' | 'log';
}

/** Total size of a chart in CSS pixels. */
export interface Size {
  readonly width?: number;
  readonly height?: number;
}

/** @throws FigureError `bad-shape`, `not-finite`, `bad-option` */
export function checkSeries(series: readonly Series[], axes: { readonly x: Axis; readonly y: Axis }): void {
  requireSome(series.length, 'series');
  requireDistinct(
    series.map(({ name }) => name),
    'series',
  );
  for (const [axis, { domain, scale }] of Object.entries(axes)) {
    if (domain) requireInterval(domain, `${axis}.domain`);
    if (domain && scale === 'log') requirePositive(domain, `${axis}.domain`);
  }
  for (const one of series) {
    const name = `series '${one.name}'`;
    requireSome(one.x.length, name);
    requireCount(one.y.length, one.x.length, `${name}: y`, 'x');
    for (const axis of ['x', 'y'] as const) {
      requireFinite(one[axis], `${name}: ${axis}`);
      if (axes[axis].scale === 'log') requirePositive(one[axis], `${name}: ${axis}`);
    }
  }
}

function requirePositive(values: ArrayLike<number>, name: string): void {
  for (let i = 0; i < values.length; i++) {
    if (values[i]! <= 0) {
      throw new FigureError('bad-option', `${name}[${i}] is ${values[i]}: a log scale needs positive numbers`, {
        name,
        index: i,
        value: values[i],
      });
    }
  }
}

/**
 * The series that may show within the axes' ends. The renderer ends the process at a mark that lies beyond the picture's edge
 * as a whole, so such marks must not reach it.
 */
export function inView<S extends Series>(series: readonly S[], axes: { readonly x: Axis; readonly y: Axis }): S[] {
  return series.filter((one) =>
    (['x', 'y'] as const).every((field) => {
      const { domain } = axes[field];
      const [low, high] = extent([one[field]]);
      return domain === undefined || (low <= Math.max(...domain) && high >= Math.min(...domain));
    }),
  );
}

/** Smallest and largest of many values. */
export function extent(lists: readonly ArrayLike<number>[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const list of lists) {
    for (let i = 0; i < list.length; i++) {
      low = Math.min(low, list[i]!);
      high = Math.max(high, list[i]!);
    }
  }
  return [low, high];
}
