import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { Random } from '@onnx-forge/infer';
import { type PastTrial, SAMPLERS, type SearchName } from '@onnx-forge/train/sweep';
import { FUNCTIONS, type TestFunction } from './functions.js';
import { readGrid } from './measure-grid.js';
import { GRID_ABOUT, GRID_AXES, GRID_POINTS, GRID_SPACE, interpolated } from './recipe-grid.js';

/** Trials after which the best value is compared. */
const COUNTS = [50, 100];
const PAGE = fileURLToPath(new URL('../../../docs/scale.md', import.meta.url));
const PEER = fileURLToPath(new URL('../../optuna_peer.py', import.meta.url));
const [BEGIN, END] = ['<!-- searches: made by npm run searches -- --write -->', '<!-- /searches -->'];

const { values: args } = parseArgs({
  options: {
    seeds: { type: 'string', default: '80' },
    python: { type: 'string', default: 'python3' },
    write: { type: 'boolean', default: false },
  },
});
const seeds = Number(args.seeds);

/** Best value after each of the counts. */
function bestOf({ space, loss }: TestFunction, search: SearchName, seed: number): number[] {
  const past: PastTrial[] = [];
  for (let number = 0; number < Math.max(...COUNTS); number += 1) {
    const random = new Random(seed).fork(`trial ${number}`);
    const settings = SAMPLERS[search].settings({ space, number, past, random });
    past.push({ number, settings, loss: loss(settings) });
  }
  return COUNTS.map((count) => Math.min(...past.slice(0, count).map(({ loss: one }) => one!)));
}

interface Spread {
  readonly mean: number;
  /** Over the seeds. */
  readonly deviation: number;
}

function spread(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, deviation: Math.sqrt(variance) };
}

const cell = ({ mean, deviation }: Spread) =>
  `${mean.toPrecision(4)} +- ${(deviation / Math.sqrt(seeds)).toPrecision(2)}`;

const grid = await readGrid();
const whole = grid?.losses.length === GRID_POINTS ? grid : undefined;
if (!whole)
  console.error('vae: bench/recipe-grid.json is not whole; node bench/dist/searches/measure-grid.js goes on with it');
const functions: readonly TestFunction[] = whole
  ? [...FUNCTIONS, { name: 'vae', space: GRID_SPACE, loss: (settings) => interpolated(whole, settings) }]
  : FUNCTIONS;
const surrogate = JSON.stringify(whole ? { axes: GRID_AXES, losses: whole.losses } : null);
const { stdout } = await promisify(execFile)(args.python, [PEER, args.seeds, COUNTS.join(','), surrogate], {
  maxBuffer: 2 ** 26,
});
const optuna = JSON.parse(stdout) as {
  version: string;
  best: Readonly<Record<string, readonly (readonly number[])[]>>;
};
const rows: string[] = [];
let worse = 0;
for (const test of functions) {
  const ours = Array.from({ length: seeds }, (_, seed) => bestOf(test, 'tpe', seed));
  const drawn = Array.from({ length: seeds }, (_, seed) => bestOf(test, 'random', seed));
  for (const [i, count] of COUNTS.entries()) {
    const at = (lists: readonly (readonly number[])[]) => spread(lists.map((list) => list[i]!));
    const [tpe, theirs, random] = [at(ours), at(optuna.best[test.name]!), at(drawn)];
    const fine = tpe.mean - theirs.mean <= theirs.deviation;
    if (!fine) worse += 1;
    rows.push(
      `| ${test.name} | ${count} | ${cell(tpe)} | ${cell(theirs)} | ${cell(random)} | ${fine ? 'yes' : 'no'} |`,
    );
  }
}
const table = [
  `Lowest value found, mean over ${seeds} seeds +- its standard error; optuna ${optuna.version}, its default sampler. The last`,
  'column: no worse than optuna by more than the standard deviation of its own seeds.',
  ...(whole
    ? [
        `\`vae\` is no formula but a recipe: ${GRID_POINTS} trainings, once, and between them linear in the logarithms (${GRID_ABOUT}).`,
      ]
    : []),
  '',
  '| function | trials | tpe | optuna | random | as good |',
  '| --- | ---: | ---: | ---: | ---: | --- |',
  ...rows,
].join('\n');
console.log(table);
if (args.write) {
  const page = await readFile(PAGE, 'utf8');
  const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (before < 0 || after < 0) throw new Error(`${PAGE} has no place for the table`);
  await writeFile(PAGE, `${page.slice(0, before)}${BEGIN}\n\n${table}\n\n${page.slice(after)}`);
}
process.exitCode = worse > 0 ? 1 : 0;
