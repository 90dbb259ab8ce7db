import type { Random } from '@onnx-forge/infer';
import { type Distribution, expectation, kl, normalize, randomDistribution, sum } from './distributions.js';

/** A latent-variable model with finitely many z and x, so that every sum can be done. */
export interface LatentToy {
  /** p(z). */
  readonly prior: Distribution;
  /** p(x|z), one distribution over x for each z. */
  readonly decoder: readonly Distribution[];
}

export function randomLatentToy(random: Random, latents: number, outcomes: number): LatentToy {
  return {
    prior: randomDistribution(random, latents),
    decoder: Array.from({ length: latents }, () => randomDistribution(random, outcomes)),
  };
}

/** p(x, z) for one x, as a function of z. */
export function joint({ prior, decoder }: LatentToy, x: number): number[] {
  return prior.map((probability, z) => probability * decoder[z]![x]!);
}

/** log p(x) = log sum_z p(x, z), in nats. */
export function logEvidence(toy: LatentToy, x: number): number {
  return Math.log(sum(joint(toy, x)));
}

/** p(z|x), by Bayes. */
export function posterior(toy: LatentToy, x: number): Distribution {
  return normalize(joint(toy, x));
}

/** E_q log p(x|z). */
export function reconstruction({ decoder }: LatentToy, x: number, q: Distribution): number {
  return expectation(q, (z) => Math.log(decoder[z]![x]!));
}

/** The evidence lower bound E_q log p(x|z) - KL(q || p(z)), in nats. */
export function bound(toy: LatentToy, x: number, q: Distribution): number {
  return reconstruction(toy, x, q) - kl(q, toy.prior);
}
