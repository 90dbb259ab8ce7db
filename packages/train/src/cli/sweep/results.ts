import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { JobFiles } from '../../launch/job-files.js';
import type { BestMeasurement } from '../../sweep/evaluate.js';
import { drawSweep } from '../../sweep/figures.js';
import { SweepFolder, type TrialRecord } from '../../sweep/folder.js';
import { type BestTrial, bestTrial, surveySweep } from '../../sweep/results.js';
import { repetitionText } from '../../sweep/spec.js';
import { trialCount } from '../../sweep/sweep.js';
import type { CommandContext, Outcome } from '../command.js';
import { formatNumber, formatSeconds } from '../output/format.js';
import { table } from '../output/table.js';
import { showTraining } from '../output/training-progress.js';
import { settingsText } from './show.js';

/** Where a sweep stands. `results.csv` is written anew. */
export async function showStatus(path: string): Promise<Outcome> {
  const folder = await SweepFolder.open(path);
  const unended: TrialRecord[] = [];
  const { best, seconds, ...counts } = await surveySweep(folder, (record) => {
    if (record.state === 'failed' || record.state === 'open') unended.push(record);
  });
  const failures: string[] = [];
  for (const record of unended) failures.push(...(await failureText(folder, record)));
  const trials = trialCount(folder.spec);
  const begun = counts.finished + counts.stopped + counts.failed + counts.open;
  const lines = [
    `${path}: ${folder.spec.model}, ${folder.spec.search} search, ${trials} trials, ${repetitionText(folder.spec)} each`,
    `finished ${counts.finished}, stopped early ${counts.stopped}, failed ${counts.failed}, under way ${counts.open}, to come ${trials - begun}`,
    `trained for ${formatSeconds(seconds)} in all`,
    ...(best ? [`best so far  ${bestText(folder, best)}`] : []),
    ...failures,
    ...(counts.failed > 0
      ? ['try the failed ones again with --retry-failed, when what the messages name is mended']
      : []),
    `table        ${folder.resultsFile}`,
  ];
  return {
    text: lines.join('\n'),
    json: { folder: path, trials, ...counts, seconds, failures, ...(best && { best: bestJson(folder, best) }) },
  };
}

/** Why a trial failed, or why its job ended before the trial did, and where its log is. */
async function failureText(folder: SweepFolder, { number, state, error }: TrialRecord): Promise<string[]> {
  const name = SweepFolder.trialName(number);
  const jobs = new JobFiles(join(folder.path, 'jobs'));
  const job = `trial-${name}`;
  if (state === 'open') {
    const end = await jobs.end(job);
    return end?.state === 'failed' ? [`trial ${name} did not end: ${end.reason}`] : [];
  }
  const places = [jobs.log(job), join(folder.path, 'trials', name)];
  const place = places.find((path) => existsSync(path));
  return [`trial ${name} failed: ${error}${place === undefined ? '' : `; see ${place}`}`];
}

/** Draws the sweep. */
export async function drawFigures(path: string): Promise<Outcome> {
  const files = await drawSweep(await SweepFolder.open(path));
  const failure = files.length === 0 ? 'fewer than two trials have a value: there is nothing to draw' : undefined;
  return { text: files.join('\n'), json: { figures: files }, failure };
}

/** The chosen trial; with `evaluate` measured on the test split, once for all its seeds and folds. */
export async function showBest(path: string, evaluate: boolean, context: CommandContext): Promise<Outcome> {
  const folder = await SweepFolder.open(path);
  const best = await bestTrial(folder);
  const runs = folder.runFolders(best.record.number);
  const measured = evaluate ? await measureBest(folder, context) : undefined;
  const text = [
    bestText(folder, best),
    `chosen from ${best.among} trials by the validation split`,
    ...runs,
    ...(measured ? ['', table(['test split', 'mean', 'standard error', 'examples'], measured.map(measuredRow))] : []),
  ];
  return { text: text.join('\n'), json: { ...bestJson(folder, best), runs, ...(measured && { measured }) } };
}

async function measureBest(folder: SweepFolder, { progress, interruptible }: CommandContext) {
  const { evaluateBest } = await import('../../sweep/evaluate.js');
  const { planSweep } = await import('../inputs/sweep-file.js');
  const request = await planSweep(folder.spec);
  const signal = interruptible('stopping');
  const measured = await evaluateBest(folder, {
    ...request,
    signal,
    onEvent: showTraining(progress, request.recipe.name),
  });
  progress.end();
  return measured;
}

function measuredRow({ name, unit, mean, standardError, examples }: BestMeasurement): string[] {
  const named = unit === undefined ? name : `${name} (${unit})`;
  return [named, formatNumber(mean), standardError === undefined ? '-' : formatNumber(standardError), `${examples}`];
}

function bestText({ spec }: SweepFolder, { record, value, standardError }: BestTrial): string {
  const error = standardError === undefined ? '' : ` +- ${formatNumber(standardError)} (${repetitionText(spec)})`;
  return `trial ${SweepFolder.trialName(record.number)}  ${settingsText(record.settings)}  ${spec.target} ${formatNumber(value)}${error}`;
}

function bestJson(
  { spec: { target, seeds, folds } }: SweepFolder,
  { record, value, standardError, among }: BestTrial,
): object {
  const { number: trial, settings } = record;
  return {
    trial,
    settings,
    target,
    value,
    ...(standardError !== undefined && { standardError }),
    seeds,
    ...(folds && { folds }),
    among,
  };
}
