import { lineChart, stackCharts, svgToPng } from '@onnx-forge/viz';
import { TrainError } from '../errors.js';
import type { LogLine } from '../metrics/log.js';
import { suggestionAndList } from '../suggest.js';
import type { FigureImage } from './figure.js';

/** Log of a run, and its name in the legend. */
export interface ComparedRun {
  readonly name: string;
  readonly log: readonly LogLine[];
}

export interface ComparisonOptions {
  /** Names as in the log: `METRIC` of validation, `STEP/METRIC` of training; `validation/` or `train/` may stand before. */
  readonly metrics: readonly string[];
  readonly against?: 'epoch' | 'step';
  readonly title?: string;
  readonly subtitle?: string;
  /** Draw the running mean over so many points, and the raw values faintly behind it. */
  readonly smooth?: number;
  readonly scale?: 'linear' | 'log';
}

/**
 * Logged metrics of several runs, a chart for each metric beneath each other and a line for each run.
 *
 * @throws TrainError (`metric-unknown`) when a run has not logged a metric; names the nearest that it has
 */
export function comparison(runs: readonly ComparedRun[], options: ComparisonOptions): FigureImage {
  const { metrics, against = 'epoch', title, subtitle, smooth, scale } = options;
  const charts = metrics.map((metric, index) => {
    const heading = title ?? `Runs compared: ${metrics.join(', ')}`;
    return lineChart({
      title: index === 0 ? heading : metric,
      ...(index === 0 && subtitle !== undefined && { subtitle }),
      x: { label: against === 'epoch' ? 'epochs' : 'training iterations' },
      y: { label: metric, ...(scale && { scale }) },
      series: runs.map((run) => {
        const points = loggedValues(run, metric);
        return {
          name: run.name,
          x: points.map((point) => point[against]),
          y: points.map(({ value }) => value),
          ...(smooth !== undefined && { smooth }),
        };
      }),
      ...(metrics.length > 1 && { height: 280 }),
    });
  });
  const { svg } = charts.length === 1 ? charts[0]! : stackCharts(charts);
  return { svg, png: svgToPng(svg) };
}

/** One logged value of a metric. */
export interface LoggedValue {
  readonly step: number;
  readonly epoch: number;
  readonly value: number;
}

/**
 * The values of a metric in the order of training.
 *
 * @throws TrainError (`metric-unknown`)
 */
export function loggedValues({ name, log }: ComparedRun, metric: string): readonly LoggedValue[] {
  const [, kind, bare = metric] = /^(train|validation)\/(.+)$/.exec(metric) ?? [];
  const pick = (key: string, of: (line: LogLine) => boolean) =>
    log
      .filter((line) => Object.hasOwn(line.metrics, key) && of(line))
      .map(({ step, epoch, metrics }) => ({ step, epoch, value: metrics[key]! }));
  // A step may itself be called `train`: the name as it stands comes first.
  const points = pick(metric, () => true);
  const found = points.length > 0 ? points : pick(bare, (line) => line.kind === kind);
  if (found.length > 0) return found;
  const known = [...new Set(log.flatMap((line) => Object.keys(line.metrics)))];
  if (known.length === 0) throw new TrainError('metric-unknown', `run '${name}' has logged nothing yet`, { run: name });
  const message = `run '${name}' has no metric '${metric}'${suggestionAndList(bare, known, 'it has ')}`;
  throw new TrainError('metric-unknown', message, { run: name, metric, known });
}
