import { positiveInteger, type Rows } from '../arrays/examples.js';
import { float32 } from '../arrays/tensor.js';
import type { RunnableGraph } from '../device/types.js';
import { GraphError, InputError } from '../errors.js';
import { Random } from '../random.js';
import { MeanAndError, WeightSums } from './importance.js';
import { drawPrior } from './latent-space.js';
import { type Float32Tensor, rowsPerCall, slice, sliceAll } from './rows.js';
import type { Work, WorkOptions } from './work.js';

export interface LogLikelihoodOptions extends WorkOptions {
  /** K, draws of z per example. Default 200. */
  readonly samples?: number | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
  /**
   * `importance` (default): z ~ q(z|x). `prior`: z ~ p(z), the same K draws for every example; needs very many draws
   * where the posterior is narrow, and is there for comparison.
   */
  readonly estimator?: 'importance' | 'prior' | undefined;
  /** Examples in each part of the stream, and in each call of the encoder. Default 250. The result does not depend on it. */
  readonly batchSize?: number | undefined;
}

/** Estimates for the examples `start` .. `start + values.length - 1`. */
export interface LogLikelihoodPart {
  readonly start: number;
  /** log p(x) in nats, per example. */
  readonly values: Float64Array;
  /** Effective sample size per example, 1 .. K. Near 1, the estimate rests on a single draw: it is too low. */
  readonly effectiveSampleSizes: Float64Array;
  /** Mean over the draws of log w, in nats, per example: a bound below `values`, and with `importance` the ELBO. */
  readonly bounds: Float64Array;
  /** Standard error of each value over the draws of z, in nats (delta method); NaN for K = 1. */
  readonly errors: Float64Array;
  /** Examples done so far, this part included. */
  readonly done: number;
  readonly total: number;
}

export interface LogLikelihood extends Omit<LogLikelihoodPart, 'start' | 'done' | 'total'> {
  /** Mean of `values`, in nats, in float64. */
  readonly mean: number;
  /** Standard error of the mean over the examples: standard deviation / sqrt(N). */
  readonly standardError: number;
  /**
   * Mean of `bounds`, in nats. With `importance` it is the ELBO from the same draws, so `mean - bound` estimates
   * KL(q(z|x) || p(z|x)).
   */
  readonly bound: number;
  readonly samples: number;
  readonly seed: number;
  readonly estimator: 'importance' | 'prior';
}

/** The graphs of both estimators. */
export interface LikelihoodGraphs {
  readonly latentDim: number;
  readonly prior: 'normal' | 'uniform';
  /** x [n, pixels] -> mu, logVar [n, latentDim]. */
  encode(): RunnableGraph;
  /** x, mu, logVar, noise [n, K, latentDim] -> logWeights [n, K]. */
  logWeights(): RunnableGraph;
  /** x [n, pixels], z [K, latentDim] -> logProb [n, K]. */
  logConditional(): RunnableGraph;
}

/** {@link LogLikelihoodOptions} with the defaults filled in. */
export interface Plan extends Pick<WorkOptions, 'onProgress'> {
  readonly samples: number;
  readonly seed: number;
  readonly estimator: 'importance' | 'prior';
  readonly batchSize: number;
}

/** Throws InputError when an option makes no sense. */
export function plan(options: LogLikelihoodOptions): Plan {
  const estimator = options.estimator ?? 'importance';
  if (estimator !== 'importance' && estimator !== 'prior') {
    throw new InputError(`estimator must be 'importance' or 'prior', not '${estimator}'`, { estimator });
  }
  return {
    samples: positiveInteger('samples', options.samples, 200),
    batchSize: positiveInteger('batchSize', options.batchSize, 250),
    seed: options.seed ?? 1,
    estimator,
    onProgress: options.onProgress,
  };
}

/**
 * log p(x) ~ logMeanExp_k log w_k with log w_k = log p(x|z_k) + log p(z_k) - log q(z_k|x), z_k ~ q(z|x) (Burda et al.
 * 2016), or with w_k = p(x|z_k), z_k ~ p(z). The estimate is too low on average (Jensen) and rises with K.
 *
 * With y, one-hot classes [n, classes], all of it is given y, and every graph takes it.
 *
 * Memory does not grow with the number of examples or with K. The encoder runs once per example. Draws are numbered
 * example by example, so that neither the batch size nor the tiling changes them.
 */
export async function* streamLogLikelihood(
  work: Work,
  graphs: LikelihoodGraphs,
  x: Rows,
  plan: Plan,
  y?: Rows,
): AsyncGenerator<LogLikelihoodPart, void, undefined> {
  const random = new Random(plan.seed);
  const estimate =
    plan.estimator === 'importance' ? importance(work, graphs, random, plan) : prior(work, graphs, random, plan);
  const pixels = x.data.length / x.count;
  for (let start = 0; start < x.count; start += plan.batchSize) {
    const end = Math.min(start + plan.batchSize, x.count);
    const sums = await estimate(slice(x.data, pixels, start, end), y ? sliceAll({ y }, start, end) : {});
    const values = Float64Array.from(sums, ({ logMean }) => logMean);
    const bad = values.findIndex(Number.isNaN);
    if (bad >= 0) {
      throw new GraphError(
        'graph-run',
        `log p(x) of example ${start + bad} is NaN: the model's graphs give NaN for it`,
        {
          example: start + bad,
        },
      );
    }
    yield {
      start,
      values,
      effectiveSampleSizes: Float64Array.from(sums, ({ effectiveSampleSize }) => effectiveSampleSize),
      bounds: Float64Array.from(sums, ({ meanLog }) => meanLog),
      errors: Float64Array.from(sums, ({ standardError }) => standardError),
      done: end,
      total: x.count,
    };
    await plan.onProgress?.({ done: end, total: x.count });
  }
}

/** The parts of a stream in one piece, with their mean. */
export async function collect(
  parts: AsyncIterable<LogLikelihoodPart>,
  count: number,
  plan: Plan,
): Promise<LogLikelihood> {
  const values = new Float64Array(count);
  const effectiveSampleSizes = new Float64Array(count);
  const bounds = new Float64Array(count);
  const errors = new Float64Array(count);
  const average = new MeanAndError();
  for await (const part of parts) {
    values.set(part.values, part.start);
    effectiveSampleSizes.set(part.effectiveSampleSizes, part.start);
    bounds.set(part.bounds, part.start);
    errors.set(part.errors, part.start);
    for (const value of part.values) average.add(value);
  }
  const { mean, standardError } = average;
  const { samples, seed, estimator } = plan;
  return {
    values,
    effectiveSampleSizes,
    bounds,
    errors,
    mean,
    standardError,
    bound: bounds.reduce((sum, value) => sum + value, 0) / count,
    samples,
    seed,
    estimator,
  };
}

type Given = Readonly<Record<string, Float32Tensor>>;
type Estimate = (x: Float32Tensor, given: Given) => Promise<WeightSums[]>;

/** Tiles of several examples with all their draws, or of one example with a part of them: the draws' order is the same. */
function importance(work: Work, graphs: LikelihoodGraphs, random: Random, { samples }: Plan): Estimate {
  const { latentDim } = graphs;
  const [encode, logWeights] = [graphs.encode(), graphs.logWeights()];
  const draws = random.fork('importance');
  return async (x, given) => {
    const [count, pixels] = x.dims as [number, number];
    const { mu, logVar } = (await work.run(encode, { x, ...given })) as { mu: Float32Tensor; logVar: Float32Tensor };
    const sums = Array.from({ length: count }, () => new WeightSums());
    const rows = rowsPerCall(logWeights, pixels);
    const tileSamples = Math.min(samples, rows);
    const tileExamples = Math.min(count, Math.max(1, Math.floor(rows / samples)));
    const noise = new Float32Array(tileExamples * tileSamples * latentDim);
    for (let start = 0; start < count; start += tileExamples) {
      const end = Math.min(start + tileExamples, count);
      for (let k = 0; k < samples; k += tileSamples) {
        const dims = [end - start, Math.min(tileSamples, samples - k)] as const;
        const drawn = draws.fillNormal(noise.subarray(0, dims[0] * dims[1] * latentDim));
        const outputs = await work.run(logWeights, {
          x: slice(x.data, pixels, start, end),
          ...sliceAll(rowsOf(given), start, end),
          mu: slice(mu.data, latentDim, start, end),
          logVar: slice(logVar.data, latentDim, start, end),
          noise: float32(drawn, [...dims, latentDim]),
        });
        addWeights(sums, start, outputs.logWeights as Float32Tensor, dims);
      }
    }
    return sums;
  };
}

/** Every batch of examples meets the same draws, which are made again for each: K vectors are never in memory. */
function prior(work: Work, graphs: LikelihoodGraphs, random: Random, { samples }: Plan): Estimate {
  const { latentDim } = graphs;
  const logConditional = graphs.logConditional();
  return async (x, given) => {
    const [count, pixels] = x.dims as [number, number];
    const sums = Array.from({ length: count }, () => new WeightSums());
    const draws = random.fork('prior');
    // Given classes, every draw is decoded for every example.
    const width = Object.keys(given).length > 0 ? count * pixels : pixels;
    const rows = Math.min(samples, rowsPerCall(logConditional, width));
    const z = new Float32Array(rows * latentDim);
    for (let k = 0; k < samples; k += rows) {
      const size = Math.min(rows, samples - k);
      const drawn = drawPrior(draws, graphs.prior, z.subarray(0, size * latentDim));
      const outputs = await work.run(logConditional, { x, ...given, z: float32(drawn, [size, latentDim]) });
      addWeights(sums, 0, outputs.logProb as Float32Tensor, [count, size]);
    }
    return sums;
  };
}

function rowsOf(given: Given): Record<string, Rows> {
  return Object.fromEntries(Object.entries(given).map(([name, { data, dims }]) => [name, { data, count: dims[0]! }]));
}

function addWeights(
  sums: readonly WeightSums[],
  start: number,
  { data }: Float32Tensor,
  [examples, draws]: readonly [number, number],
): void {
  let at = 0;
  for (let example = 0; example < examples; example++) {
    const sum = sums[start + example]!;
    for (let k = 0; k < draws; k++) sum.add(data[at++]!);
  }
}
