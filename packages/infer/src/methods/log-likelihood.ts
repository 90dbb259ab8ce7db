import type { Rows } from '../arrays/examples.js';
import { float32 } from '../arrays/tensor.js';
import type { RunnableGraph } from '../device/types.js';
import { GraphError, InputError } from '../errors.js';
import { Random } from '../random.js';
import { COUNT, checked } from '../value-rule.js';
import { MeanAndError, WeightSums } from './importance.js';
import { drawPrior } from './latent-space.js';
import { ParetoTail } from './pareto-k.js';
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
  /**
   * Estimate only the examples from `from` up to, not including, `to` of those given. Draws belong to an example's place, and
   * graphs run on the batches that they run on for all examples: on one kind of processor the values are bit by bit those of a
   * call without `range`, and {@link combineLogLikelihoods} makes its result of them. Default: all.
   */
  readonly range?: ExampleRange | undefined;
}

/** Examples by their place, from 0: `from` up to, not including, `to`. */
export interface ExampleRange {
  readonly from: number;
  readonly to: number;
}

/** Estimates for the examples `start` .. `start + values.length - 1`. */
export interface LogLikelihoodPart {
  readonly start: number;
  /** log p(x) in nats, per example. */
  readonly values: Float64Array;
  /** Effective sample size per example, 1 .. K. Near 1, the estimate rests on a single draw: it is too low. */
  readonly effectiveSampleSizes: Float64Array;
  /**
   * k-hat of the weights per example (Vehtari et al. 2024): above `paretoKThreshold(samples)` the value, its error and the
   * effective sample size can't be relied on. Infinity with fewer than 21 draws, which leave no tail to fit.
   */
  readonly paretoKs: Float64Array;
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
  readonly range: ExampleRange | undefined;
}

/** Throws InputError when an option makes no sense. */
export function plan(options: LogLikelihoodOptions): Plan {
  const estimator = options.estimator ?? 'importance';
  if (estimator !== 'importance' && estimator !== 'prior') {
    throw new InputError(`estimator must be 'importance' or 'prior', not '${estimator}'`, { estimator });
  }
  return {
    samples: checked('samples', options.samples ?? 200, COUNT),
    batchSize: checked('batchSize', options.batchSize ?? 250, COUNT),
    seed: options.seed ?? 1,
    estimator,
    onProgress: options.onProgress,
    range: options.range,
  };
}

/** @throws InputError unless the range lies within so many examples */
function rangeWithin(count: number, range: ExampleRange = { from: 0, to: count }): ExampleRange {
  const { from, to } = range;
  if (Number.isSafeInteger(from) && Number.isSafeInteger(to) && 0 <= from && from < to && to <= count) return range;
  throw new InputError(`range must be {from, to} with 0 <= from < to <= ${count}, not {from: ${from}, to: ${to}}`, {
    ...{ from, to, count },
  });
}

/**
 * log p(x) ~ logMeanExp_k log w_k with log w_k = log p(x|z_k) + log p(z_k) - log q(z_k|x), z_k ~ q(z|x) (Burda et al.
 * 2016), or with w_k = p(x|z_k), z_k ~ p(z). The estimate is too low on average (Jensen) and rises with K.
 *
 * With y, one-hot classes [n, classes], all of it is given y, and every graph takes it.
 *
 * Memory does not grow with the number of examples or with K. The encoder runs once per example. Every
 * example has a stream of draws of its own, so that neither the batch size nor the tiling nor a range changes them.
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
  const { from, to } = rangeWithin(x.count, plan.range);
  const pixels = x.data.length / x.count;
  const firstBatch = from - (from % plan.batchSize);
  for (let first = firstBatch; first < to; first += plan.batchSize) {
    const last = Math.min(first + plan.batchSize, x.count);
    const [start, end] = [Math.max(first, from), Math.min(last, to)];
    const batch = { first, wanted: { from: start - first, to: end - first } };
    const all = await estimate(slice(x.data, pixels, first, last), y ? sliceAll({ y }, first, last) : {}, batch);
    const sums = all.slice(batch.wanted.from, batch.wanted.to);
    const values = Float64Array.from(sums, ({ logMean }) => logMean);
    const bad = values.findIndex(Number.isNaN);
    if (bad >= 0) {
      const message = `log p(x) of example ${start + bad} is NaN: the model's graphs give NaN for it`;
      throw new GraphError('graph-run', message, { example: start + bad });
    }
    const progress = { done: end - from, total: to - from };
    yield {
      start,
      values,
      effectiveSampleSizes: Float64Array.from(sums, ({ effectiveSampleSize }) => effectiveSampleSize),
      paretoKs: Float64Array.from(sums, ({ tail }) => tail.k),
      bounds: Float64Array.from(sums, ({ meanLog }) => meanLog),
      errors: Float64Array.from(sums, ({ standardError }) => standardError),
      ...progress,
    };
    await plan.onProgress?.(progress);
  }
}

/** The parts of a stream in one piece, with their mean. */
export async function collect(parts: AsyncIterable<LogLikelihoodPart>, plan: Plan): Promise<LogLikelihood> {
  const all: LogLikelihoodPart[] = [];
  for await (const part of parts) all.push(part);
  return joined(all, plan);
}

/**
 * The estimates of consecutive ranges of examples (option `range`) as one, in their order: values, mean and standard error
 * are bit by bit those of a call for all of them.
 *
 * @throws InputError when there are none, or when they differ in samples, seed or estimator
 */
export function combineLogLikelihoods(ranges: readonly LogLikelihood[]): LogLikelihood {
  const [first] = ranges;
  if (first === undefined) throw new InputError('there is no log-likelihood to combine');
  for (const name of ['samples', 'seed', 'estimator'] as const) {
    const other = ranges.find((range) => range[name] !== first[name]);
    if (other === undefined) continue;
    throw new InputError(`log-likelihoods with ${name} ${first[name]} and ${other[name]} do not combine`, { name });
  }
  return joined(ranges, first);
}

type Estimates = Pick<LogLikelihood, 'values' | 'effectiveSampleSizes' | 'paretoKs' | 'bounds' | 'errors'>;

function joined(
  parts: readonly Estimates[],
  { samples, seed, estimator }: Pick<LogLikelihood, 'samples' | 'seed' | 'estimator'>,
): LogLikelihood {
  const whole = (name: keyof Estimates): Float64Array => {
    const all = new Float64Array(parts.reduce((count, part) => count + part[name].length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part[name], at);
      at += part[name].length;
    }
    return all;
  };
  const [values, bounds] = [whole('values'), whole('bounds')];
  const average = new MeanAndError();
  for (const value of values) average.add(value);
  return {
    ...{ values, bounds, effectiveSampleSizes: whole('effectiveSampleSizes'), errors: whole('errors') },
    paretoKs: whole('paretoKs'),
    ...{ mean: average.mean, standardError: average.standardError },
    bound: bounds.reduce((sum, value) => sum + value, 0) / bounds.length,
    ...{ samples, seed, estimator },
  };
}

/** The weights of one example: their sums and their tail. */
class ExampleWeights extends WeightSums {
  readonly tail: ParetoTail;

  constructor(samples: number) {
    super();
    this.tail = new ParetoTail(samples);
  }

  override add(logWeight: number): void {
    super.add(logWeight);
    this.tail.add(logWeight);
  }
}

type Given = Readonly<Record<string, Float32Tensor>>;

/** A batch of examples. */
interface Batch {
  /** Place of its first one among all. */
  readonly first: number;
  /** Those of the batch whose estimates are asked for. */
  readonly wanted: ExampleRange;
}

/** Sums of every example of the batch; of those that are not wanted they may be empty. */
type Estimate = (x: Float32Tensor, given: Given, batch: Batch) => Promise<ExampleWeights[]>;

/** Tiles of several examples with all their draws, or of one example with a part of them. Tiles with a wanted example run whole. */
function importance(work: Work, graphs: LikelihoodGraphs, random: Random, { samples }: Plan): Estimate {
  const { latentDim } = graphs;
  const [encode, logWeights] = [graphs.encode(), graphs.logWeights()];
  const draws = random.fork('importance');
  return async (x, given, { first, wanted }) => {
    const [count, pixels] = x.dims as [number, number];
    const { mu, logVar } = (await work.run(encode, { x, ...given })) as { mu: Float32Tensor; logVar: Float32Tensor };
    const sums = Array.from({ length: count }, () => new ExampleWeights(samples));
    const rows = rowsPerCall(logWeights, pixels);
    const tileSamples = Math.min(samples, rows);
    const tileExamples = Math.min(count, Math.max(1, Math.floor(rows / samples)));
    const noise = new Float32Array(tileExamples * tileSamples * latentDim);
    for (let start = 0; start < count; start += tileExamples) {
      const end = Math.min(start + tileExamples, count);
      if (end <= wanted.from || start >= wanted.to) continue;
      const streams = Array.from({ length: end - start }, (_, i) => draws.fork(`${first + start + i}`));
      for (let k = 0; k < samples; k += tileSamples) {
        const dims = [end - start, Math.min(tileSamples, samples - k)] as const;
        const size = dims[1] * latentDim;
        for (const [i, stream] of streams.entries()) stream.fillNormal(noise.subarray(i * size, (i + 1) * size));
        const drawn = noise.subarray(0, dims[0] * size);
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
    const sums = Array.from({ length: count }, () => new ExampleWeights(samples));
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
  sums: readonly ExampleWeights[],
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
