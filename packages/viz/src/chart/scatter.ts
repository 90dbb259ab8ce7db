import { numericAxis } from './axis.js';
import { type Axis, checkSeries, inView, type Series, type Size } from './data.js';
import { rightLegend } from './legend.js';
import { palette, shapes } from './palette.js';
import { type Chart, type Heading, renderFitted } from './render.js';

export interface ScatterPlotSpec extends Heading, Size {
  readonly x: Axis;
  readonly y: Axis;
  /** One class each; it gives the points their colour. */
  readonly series: readonly Series[];
}

/**
 * Points coloured by class: a two-dimensional latent space, an embedding.
 *
 * @throws FigureError `bad-shape`, `not-finite`, `bad-option`
 */
export function scatterPlot(spec: ScatterPlotSpec): Chart {
  const { series, x, y, width = 600, height = 520 } = spec;
  checkSeries(series, { x, y });
  const names = series.map(({ name }) => name);
  const points = interleave(inView(series, { x, y }));
  // Ink per figure stays about the same: many points are small and see-through.
  const size = Math.min(40, Math.max(5, 24_000 / points.length));
  const opacity = Math.min(0.85, Math.max(0.45, 0.85 - points.length / 50_000));

  const across = numericAxis('x', x, series, { nice: true, pixelsPerTick: 70 });
  const up = numericAxis('y', y, series, { nice: true, pixelsPerTick: 70 });
  const clip = across.cut || up.cut;
  const channel = (range: unknown[], height: number) => ({
    field: 'name',
    type: 'nominal',
    scale: { domain: names, range },
    legend: rightLegend(names, height),
  });
  return renderFitted(spec, { width, height }, (plot, ruler) => ({
    data: { values: points },
    mark: { type: 'point', filled: true, clip, size, opacity, strokeWidth: 0 },
    encoding: {
      x: across.channel(plot.width, ruler),
      y: up.channel(plot.height, ruler),
      color: channel(palette(names.length), plot.height),
      shape: channel(shapes(names.length), plot.height),
    },
  }));
}

/** All points, classes mixed evenly: drawn one class after the other, the last would hide the rest. */
function interleave(series: readonly Series[]): object[] {
  const points = series.flatMap(({ name, x, y }) =>
    Array.from({ length: x.length }, (_, i) => ({ name, x: x[i], y: y[i], place: (i + 0.5) / x.length })),
  );
  return points.sort((a, b) => a.place - b.place).map(({ name, x, y }) => ({ name, x, y }));
}
