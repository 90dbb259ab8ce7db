import { lineChart, type ReferenceLine, svgToPng } from '@onnx-forge/viz';
import type { LogLine } from '../metrics/log.js';
import { aboutRun, counted } from './about-run.js';
import type { Figure, FigureContext } from './figure.js';

/** One line of {@link curves}. */
export interface Curve {
  /** In the legend. */
  readonly name: string;
  readonly kind: LogLine['kind'];
  /** In the log: `STEP/METRIC` of training, `METRIC` of validation. */
  readonly metric: string;
  /** The other sign: a bound where the log has a loss. */
  readonly negate?: boolean;
}

export interface CurvesOptions {
  readonly title: string;
  /** Label of the y axis, with the unit. */
  readonly y: string;
  readonly lines: readonly Curve[];
  /** Ends of the y axis; what lies outside is cut off, unless all of a line does. */
  readonly domain?: readonly [number, number];
  /** Levels and lines to compare with. */
  readonly references?: readonly ReferenceLine[];
}

/** Metrics of the log over the iterations of training; nothing for a run that has logged none of them. */
export function curves({ title, y, lines, domain, references = [] }: CurvesOptions): Figure {
  return ({ log, model, data }) => {
    const all = lines.map(({ name, kind, metric, negate = false }) => {
      const points = log.filter((line) => line.kind === kind && Object.hasOwn(line.metrics, metric));
      const sign = negate ? -1 : 1;
      return { name, kind, x: points.map(({ step }) => step), y: points.map(({ metrics }) => sign * metrics[metric]!) };
    });
    // A run of less than an epoch has no validation yet.
    const series = all.filter(({ x }) => x.length > 0);
    if (series.length === 0) return [];
    const within = (value: number): boolean => domain !== undefined && value >= domain[0] && value <= domain[1];
    // A single line has no legend.
    const named = series.length === 1 && lines.length > 1 ? [series[0]!.name] : [];
    const sizes =
      data.name === model.manifest.data.name ? [sizesOf(data, new Set(series.map(({ kind }) => kind)))] : [];
    const { svg } = lineChart({
      title,
      subtitle: aboutRun({ model }, [...named, ...sizes].join('; ') || undefined),
      x: { label: 'training iterations' },
      y: { label: y, ...(domain && series.every((one) => one.y.some(within)) && { domain }) },
      series,
      references,
    });
    return { svg, png: svgToPng(svg) };
  };
}

/** How many examples the lines are over. */
function sizesOf({ splits }: FigureContext['data'], kinds: ReadonlySet<LogLine['kind']>): string {
  const { train, validation } = splits;
  const sizes = [
    ...(kinds.has('train') ? [`${counted(train.size)} training`] : []),
    ...(kinds.has('validation') ? [`${counted(validation.size)} validation`] : []),
  ];
  return `${sizes.join(' and ')} examples`;
}
