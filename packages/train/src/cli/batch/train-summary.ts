import type { TrainResult } from '../../trainer/request.js';
import { messageOf } from '../errors.js';
import { formatNumber, formatSeconds, shellWord } from '../output/format.js';
import { measurementTable } from '../output/measurements.js';
import { table } from '../output/table.js';
import { type Attempt, failed } from './attempts.js';

/** Summary of trained runs: one in full, several as a table. */
export function summarise(attempts: readonly Attempt<TrainResult>[]): string {
  const [only, ...others] = attempts;
  if (only !== undefined && others.length === 0 && !failed(only)) return describe(only.result);
  return table(['run', 'status', 'iterations', 'time', 'folder', 'measured'], attempts.map(row));
}

function row(attempt: Attempt<TrainResult>): string[] {
  if (failed(attempt)) return [attempt.name, 'FAILED', '-', '-', '-', messageOf(attempt.error)];
  const { steps, seconds, out } = attempt.result;
  return [attempt.name, 'finished', `${steps}`, formatSeconds(seconds), out, headline(attempt.result)];
}

/** The measurements on the test split, or the last metrics of training where nothing was measured. */
function headline({ measurements, metrics }: TrainResult): string {
  const test = measurements.filter(({ split }) => split === 'test');
  const numbers = test.length > 0 ? test.map(({ name, value }) => [name, value] as const) : Object.entries(metrics);
  return numbers
    .slice(0, 4)
    .map(([name, value]) => `${name} ${formatNumber(value)}`)
    .join(', ');
}

function describe(result: TrainResult): string {
  const { recipe, kind, out, steps, epochs, seconds, measurements, figures } = result;
  const lines = [
    `${recipe}: ${formatNumber(epochs)} epochs (${steps} iterations) in ${formatSeconds(seconds)}`,
    measurements.length > 0
      ? `\n${measurementTable(measurements)}\n`
      : headline(result) || 'all iterations were done before',
    `run folder  ${out}`,
  ];
  if (figures.length > 0) lines.push(`figures     ${figures.length} files in ${out}/figures`);
  lines.push(`next        onnx-forge ${nextCommand(kind, shellWord(out))}`);
  return lines.join('\n');
}

/** Command to try on a run of this kind. */
function nextCommand(kind: string, run: string): string {
  switch (kind) {
    case 'latent':
    case 'conditional':
    case 'generator':
      return `sample ${run} -o samples.png`;
    case 'text-classifier':
      return `classify ${run} "not a very good film"`;
    case 'embedding':
      return `compare ${run} a.png b.png`;
    case 'language-model':
      return `generate ${run} --length 300`;
    case 'translator':
      return `translate ${run} "je suis en retard ."`;
    default:
      return `eval ${run}`;
  }
}
