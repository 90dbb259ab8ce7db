import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Condition } from '@onnx-forge/viz/runs';
import type { RunSummary } from '../../run/summary.js';
import { type Command, defineCommand, type Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { given, text } from '../options/values.js';
import { formatBytes, formatNumber } from '../output/format.js';
import { table } from '../output/table.js';

/** The folder of all runs, where `train` puts them. */
const RUNS_FOLDER = 'runs';

export const command: Command = defineCommand({
  details:
    "Lists the runs in a folder (and in folders in it), the newest first. 'runs diff A B ..' shows in what runs differ: settings and " +
    "measured numbers. 'runs delete NAME ..' deletes runs, and nothing else that lies in their folders.\n\n" +
    'A run is named by its folder, or by its name in the folder runs. States: running, finished, stopped early, interrupted (by Ctrl-C or ' +
    'a kill: train --resume goes on), failed, unreadable. --sort and --where take run, recipe, kind, data, state, epochs, steps, seed, engine, ' +
    'device, when, any option of a recipe, and any measured or logged number. Without --metric the number shown is the first that was ' +
    'measured on the test split; numbers of the log come without a count.',
  examples: [
    ['runs', 'all runs in the folder runs'],
    [
      'runs tries --where recipe=vae --where "latentDim>=20" --sort elbo --reverse',
      'some of those in tries, the best ELBO first',
    ],
    ['runs --metric accuracy --json', 'with this number, for a program'],
    ['runs diff vae vae-20', 'in what runs/vae and runs/vae-20 differ'],
    ['runs delete vae-20 --yes', 'delete runs/vae-20 without a question'],
  ],
  positionals: {
    folder: {
      type: 'string',
      array: true,
      describe: 'Folder to list; or diff and two or more runs; or delete and runs',
      defaultDescription: RUNS_FOLDER,
    },
  },
  options: {
    sort: {
      ...text('--sort', 'Fact, option or metric to sort by, the least first'),
      defaultDescription: 'the newest first',
    },
    reverse: { type: 'boolean', describe: 'The other way round' },
    where: {
      type: 'string',
      array: true,
      requiresArg: true,
      describe: 'Only runs that fit: NAME=VALUE, or with !=, <, <=, >, >= (may be repeated: all must fit)',
    },
    metric: { ...text('--metric', 'Name of the number to show'), defaultDescription: 'the first measured one' },
    yes: { type: 'boolean', describe: 'With delete: do not ask' },
  },
  async run({ folder: words = [], sort, reverse, where = [], metric, yes }): Promise<Outcome> {
    const [first, ...names] = words;
    const isList = first !== 'diff' && first !== 'delete';
    if (yes !== undefined && first !== 'delete') throw new UsageError('--yes is for runs delete');
    if (!isList && (Object.keys(given({ sort, reverse, metric })).length > 0 || where.length > 0)) {
      throw new UsageError('--sort, --reverse, --where and --metric are for the list of runs');
    }
    if (first === 'diff') return diff(names);
    if (first === 'delete') return remove(names, yes === true);
    if (names.length > 0) {
      throw new UsageError(
        `runs lists one folder, not ${words.length}; to compare runs: onnx-forge runs diff ${words.join(' ')}`,
      );
    }
    const { conditionOf } = await import('../inputs/run-query.js');
    return list(first ?? RUNS_FOLDER, { sort, reverse, conditions: where.map(conditionOf), metric });
  },
});

interface ListRequest {
  readonly sort: string | undefined;
  readonly reverse: boolean | undefined;
  readonly conditions: readonly Condition[];
  readonly metric: string | undefined;
}

async function list(folder: string, { sort, reverse = false, conditions, metric }: ListRequest): Promise<Outcome> {
  const { factOf, fits, keyNumber, sortedBy } = await import('@onnx-forge/viz/runs');
  const { requireKnown } = await import('../inputs/run-query.js');
  const { numbersOf } = await import('../../run/run-number.js');
  const { findRuns, summariseRun } = await import('../../run/summary.js');
  if (!(await isDirectory(folder))) {
    const hint = folder === RUNS_FOLDER ? ': train a model, or name another folder' : '';
    throw new UsageError(`there is no folder ${folder}${hint}`, { folder });
  }
  const summaries = await Promise.all((await findRuns(folder)).map((path) => summariseRun(path, folder)));
  const all = summaries.map((summary) => ({ ...summary, numbers: numbersOf(summary) }));
  for (const key of [...conditions.map(({ key }) => key), ...[sort, metric].filter((key) => key !== undefined)]) {
    requireKnown(all, key);
  }
  const key = sort ?? 'when';
  const isDown = (sort === undefined) !== reverse;
  const fitting = all.filter((run) => conditions.every((condition) => fits(run, condition)));
  const runs = sortedBy(fitting, (run) => factOf(run, key), isDown ? -1 : 1);
  const shown = runs.map(({ numbers, ...run }) => ({ ...run, metric: keyNumber({ numbers }, metric) }));
  const rows = shown.map(({ name, recipe, data, state, epochs, metric: number, device = '-', when }) => [
    ...[name, recipe, data, state, formatNumber(epochs), number?.name ?? '-'],
    number === undefined ? '-' : formatNumber(number.value),
    number?.standardError === undefined ? '-' : formatNumber(number.standardError),
    ...[number?.split ?? '-', number?.count === undefined ? '-' : `${number.count}`, device, localTime(when)],
  ]);
  const head = [
    'run',
    'recipe',
    'data',
    'state',
    'epochs',
    'metric',
    'value',
    '+-',
    'split',
    'examples',
    'device',
    'when',
  ];
  const problems = shown.flatMap(({ name, problem, error }) =>
    problem !== undefined ? [`${name}: ${problem}`] : error !== undefined ? [`${name}: ${error.message}`] : [],
  );
  const terminal = process.stdout.isTTY
    ? { width: process.stdout.columns || 100, cut: ['run', 'recipe', 'data', 'metric'] }
    : {};
  const count = runs.length === all.length ? '' : ` of ${all.length} runs fit`;
  const none = all.length === 0 ? `no run in ${folder}` : `none${count}`;
  return {
    text:
      runs.length === 0
        ? none
        : [table(head, rows, terminal), ...(problems.length > 0 ? ['', ...problems] : [])].join('\n'),
    json: { folder, runs: shown },
  };
}

/** `2026-11-29 17:05`, in this machine's time zone. */
function localTime(iso: string): string {
  const date = new Date(iso);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** A run's folder: the path itself, or the run of this name in the folder of all runs. @throws UsageError */
async function runPath(name: string): Promise<string> {
  const inRuns = join(RUNS_FOLDER, name);
  for (const path of [name, inRuns]) if (await isDirectory(path)) return path;
  throw new UsageError(`there is no run ${name}, nor ${inRuns}`, { run: name });
}

function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}

async function diff(names: readonly string[]): Promise<Outcome> {
  if (names.length < 2) throw new UsageError('runs diff needs two runs or more');
  const { isRunFolder, summariseRun } = await import('../../run/summary.js');
  const runs: RunSummary[] = [];
  for (const name of names) {
    const path = await runPath(name);
    if (!(await isRunFolder(path))) throw new UsageError(`${path} is no run folder`, { path });
    const run = await summariseRun(path);
    if (run.problem !== undefined) throw new UsageError(run.problem, { path });
    runs.push(run);
  }
  const { differences } = await import('../batch/run-differences.js');
  const { settings, metrics, same } = differences(runs);
  const head = shortNames(names);
  const cell = (value: unknown) =>
    value === undefined ? '-' : typeof value === 'number' ? formatNumber(value) : `${value}`;
  const settingRows = settings.map(({ name, values }) => [name, ...values.map(cell)]);
  const metricRows = metrics.map(({ name, split, dataSet, draws, examples, values, standardErrors }) => [
    ...[name, split, dataSet ?? '-', cell(draws), cell(examples)],
    ...values.map((value, run) => {
      const error = standardErrors[run];
      return value === undefined
        ? '-'
        : `${formatNumber(value)}${error === undefined ? '' : ` +- ${formatNumber(error)}`}`;
    }),
  ]);
  return {
    text: [
      settings.length > 0 ? table(['setting', ...head], settingRows) : 'all settings are the same',
      `(${same} settings are the same)`,
      '',
      metrics.length > 0
        ? table(['measured', 'split', 'data', 'samples', 'examples', ...head], metricRows)
        : 'nothing was measured on these runs',
    ].join('\n'),
    json: { runs: runs.map(({ path }) => path), settings, metrics },
  };
}

/** Names of the folders, or the paths where two have the same. */
function shortNames(paths: readonly string[]): readonly string[] {
  const short = paths.map((path) => basename(path) || path);
  return new Set(short).size === short.length ? short : paths;
}

async function remove(names: readonly string[], yes: boolean): Promise<Outcome> {
  if (names.length === 0) throw new UsageError('runs delete needs the name of a run');
  const { removableRun, removeRun } = await import('../../run/remove.js');
  const { summariseRun } = await import('../../run/summary.js');
  const runs = [];
  for (const name of names) {
    const run = await removableRun(await runPath(name));
    const { recipe, state, epochs } = await summariseRun(run.path);
    const stay = run.others.length > 0 ? `; stays: ${run.others.join(', ')}` : '';
    const what = `${run.path} (${recipe}, ${state}, ${formatNumber(epochs)} epochs, ${formatBytes(run.bytes)}${stay})`;
    runs.push({ run, what });
  }
  if (!yes && !(await agrees(`delete ${runs.map(({ what }) => what).join(', ')}? [y/N] `))) {
    return { text: 'nothing was deleted', json: { deleted: [] }, failure: 'not confirmed: nothing was deleted' };
  }
  for (const { run } of runs) {
    await removeRun(run);
  }
  return {
    text: runs.map(({ what }) => `deleted ${what}`).join('\n'),
    json: { deleted: runs.map(({ run }) => ({ path: run.path, bytes: run.bytes, stays: run.others })) },
  };
}

/** Asks on the terminal. @throws UsageError when there is none to ask on */
async function agrees(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UsageError(`${question.replace(/\? \[y\/N\] $/, '')}: say so by --yes`);
  }
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}
