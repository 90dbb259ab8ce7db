import { requireCount, requireFinite, requireSome } from '../check.js';
import type { Size } from './data.js';
import { numberFormat } from './format.js';
import { type Chart, type Heading, renderFitted } from './render.js';
import { INK, LABEL_SIZE } from './theme.js';

/** An upright axis of a {@link parallelChart}. */
export interface ParallelAxis {
  readonly label: string;
  /** Position of each line, in the axis's own unit; NaN: the line has none here. */
  readonly values: ArrayLike<number>;
  /** Uniform in the logarithm. */
  readonly log?: boolean;
  /** Names of the positions 0, 1, 2 ...: the axis is of names, not of numbers. */
  readonly names?: readonly string[];
}

export interface ParallelChartSpec extends Heading, Size {
  readonly axes: readonly ParallelAxis[];
  /** A number for each line: its colour, from light to dark. Default: the highest are the darkest, and drawn last. */
  readonly color: { readonly label: string; readonly values: ArrayLike<number>; readonly darkest?: 'high' | 'low' };
}

/**
 * Parallel coordinates (Inselberg 1985): an upright axis for each quantity, a line for each example through its values. What
 * the best trials of a sweep share is where the dark lines meet.
 *
 * @throws FigureError `bad-shape`, `not-finite`
 */
export function parallelChart(spec: ParallelChartSpec): Chart {
  const { axes, color, width = 760, height = 420 } = spec;
  requireSome(axes.length, 'axes');
  requireSome(color.values.length, 'color.values');
  requireFinite(color.values, 'color.values');
  for (const { label, values } of axes) requireCount(values.length, color.values.length, `axis '${label}'`, 'line');
  const sign = color.darkest === 'low' ? -1 : 1;
  const places = axes.map(placing);
  const lines = Array.from({ length: color.values.length }, (_, line) => line)
    .sort((one, other) => sign * (color.values[one]! - color.values[other]!))
    .flatMap((line, rank) =>
      axes.flatMap((axis, i) => {
        const value = axis.values[line]!;
        return Number.isNaN(value) ? [] : [{ rank, i, y: places[i]!.of(value), color: color.values[line] }];
      }),
    );
  const ticks = places.flatMap(({ ticks }, i) => ticks.map(({ text, y }) => ({ i, y, text })));
  const titles = axes.map(({ label }, i) => ({ i, label }));
  const x = {
    field: 'i',
    type: 'quantitative',
    axis: null,
    scale: { domain: [-0.15, axes.length - 0.65], nice: false },
  };
  const y = { field: 'y', type: 'quantitative', axis: null, scale: { domain: [-0.04, 1.12], nice: false } };
  return renderFitted(spec, { width, height }, () => ({
    view: { stroke: null },
    encoding: { x, y },
    layer: [
      {
        data: { values: titles },
        mark: { type: 'rule', color: '#b0b0b0' },
        encoding: { y: { ...y, datum: 0, field: undefined }, y2: { datum: 1 } },
      },
      {
        data: { values: lines },
        mark: { type: 'line', strokeWidth: 1.5, opacity: 0.8 },
        encoding: {
          detail: { field: 'rank', type: 'nominal' },
          order: { field: 'i', type: 'quantitative' },
          color: {
            field: 'color',
            type: 'quantitative',
            scale: { scheme: 'viridis', reverse: sign > 0, zero: false, nice: false },
            legend: { title: color.label, orient: 'right', gradientLength: 160, gradientThickness: 12 },
          },
        },
      },
      // White behind the words first: they stand on the lines.
      ...[{ color: 'white', stroke: 'white', strokeWidth: 4 }, { color: INK }].map((look) => ({
        data: { values: ticks },
        mark: { type: 'text', align: 'left', dx: 5, fontSize: LABEL_SIZE, ...look },
        encoding: { text: { field: 'text', type: 'nominal' } },
      })),
      {
        data: { values: titles },
        mark: { type: 'text', align: 'center', fontSize: LABEL_SIZE, fontWeight: 600, color: INK },
        encoding: { text: { field: 'label', type: 'nominal' }, y: { ...y, datum: 1.09, field: undefined } },
      },
    ],
  }));
}

interface Placing {
  of(value: number): number;
  readonly ticks: readonly { readonly text: string; readonly y: number }[];
}

/** Where values of an axis lie between its foot (0) and its top (1), and what is written beside it. */
function placing({ values, log = false, names }: ParallelAxis): Placing {
  if (names !== undefined) {
    const of = (index: number) => (names.length === 1 ? 0.5 : index / (names.length - 1));
    return { of, ticks: names.map((text, index) => ({ text, y: of(index) })) };
  }
  const to = (value: number) => (log ? Math.log(value) : value);
  const there = Array.from(values).filter((value) => !Number.isNaN(value));
  const [low, high] = [Math.min(...there), Math.max(...there)];
  const of = (value: number) => (high > low ? (to(value) - to(low)) / (to(high) - to(low)) : 0.5);
  const marks = high > low ? [low, log ? Math.sqrt(low * high) : (low + high) / 2, high] : there.slice(0, 1);
  const format = numberFormat(marks, 3, 0);
  return { of, ticks: marks.map((value) => ({ text: format(value), y: of(value) })) };
}
