import type { BestCheckpoint } from '../../run/checkpoint.js';
import type { TrainResult } from '../../trainer/request.js';
import { messageOf } from '../errors.js';
import { formatNumber, formatSeconds, shellWord } from '../output/format.js';
import { measurementTable } from '../output/measurements.js';
import { programName } from '../output/program-name.js';
import { table } from '../output/table.js';
import { type Attempt, failed } from './attempts.js';

/**
 * Summary of trained runs: one in full, several as a table.
 *
 * @param recipeFile the file that the recipe of a single run is in, if it is the user's own
 */
export function summarise(attempts: readonly Attempt<TrainResult>[], recipeFile?: string): string {
  const [only, ...others] = attempts;
  if (only !== undefined && others.length === 0 && !failed(only)) return describe(only.result, recipeFile);
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

function describe(result: TrainResult, recipeFile: string | undefined): string {
  const { recipe, out, steps, epochs, seconds, measurements, figures, stopped, best } = result;
  const lines = [
    `${recipe}: ${counted(epochs, 'epoch')} (${counted(steps, 'iteration')}) in ${formatSeconds(seconds)}`,
    measurements.length > 0
      ? `\n${measurementTable(measurements)}\n`
      : headline(result) || 'all iterations were done before',
    `run folder  ${out}`,
  ];
  if (stopped) lines.push(`ended early ${stopped.reason}`);
  if (best) lines.push(`exported    ${describeBest(best)}`);
  if (figures.length > 0) lines.push(`figures     ${counted(figures.length, 'file')} in ${out}/figures`);
  lines.push(`next        ${programName()} ${nextCommand(result, recipeFile)}`);
  return lines.join('\n');
}

/** `1 epoch`, `2.5 epochs`. */
function counted(count: number, noun: string): string {
  const number = Number.isInteger(count) ? `${count}` : formatNumber(count);
  return `${number} ${noun}${count === 1 ? '' : 's'}`;
}

/** `the weights after epoch 3 (iteration 30): validation.elbo -95.2`. */
function describeBest({ step, epoch, monitor, value }: BestCheckpoint): string {
  const metric = monitor === undefined || value === undefined ? '' : `: ${monitor} ${formatNumber(value)}`;
  return `the weights after epoch ${formatNumber(epoch)} (iteration ${step})${metric}`;
}

/** Command to try on a run of this kind: it names nothing that need not exist. */
function nextCommand({ kind, out, example }: TrainResult, recipeFile: string | undefined): string {
  const run = shellWord(out);
  const recipe = recipeFile === undefined ? '' : ` --recipe ${shellWord(recipeFile)}`;
  switch (kind) {
    case 'latent':
    case 'conditional':
    case 'generator':
      return `sample ${run} -o samples.png`;
    case 'text-classifier':
      return example === undefined ? `eval ${run}${recipe}` : `classify ${run} ${shellWord(example)}`;
    case 'embedding':
      return `explore ${run}${recipe}`;
    case 'language-model':
      return `generate ${run} --length 300`;
    case 'translator':
      return example === undefined ? `eval ${run}${recipe}` : `translate ${run} ${shellWord(example)}`;
    default:
      return `eval ${run}${recipe}`;
  }
}
