import { drawSweep } from '../../sweep/figures.js';
import { SweepFolder, type TrialRecord } from '../../sweep/folder.js';
import { type BestTrial, bestTrial, writeResults } from '../../sweep/results.js';
import { trialCount } from '../../sweep/sweep.js';
import type { Outcome } from '../command.js';
import { formatNumber, formatSeconds } from '../output/format.js';
import { settingsText } from './show.js';

/** Failures that are shown one by one. */
const SHOWN = 5;

/** Where a sweep stands. `results.csv` is written anew. */
export async function showStatus(path: string): Promise<Outcome> {
  const folder = await SweepFolder.open(path);
  const counts = { finished: 0, stopped: 0, failed: 0, open: 0 };
  const failures: TrialRecord[] = [];
  let seconds = 0;
  for await (const record of folder.records()) {
    counts[record.state] += 1;
    seconds += record.seconds ?? 0;
    if (record.state === 'failed' && failures.length < SHOWN) failures.push(record);
  }
  await writeResults(folder);
  const trials = trialCount(folder.spec);
  const begun = Object.values(counts).reduce((sum, n) => sum + n, 0);
  const best = counts.finished > 0 ? await bestTrial(folder) : undefined;
  const lines = [
    `${path}: ${folder.spec.model}, ${folder.spec.search} search, ${trials} trials, ${folder.spec.seeds.length} ${folder.spec.seeds.length === 1 ? 'seed' : 'seeds'} each`,
    `finished ${counts.finished}, stopped early ${counts.stopped}, failed ${counts.failed}, under way ${counts.open}, to come ${trials - begun}`,
    `trained for ${formatSeconds(seconds)} in all`,
    ...(best ? [`best so far  ${bestText(folder, best)}`] : []),
    ...failures.map(({ number, error }) => `trial ${SweepFolder.trialName(number)} failed: ${error}`),
    ...(counts.failed > SHOWN ? [`and ${counts.failed - SHOWN} others: see results.csv`] : []),
    `table        ${folder.resultsFile}`,
  ];
  return {
    text: lines.join('\n'),
    json: { folder: path, trials, ...counts, seconds, ...(best && { best: bestJson(folder, best) }) },
  };
}

/** Draws the sweep. */
export async function drawFigures(path: string): Promise<Outcome> {
  const files = await drawSweep(await SweepFolder.open(path));
  const failure = files.length === 0 ? 'fewer than two trials have a value: there is nothing to draw' : undefined;
  return { text: files.join('\n'), json: { figures: files }, failure };
}

/** The chosen trial. */
export async function showBest(path: string): Promise<Outcome> {
  const folder = await SweepFolder.open(path);
  const best = await bestTrial(folder);
  const runs = folder.spec.seeds.map((seed) => folder.runFolder(best.record.number, seed));
  return {
    text: `${bestText(folder, best)}\nchosen from ${best.among} trials by the validation split\n${runs.join('\n')}`,
    json: { ...bestJson(folder, best), runs },
  };
}

function bestText({ spec: { target, seeds } }: SweepFolder, { record, value, standardError }: BestTrial): string {
  const error = standardError === undefined ? '' : ` +- ${formatNumber(standardError)} (${seeds.length} seeds)`;
  return `trial ${SweepFolder.trialName(record.number)}  ${settingsText(record.settings)}  ${target} ${formatNumber(value)}${error}`;
}

function bestJson(
  { spec: { target, seeds } }: SweepFolder,
  { record, value, standardError, among }: BestTrial,
): object {
  const { number: trial, settings } = record;
  return { trial, settings, target, value, ...(standardError !== undefined && { standardError }), seeds, among };
}
