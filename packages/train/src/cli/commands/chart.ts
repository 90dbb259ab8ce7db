import { stat } from 'node:fs/promises';
import type { ComparedRun } from '../../figures/comparison.js';
import { readLog } from '../../metrics/log.js';
import { RunFolder } from '../../run/folder.js';
import { type RunSummary, summariseRun } from '../../run/summary.js';
import { type Command, defineCommand, type Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { namedRuns } from '../inputs/named-runs.js';
import { chartFile } from '../options/shared-options.js';
import { count, oneOf, text } from '../options/values.js';
import { requireWritableFile, STDOUT, writeOutput } from '../output/files.js';

export const command: Command = defineCommand({
  details:
    'Draws metrics from the logs of runs (finished or still in training) against epochs or iterations: a line for each ' +
    'run, a chart for each metric. A run is called by the name of its folder, or as one says: NAME=RUN.',
  examples: [
    ['chart runs/vae runs/vae-conv --metrics elbo -o bounds.png', 'validation ELBO of two runs'],
    [
      'chart with=runs/a without=runs/b --metrics simsiam/loss,knn,std -o collapse.png',
      'three charts beneath each other, with other names for the runs',
    ],
    ['chart runs/* --metrics train/elbo/loss --against step --smooth 5 -o loss.svg', 'training loss, smoothed'],
  ],
  positionals: { run: { type: 'string', array: true, demandOption: true, describe: 'Run folders, or NAME=RUN' } },
  options: {
    metrics: {
      ...text('--metrics', 'Names in metrics.jsonl with commas between: METRIC of validation, STEP/METRIC of training'),
      alias: 'metric',
      demandOption: true,
    },
    out: { ...chartFile, demandOption: true },
    against: { ...oneOf('--against', ['epoch', 'step'], 'What the x axis is'), default: 'epoch' },
    smooth: count('--smooth', 'Draw the running mean over so many points'),
    scale: { ...oneOf('--scale', ['linear', 'log'], 'Of the y axis'), default: 'linear' },
    title: text('--title', 'Title of the chart'),
    subtitle: { ...text('--subtitle', 'A line below the title'), defaultDescription: 'recipes, data, seeds' },
  },
  async run({ run: given, metrics: list, out, against, smooth, scale, title, subtitle }, context): Promise<Outcome> {
    const runs = await readRuns(given);
    const metrics = list.split(',').map((name) => name.trim());
    await requireWritableFile(out, context);
    const { comparison, loggedValues } = await import('../../figures/comparison.js');
    const below = subtitle ?? aboutRuns(runs.map(({ summary }) => summary));
    const { png, svg } = comparison(runs, {
      metrics,
      against,
      scale,
      ...(smooth !== undefined && { smooth }),
      ...(title !== undefined && { title }),
      ...(below !== undefined && { subtitle: below }),
    });
    await writeOutput(out, out.endsWith('.svg') ? svg! : png, context);
    const last = (run: ComparedRun) => metrics.map((metric) => [metric, loggedValues(run, metric).at(-1)!] as const);
    return {
      text: out === STDOUT ? '' : out,
      json: { file: out, runs: runs.map((run) => ({ name: run.name, last: Object.fromEntries(last(run)) })) },
    };
  },
});

interface ChartedRun extends ComparedRun {
  readonly summary: RunSummary;
}

/** `vae, mnist, seeds 1, 2, 3`: the recipes, the data and the seeds of the runs, each once; what is not known is left out. */
function aboutRuns(summaries: readonly RunSummary[]): string | undefined {
  const all = (of: (run: RunSummary) => string | number | undefined) =>
    [...new Set(summaries.map(of))].filter((one) => one !== undefined && one !== '?');
  const seeds = all(({ seed }) => seed);
  const word = seeds.length === 1 ? 'seed' : 'seeds';
  const parts = [...all(({ recipe }) => recipe), ...all(({ data }) => data)];
  return [...parts, ...(seeds.length > 0 ? [`${word} ${seeds.join(', ')}`] : [])].join(', ') || undefined;
}

/** @throws UsageError for a folder that is not there or holds no log, and for two runs of one name */
async function readRuns(given: readonly string[]): Promise<ChartedRun[]> {
  const isFile = (path: string) => stat(path).then(Boolean, () => false);
  const runs: ChartedRun[] = [];
  for (const { path, name } of await namedRuns(given)) {
    const file = new RunFolder(path).file('log');
    if (!(await isFile(file))) throw new UsageError(`${path} is no run: there is no ${file}`, { path });
    runs.push({ name, log: await readLog(file), summary: await summariseRun(path) });
  }
  return runs;
}
