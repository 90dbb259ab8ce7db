import type { Random } from '../random.js';
import { checkNumbers } from './rows.js';

/**
 * log p(x|z) of n rows, each with an x of its own, and the gradients in z.
 *
 * @param z [n, dimensions]
 */
export type RowLikelihood = (z: Float64Array) => Promise<{ values: ArrayLike<number>; gradients: ArrayLike<number> }>;

/** The densities at both ends of the annealing: from N(mu, diag exp(logVar)) to p(z) p(x|z) with p(z) = N(0, I), for each of n rows. */
export interface AnnealingTarget {
  readonly rows: number;
  readonly dimensions: number;
  /** [rows, dimensions]; all zero: from the prior. */
  readonly mu: ArrayLike<number>;
  readonly logVar: ArrayLike<number>;
  readonly logConditional: RowLikelihood;
  /** The example that a row is of, for errors. */
  readonly source: (row: number) => string;
}

/** The chain: T + 1 densities f_0^(1 - beta_t) f_T^beta_t, and Hamiltonian transitions for each. */
export interface AnnealingSchedule {
  /** beta_0 = 0 .. beta_T = 1. */
  readonly betas: Float64Array;
  /** Leapfrog steps of a transition. */
  readonly leapfrog: number;
  /** Step size of the transitions of each density. Fixed: a chain that tuned itself would not leave its density as it is. */
  readonly stepSizes: Float64Array;
}

/** Weights of rows, and how their transitions went. */
export interface Annealed {
  /** log w of each row, in nats. Forwards E[w] = p(x), backwards E[w] = 1 / p(x). */
  readonly logWeights: Float64Array;
  /** Mean probability of acceptance, over transitions and rows. */
  readonly acceptance: number;
}

/** Betas that are close together at both ends: a logistic curve from -4 to 4 (Grosse et al. 2015). */
export function sigmoidBetas(steps: number): Float64Array {
  const at = (t: number) => 1 / (1 + Math.exp(-4 * ((2 * t) / steps - 1)));
  return Float64Array.from({ length: steps + 1 }, (_, t) => (t === steps ? 1 : (at(t) - at(0)) / (at(steps) - at(0))));
}

/**
 * Annealed importance sampling (Neal 2001) from the start to the posterior: log w with E[w] = p(x), so that log w is too
 * low on average, by the less the more steps there are.
 */
export async function annealForwards(
  target: AnnealingTarget,
  schedule: AnnealingSchedule,
  random: Random,
): Promise<Annealed> {
  const state = await RowState.at(target, drawn(random, target.rows * target.dimensions));
  return walk(state, schedule, random, 'forwards');
}

/**
 * The same chain backwards, from exact draws of the posterior: log w with E[w] = 1 / p(x), so that -log w is too high on
 * average. Such draws are only known for simulated x: the z that it was made of (bidirectional Monte Carlo, Grosse, Ghahramani, Adams 2015).
 *
 * @param z a draw from p(z|x) for each row, [rows, dimensions]
 */
export async function annealBackwards(
  target: AnnealingTarget,
  schedule: AnnealingSchedule,
  z: ArrayLike<number>,
  random: Random,
): Promise<Annealed> {
  const { mu, logVar } = target;
  const u = Float64Array.from({ length: z.length }, (_, i) => (z[i]! - mu[i]!) * Math.exp(-0.5 * logVar[i]!));
  return walk(await RowState.at(target, u), schedule, random, 'backwards');
}

/** Probability of acceptance that step sizes are tuned to (optimal in high dimensions: Beskos et al. 2013). */
const ACCEPTANCE = 0.65;

/** Step sizes by a trial of the chain, forwards, that changes them as it goes. */
export async function tuneStepSizes(
  target: AnnealingTarget,
  { betas, leapfrog }: Pick<AnnealingSchedule, 'betas' | 'leapfrog'>,
  random: Random,
): Promise<Float64Array> {
  const state = await RowState.at(target, drawn(random, target.rows * target.dimensions));
  const stepSizes = new Float64Array(betas.length);
  let stepSize = 0.3;
  for (let warm = 0; warm < 20; warm++)
    stepSize *= Math.exp(0.3 * ((await state.move(0, stepSize, leapfrog, random)) - ACCEPTANCE));
  for (let t = 1; t < betas.length; t++) {
    const accepted = await state.move(betas[t]!, stepSize, leapfrog, random);
    stepSizes[t] = stepSize;
    stepSize *= Math.exp(0.3 * (accepted - ACCEPTANCE));
  }
  return stepSizes;
}

async function walk(
  state: RowState,
  { betas, stepSizes, leapfrog }: AnnealingSchedule,
  random: Random,
  direction: 'forwards' | 'backwards',
): Promise<Annealed> {
  const steps = betas.length - 1;
  const logWeights = new Float64Array(state.rows);
  let acceptance = 0;
  const weigh = (from: number, to: number) => {
    for (let row = 0; row < state.rows; row++) logWeights[row]! += (betas[to]! - betas[from]!) * state.logRatio(row);
  };
  for (let done = 0; done < steps; done++) {
    const t = direction === 'forwards' ? done + 1 : steps - done;
    if (direction === 'forwards') weigh(t - 1, t);
    acceptance += (await state.move(betas[t]!, stepSizes[t]!, leapfrog, random)) / steps;
    if (direction === 'backwards') weigh(t, t - 1);
  }
  return { logWeights, acceptance };
}

function drawn(random: Random, length: number): Float64Array {
  return Float64Array.from({ length }, () => random.normal());
}

/** Rows at a point u, z = mu + exp(logVar / 2) u: in u the start is N(0, I), and the posterior about as wide. */
class RowState {
  readonly #target: AnnealingTarget;
  readonly #deviation: Float64Array;
  /** Of each row: sum over dimensions of logVar / 2. */
  readonly #logVolume: Float64Array;
  #u: Float64Array;
  /** log f_T(u) - log f_0(u) by row, and the gradient of log f_T in u. */
  #logRatio: Float64Array;
  #gradient: Float64Array;

  private constructor(target: AnnealingTarget, u: Float64Array) {
    this.#target = target;
    const { rows, dimensions, logVar } = target;
    this.#deviation = Float64Array.from({ length: u.length }, (_, i) => Math.exp(0.5 * logVar[i]!));
    this.#logVolume = new Float64Array(rows);
    for (let i = 0; i < u.length; i++) this.#logVolume[Math.floor(i / dimensions)]! += 0.5 * logVar[i]!;
    this.#u = u;
    this.#logRatio = new Float64Array(rows);
    this.#gradient = new Float64Array(u.length);
  }

  /** @throws GraphError when log p(x|z) is NaN there: later such places are only moved away from */
  static async at(target: AnnealingTarget, u: Float64Array): Promise<RowState> {
    const state = new RowState(target, u);
    const { logRatio, gradient } = await state.#evaluate(u);
    checkNumbers('log p(x|z)', logRatio, target.source);
    state.#logRatio = logRatio;
    state.#gradient = gradient;
    return state;
  }

  get rows(): number {
    return this.#target.rows;
  }

  /** log f_T - log f_0 = log p(x|z) + log p(z) - log q(z|x), in nats. */
  logRatio(row: number): number {
    return this.#logRatio[row]!;
  }

  /**
   * One Hamiltonian transition (Neal 2011) of every row, which leaves f_0^(1 - beta) f_T^beta as it is.
   *
   * @returns the mean probability of acceptance
   */
  async move(beta: number, stepSize: number, leapfrog: number, random: Random): Promise<number> {
    const { rows, dimensions } = this.#target;
    const momentum = drawn(random, this.#u.length);
    const before = this.#energies(beta, this.#u, momentum, this.#logRatio);
    const u = this.#u.slice();
    let at = { logRatio: this.#logRatio, gradient: this.#gradient };
    const push = (size: number) => {
      for (let i = 0; i < u.length; i++) momentum[i]! += size * ((beta - 1) * u[i]! + beta * at.gradient[i]!);
    };
    push(0.5 * stepSize);
    for (let step = 1; step <= leapfrog; step++) {
      for (let i = 0; i < u.length; i++) u[i]! += stepSize * momentum[i]!;
      at = await this.#evaluate(u);
      push(step < leapfrog ? stepSize : 0.5 * stepSize);
    }
    const after = this.#energies(beta, u, momentum, at.logRatio);
    let acceptance = 0;
    for (let row = 0; row < rows; row++) {
      // A path that overflowed is no place to go to.
      const probability = Math.min(1, Math.exp(before[row]! - after[row]!)) || 0;
      acceptance += probability / rows;
      if (random.uniform() >= probability) continue;
      this.#logRatio[row] = at.logRatio[row]!;
      for (let i = row * dimensions; i < (row + 1) * dimensions; i++) {
        this.#u[i] = u[i]!;
        this.#gradient[i] = at.gradient[i]!;
      }
    }
    return acceptance;
  }

  /** -log f_beta(u) + |momentum|^2 / 2 by row, but for constants. */
  #energies(beta: number, u: Float64Array, momentum: Float64Array, logRatio: Float64Array): Float64Array {
    const { rows, dimensions } = this.#target;
    const energies = new Float64Array(rows);
    for (let i = 0; i < u.length; i++) {
      energies[Math.floor(i / dimensions)]! += 0.5 * (u[i]! * u[i]! + momentum[i]! * momentum[i]!);
    }
    for (let row = 0; row < rows; row++) energies[row]! -= beta * logRatio[row]!;
    return energies;
  }

  async #evaluate(u: Float64Array): Promise<{ logRatio: Float64Array; gradient: Float64Array }> {
    const { dimensions, mu, logConditional } = this.#target;
    const z = u.map((value, i) => mu[i]! + this.#deviation[i]! * value);
    const { values, gradients } = await logConditional(z);
    const logRatio = this.#logVolume.map((volume, row) => volume + values[row]!);
    for (let i = 0; i < u.length; i++) logRatio[Math.floor(i / dimensions)]! += 0.5 * (u[i]! * u[i]! - z[i]! * z[i]!);
    const gradient = z.map((value, i) => this.#deviation[i]! * (gradients[i]! - value));
    return { logRatio, gradient };
  }
}
