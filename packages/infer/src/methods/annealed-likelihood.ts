import type { Rows } from '../arrays/examples.js';
import { float32 } from '../arrays/tensor.js';
import type { RunnableGraph } from '../device/types.js';
import { InputError } from '../errors.js';
import { Random } from '../random.js';
import { COUNT, checked } from '../value-rule.js';
import {
  type AnnealingSchedule,
  type AnnealingTarget,
  annealBackwards,
  annealForwards,
  sigmoidBetas,
  tuneStepSizes,
} from './annealing.js';
import { MeanAndError, WeightSums } from './importance.js';
import { drawPrior } from './latent-space.js';
import { type Float32Tensor, mapRows, rowsPerCall } from './rows.js';
import type { Work, WorkOptions } from './work.js';

export interface AnnealingOptions extends WorkOptions {
  /** Intermediate densities. More give a tighter bound. Default 500. */
  readonly steps?: number | undefined;
  /** Chains per example; their weights are averaged. Default 4. */
  readonly chains?: number | undefined;
  /** Leapfrog steps of a Hamiltonian transition, each one run of the gradient graph. Default 5. */
  readonly leapfrog?: number | undefined;
  /** Where chains start: at q(z|x) (default), or at p(z), which trusts nothing of the encoder and needs more steps. */
  readonly from?: 'posterior' | 'prior' | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
}

/** {@link AnnealingOptions} with the defaults filled in, as results state them. */
export interface AnnealingSettings {
  readonly steps: number;
  readonly chains: number;
  readonly leapfrog: number;
  readonly from: 'posterior' | 'prior';
  readonly seed: number;
}

/** Bounds of some examples, in nats. */
export interface AnnealedBound {
  /** Per example. */
  readonly values: Float64Array;
  readonly mean: number;
  /** Standard error of the mean over the examples. */
  readonly standardError: number;
}

/** Lower bounds on log p(x), by annealed importance sampling. */
export interface AnnealedLikelihood extends AnnealedBound, AnnealingSettings {
  /** Of the chains' weights, per example, from 1 to the number of chains. */
  readonly effectiveSampleSizes: Float64Array;
  /** Mean probability that a transition was accepted; about 0.65 if step sizes fit. */
  readonly acceptance: number;
}

/** log p(x) of images that the model itself made, between two bounds (bidirectional Monte Carlo), in nats. */
export interface LikelihoodSandwich extends AnnealingSettings {
  /** Binary, [n, pixels]; made of `z`. */
  readonly images: Float32Tensor;
  readonly z: Float32Tensor;
  /** On average too low. */
  readonly lower: AnnealedBound;
  /** On average too high. */
  readonly upper: AnnealedBound;
  /** Upper minus lower. */
  readonly gap: AnnealedBound;
  readonly acceptance: number;
}

/** The graphs that annealing runs. */
export interface AnnealingGraphs {
  readonly latentDim: number;
  readonly encode: RunnableGraph;
  readonly decode: RunnableGraph;
  /** x [n, pixels], z [n, latentDim] -> logProb [n], gradient [n, latentDim]. */
  readonly logConditionalGradient: RunnableGraph;
}

/** Rows that are annealed together, of all chains, on any device: results do not depend on the device's memory. */
const ROWS = 400;

/** Throws InputError when an option makes no sense. */
export function annealingSettings(options: AnnealingOptions): AnnealingSettings {
  const from = options.from ?? 'posterior';
  if (from !== 'posterior' && from !== 'prior') {
    throw new InputError(`from must be 'posterior' or 'prior', not '${from}'`, { from });
  }
  const chains = checked('chains', options.chains ?? 4, COUNT);
  if (chains > ROWS) throw new InputError(`chains must be at most ${ROWS}, not ${chains}`, { chains });
  return {
    steps: checked('steps', options.steps ?? 500, COUNT),
    chains,
    leapfrog: checked('leapfrog', options.leapfrog ?? 5, COUNT),
    from,
    seed: options.seed ?? 1,
  };
}

/** Annealed importance sampling of each row of x: see {@link annealForwards}. The mean over chains is inside the logarithm. */
export async function annealedLikelihood(
  work: Work,
  graphs: AnnealingGraphs,
  x: Rows,
  settings: AnnealingSettings,
  onProgress: WorkOptions['onProgress'],
): Promise<AnnealedLikelihood> {
  const random = new Random(settings.seed).fork('annealing');
  const lower: WeightSums[] = [];
  const acceptance = new MeanAndError();
  for await (const tile of tilesOf(work, graphs, x, settings, random)) {
    const annealed = await annealForwards(tile.target, tile.schedule, random.fork(`forwards ${tile.start}`));
    lower.push(...sumsOf(annealed.logWeights, settings.chains));
    acceptance.add(annealed.acceptance);
    onProgress?.({ done: tile.end, total: x.count });
  }
  return {
    ...boundOf(lower.map(({ logMean }) => logMean)),
    effectiveSampleSizes: Float64Array.from(lower, ({ effectiveSampleSize }) => effectiveSampleSize),
    acceptance: acceptance.mean,
    ...settings,
  };
}

/** Images from the model, with the bounds on log p(x) from both ends: see {@link annealForwards}, {@link annealBackwards}. */
export async function likelihoodSandwich(
  work: Work,
  graphs: AnnealingGraphs,
  count: number,
  settings: AnnealingSettings,
  onProgress: WorkOptions['onProgress'],
): Promise<LikelihoodSandwich> {
  const random = new Random(settings.seed).fork('sandwich');
  const { z, x } = await simulate(work, graphs, count, random.fork('images'));
  const [lower, upper]: [number[], number[]] = [[], []];
  const acceptance = new MeanAndError();
  const { latentDim } = graphs;
  for await (const tile of tilesOf(work, graphs, x, settings, random)) {
    const { target, schedule, start, end } = tile;
    const forwards = await annealForwards(target, schedule, random.fork(`forwards ${start}`));
    const exact = repeated(z.subarray(start * latentDim, end * latentDim), latentDim, settings.chains);
    const backwards = await annealBackwards(target, schedule, exact, random.fork(`backwards ${start}`));
    for (const sums of sumsOf(forwards.logWeights, settings.chains)) lower.push(sums.logMean);
    for (const sums of sumsOf(backwards.logWeights, settings.chains)) upper.push(-sums.logMean);
    acceptance.add(forwards.acceptance);
    acceptance.add(backwards.acceptance);
    onProgress?.({ done: end, total: count });
  }
  return {
    images: float32(x.data, [count, x.data.length / count]),
    z: float32(z, [count, latentDim]),
    lower: boundOf(lower),
    upper: boundOf(upper),
    gap: boundOf(upper.map((value, i) => value - lower[i]!)),
    acceptance: acceptance.mean,
    ...settings,
  };
}

/** z ~ p(z) and x ~ p(x|z), Bernoulli pixels: then z is an exact draw from p(z|x). */
async function simulate(
  work: Work,
  { latentDim, decode }: AnnealingGraphs,
  count: number,
  random: Random,
): Promise<{ z: Float32Array; x: Rows }> {
  const z = drawPrior(random, 'normal', new Float32Array(count * latentDim));
  const { mean } = await mapRows(work, decode, 'z', { data: z, count }, ['mean'], rowsPerCall(decode, ROWS));
  return { z, x: { data: mean.data.map((probability) => (random.uniform() < probability ? 1 : 0)), count } };
}

interface Tile {
  readonly start: number;
  readonly end: number;
  readonly target: AnnealingTarget;
  readonly schedule: AnnealingSchedule;
}

/** Examples with all their chains, ROWS rows at a time; the first ones tune the step sizes for all. */
async function* tilesOf(
  work: Work,
  graphs: AnnealingGraphs,
  x: Rows,
  { chains, steps, leapfrog, from }: AnnealingSettings,
  random: Random,
): AsyncGenerator<Tile, void, undefined> {
  const pixels = x.data.length / x.count;
  const { latentDim, encode, logConditionalGradient } = graphs;
  const betas = sigmoidBetas(steps);
  let schedule: AnnealingSchedule | undefined;
  for (let start = 0; start < x.count; start += Math.floor(ROWS / chains)) {
    const end = Math.min(start + Math.floor(ROWS / chains), x.count);
    const images = x.data.subarray(start * pixels, end * pixels);
    const rows = (end - start) * chains;
    const given = float32(repeated(images, pixels, chains), [rows, pixels]);
    const q = await mapRows(
      work,
      encode,
      'x',
      { data: images, count: end - start },
      ['mu', 'logVar'],
      rowsPerCall(encode, pixels),
    );
    const startAt = ({ data }: Float32Tensor) =>
      from === 'prior' ? new Float32Array(rows * latentDim) : repeated(data, latentDim, chains);
    const target: AnnealingTarget = {
      rows,
      dimensions: latentDim,
      mu: startAt(q.mu),
      logVar: startAt(q.logVar),
      async logConditional(z) {
        const at = float32(Float32Array.from(z), [rows, latentDim]);
        const { logProb, gradient } = await work.run(logConditionalGradient, { x: given, z: at });
        return { values: logProb!.data as Float32Array, gradients: gradient!.data as Float32Array };
      },
      source: (row) => `row ${start + Math.floor(row / chains)} of x`,
    };
    schedule ??= { betas, leapfrog, stepSizes: await tuneStepSizes(target, { betas, leapfrog }, random.fork('pilot')) };
    yield { start, end, target, schedule };
  }
}

function repeated(rows: Float32Array, size: number, times: number): Float32Array {
  const out = new Float32Array(rows.length * times);
  for (let at = 0; at < rows.length; at += size) {
    const row = rows.subarray(at, at + size);
    for (let i = 0; i < times; i++) out.set(row, at * times + i * size);
  }
  return out;
}

function sumsOf(logWeights: Float64Array, chains: number): WeightSums[] {
  return Array.from({ length: logWeights.length / chains }, (_, example) => {
    const sums = new WeightSums();
    for (const logWeight of logWeights.subarray(example * chains, (example + 1) * chains)) sums.add(logWeight);
    return sums;
  });
}

function boundOf(values: readonly number[]): AnnealedBound {
  const average = new MeanAndError();
  for (const value of values) average.add(value);
  return { values: Float64Array.from(values), mean: average.mean, standardError: average.standardError };
}
