import { requireFinite, requireInteger } from '../check.js';
import { numericAxis } from './axis.js';
import { type Axis, checkSeries, inView, type Series, type Size } from './data.js';
import { topLegend } from './legend.js';
import { dashes, palette } from './palette.js';
import { type ReferenceLine, reachOf, referenceLayers } from './reference.js';
import { type Chart, type Heading, renderFitted } from './render.js';
import { tooShort } from './too-short.js';

/** Up to this many points per line, the points themselves are marked: they are what was measured. */
const MARKED_POINTS = 30;

/** A line of a chart: points in the order in which they are joined. */
export interface LineSeries extends Series {
  /** Draw the mean over a moving window of so many points as the line, and the raw values as a faint line behind it. */
  readonly smooth?: number;
}

export interface LineChartSpec extends Heading, Size {
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly LineSeries[];
  /** Levels and lines to compare with: drawn quietly, named beside them, and not in the legend. */
  readonly references?: readonly ReferenceLine[];
}

/**
 * Curves over a common x axis: losses and metrics over training steps. Where every line has a single point, the chart says so and
 * has the values as text.
 *
 * @throws FigureError `bad-shape`, `not-finite`, `bad-option`
 */
export function lineChart(spec: LineChartSpec): Chart {
  const { series, x, y, references = [], width = 680, height = 400 } = spec;
  checkSeries(series, { x, y });
  for (const { smooth, name } of series) {
    if (smooth !== undefined) requireInteger(smooth, `series '${name}': smooth`, 1);
  }
  for (const { label, ...place } of references) {
    requireFinite(reachOf([{ label, ...place } as ReferenceLine], 'x'), `reference '${label}': x`);
    requireFinite(reachOf([{ label, ...place } as ReferenceLine], 'y'), `reference '${label}': y`);
  }
  if (series.every((one) => one.x.length === 1)) return tooShort({ ...spec, width });
  const names = series.map(({ name }) => name);
  const drawn = series.map((one) => ({ ...one, y: one.smooth ? runningMean(one.y, one.smooth) : one.y }));
  const lines = inView(drawn, { x, y }).flatMap((one) => rows(one, one.y));
  const raw = inView(series, { x, y })
    .filter(({ smooth }) => smooth !== undefined)
    .flatMap((one) => rows(one, one.y));
  const across = numericAxis('x', x, reached(series, references, 'x'), {
    nice: false,
    pixelsPerTick: 90,
    look: { grid: false },
  });
  const up = numericAxis('y', y, reached(series, references, 'y'), {
    nice: true,
    pixelsPerTick: 55,
    look: { domain: false, ticks: false },
  });
  const clip = across.cut || up.cut;
  const marked = series.every((one) => one.x.length <= MARKED_POINTS);

  return renderFitted(spec, { width, height }, (plot, ruler) => ({
    encoding: {
      x: across.channel(plot.width, ruler),
      y: up.channel(plot.height, ruler),
      color: {
        field: 'name',
        type: 'nominal',
        scale: { domain: names, range: palette(names.length) },
        legend: topLegend(names, 'stroke', plot.width, ruler),
      },
      strokeDash: {
        field: 'name',
        type: 'nominal',
        scale: { domain: names, range: dashes(names.length) },
        legend: topLegend(names, 'stroke', plot.width, ruler),
      },
      order: { field: 'i', type: 'quantitative' },
    },
    layer: [
      ...referenceLayers(references, { x, y }),
      ...(raw.length > 0
        ? [{ data: { values: raw }, mark: { type: 'line', clip, strokeWidth: 1, opacity: 0.3 } }]
        : []),
      {
        data: { values: lines },
        mark: {
          type: 'line',
          clip,
          strokeWidth: 2,
          strokeJoin: 'round',
          ...(marked ? { point: { size: 30, filled: true } } : {}),
        },
      },
    ],
  }));
}

/** Values that an axis must show: those of the lines and of the references. */
function reached(series: readonly Series[], references: readonly ReferenceLine[], axis: 'x' | 'y'): readonly Series[] {
  const places = reachOf(references, axis);
  return places.length === 0 ? series : [...series, { name: '', x: places, y: places }];
}

function rows({ name, x }: Series, y: ArrayLike<number>): object[] {
  return Array.from({ length: x.length }, (_, i) => ({ name, i, x: x[i], y: y[i] }));
}

/** Mean over the `window` points centred on each point; fewer at the ends, so that no point is lost. */
function runningMean(values: ArrayLike<number>, window: number): Float64Array {
  const sums = new Float64Array(values.length + 1);
  for (let i = 0; i < values.length; i++) sums[i + 1] = sums[i]! + values[i]!;
  return Float64Array.from({ length: values.length }, (_, i) => {
    const from = Math.max(0, i - Math.floor((window - 1) / 2));
    const to = Math.min(values.length, i + Math.floor(window / 2) + 1);
    return (sums[to]! - sums[from]!) / (to - from);
  });
}
