import type { Rows } from '../arrays/examples.js';
import type { RunnableGraph } from '../device/types.js';
import { Random } from '../random.js';
import { COUNT, checked } from '../value-rule.js';
import { MeanAndError } from './importance.js';
import { checkNumbers, type Float32Tensor, rowsPerCall, slice, sliceAll } from './rows.js';
import type { Work, WorkOptions } from './work.js';

export interface ElboOptions extends WorkOptions {
  /** Draws of z per example, averaged. Default 1. */
  readonly samples?: number | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
}

/** The evidence lower bound E_q[log p(x|z)] - KL(q(z|x) || p(z)), in nats. */
export interface Elbo {
  /** Mean over the examples, in float64. */
  readonly mean: number;
  /** Standard error of the mean over the examples: standard deviation / sqrt(N). */
  readonly standardError: number;
  /** Mean of E_q[log p(x|z)]. */
  readonly reconstruction: number;
  /** Mean of KL(q(z|x) || p(z)). */
  readonly kl: number;
  /** Per example. */
  readonly values: Float64Array;
  readonly samples: number;
  readonly seed: number;
}

/** Runs the graph elbo: x [n, pixels], noise [n, latentDim] (and y [n, classes]) -> elbo, reconstruction, kl [n]. */
export async function elbo(
  work: Work,
  session: RunnableGraph,
  x: Rows,
  latentDim: number,
  options: ElboOptions,
  y?: Rows,
): Promise<Elbo> {
  const samples = checked('samples', options.samples ?? 1, COUNT);
  const seed = options.seed ?? 1;
  const draws = new Random(seed).fork('elbo');
  const pixels = x.data.length / x.count;
  const batch = Math.min(x.count, rowsPerCall(session, pixels));
  const noise = new Float32Array(batch * latentDim);
  const values = new Float64Array(x.count);
  const reconstruction = new MeanAndError();
  const kl = new MeanAndError();
  for (let k = 0; k < samples; k++) {
    for (let start = 0; start < x.count; start += batch) {
      const end = Math.min(start + batch, x.count);
      const drawn = draws.fillNormal(noise.subarray(0, (end - start) * latentDim));
      const terms = (await work.run(session, {
        x: slice(x.data, pixels, start, end),
        ...(y && sliceAll({ y }, start, end)),
        noise: slice(drawn, latentDim, 0, end - start),
      })) as { elbo: Float32Tensor; reconstruction: Float32Tensor; kl: Float32Tensor };
      checkNumbers('the evidence lower bound', terms.elbo.data, (at) => `row ${start + at} of x`);
      terms.elbo.data.forEach((value, i) => {
        values[start + i]! += value / samples;
      });
      terms.reconstruction.data.forEach((value) => {
        reconstruction.add(value);
      });
      terms.kl.data.forEach((value) => {
        kl.add(value);
      });
      await options.onProgress?.({ done: (k * x.count + end) / samples, total: x.count });
    }
  }
  const average = new MeanAndError();
  for (const value of values) average.add(value);
  const { mean, standardError } = average;
  return { mean, standardError, reconstruction: reconstruction.mean, kl: kl.mean, values, samples, seed };
}
