import type { Random } from '@onnx-forge/infer';

/** Probabilities of the outcomes 0, 1, ...; they sum to one. */
export type Distribution = readonly number[];

/** Uniform over the simplex (Dirichlet with all parameters 1), mixed with 1/10 of the uniform distribution. */
export function randomDistribution(random: Random, outcomes: number): Distribution {
  const drawn = normalize(Array.from({ length: outcomes }, () => -Math.log(1 - random.uniform())));
  return drawn.map((p) => 0.9 * p + 0.1 / outcomes);
}

/** `weights` divided by their sum. */
export function normalize(weights: readonly number[]): Distribution {
  const total = sum(weights);
  return weights.map((weight) => weight / total);
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** E_p f = sum_i p_i f(i); an outcome of probability zero contributes nothing, whatever f is there. */
export function expectation(p: Distribution, f: (outcome: number) => number): number {
  return sum(p.map((probability, outcome) => (probability === 0 ? 0 : probability * f(outcome))));
}

/** KL(p || q) in nats; +Infinity where q gives no probability to what p can produce. */
export function kl(p: Distribution, q: Distribution): number {
  return expectation(p, (outcome) => Math.log(p[outcome]! / q[outcome]!));
}

/** JSD(p, q) = KL(p || m) / 2 + KL(q || m) / 2, m = (p + q) / 2; between 0 and log 2. */
export function jensenShannon(p: Distribution, q: Distribution): number {
  const middle = p.map((probability, outcome) => (probability + q[outcome]!) / 2);
  return (kl(p, middle) + kl(q, middle)) / 2;
}

/** Total variation distance, 1/2 sum |p - q|; zero only for equal distributions. */
export function totalVariation(p: Distribution, q: Distribution): number {
  return sum(p.map((probability, outcome) => Math.abs(probability - q[outcome]!))) / 2;
}
