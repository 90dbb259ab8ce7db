import type { Random } from '@onnx-forge/infer';
import type { OptionValue, OptionValues } from '../../options/option.js';
import { type ChoiceParameter, drawSettings, isChoice, RangeAxis, type RangeParameter, type Space } from '../space.js';
import { uniformValue } from './random.js';
import type { PastTrial, Sampler } from './sampler.js';

/** Trials that are drawn at random first. */
const STARTUP = 10;
/** Draws from the good trials' density, of which the best is taken. */
const CANDIDATES = 24;

/** How many of n trials count as good: a tenth, at most 25. */
function goodCount(n: number): number {
  return Math.min(Math.ceil(0.1 * n), 25);
}

/**
 * Tree-structured Parzen estimator (Bergstra, Bardenet, Bengio & Kégl 2011) over all parameters jointly (as Falkner, Klein &
 * Hutter 2018): a density l of good trials and a density g of all others; of 24 draws from l the one with the largest l / g
 * is taken. Both are mixtures of one kernel a trial and a uniform one. A kernel is a product over the parameters: a normal
 * truncated to the range, as wide as the distance to the farther neighbour, or a peak among choices; a parameter that the
 * trial lacks is uniform. Trials that were stopped early come after all that were not, the longest first.
 */
export const tpeSampler: Sampler = {
  name: 'tpe',
  learns: true,
  settings({ space, past, random }) {
    const seen = past.filter(({ loss }) => loss !== undefined).sort(byMerit);
    if (seen.length < STARTUP) {
      return drawSettings(space, (name, parameter) => uniformValue(parameter, random.fork(name)));
    }
    const cut = goodCount(seen.length);
    const [l, g] = [new JointDensity(space, seen.slice(0, cut)), new JointDensity(space, seen.slice(cut))];
    const draws = Array.from({ length: CANDIDATES }, () => l.draw(random));
    const gains = draws.map((settings) => l.log(settings) - g.log(settings));
    return draws[gains.indexOf(Math.max(...gains))]!;
  },
};

/** Whole trials by their loss, then stopped ones, the longest first, by theirs. */
function byMerit(one: PastTrial, other: PastTrial): number {
  const length = ({ stoppedAt = Number.POSITIVE_INFINITY }: PastTrial) => stoppedAt;
  if (length(one) !== length(other)) return length(one) > length(other) ? -1 : 1;
  return one.loss! - other.loss! || one.number - other.number;
}

/** Kernels of one parameter: one a trial and, last, the uniform one. */
interface Kernels {
  draw(kernel: number, random: Random): OptionValue;
  log(kernel: number, value: OptionValue): number;
}

/** A mixture over settings. */
class JointDensity {
  readonly #weights: Float64Array;
  readonly #kernels: Readonly<Record<string, Kernels>>;

  constructor(
    readonly space: Space,
    trials: readonly PastTrial[],
  ) {
    // In the order of their numbers: the weights of long series favour the latest.
    const series = [...trials].sort((one, other) => one.number - other.number);
    this.#weights = mixtureWeights(series.length);
    const entries = Object.entries(space).map(([name, parameter]) => {
      const values = series.map(({ settings }) => (Object.hasOwn(settings, name) ? settings[name] : undefined));
      const kernels = isChoice(parameter)
        ? choiceKernels(parameter, values)
        : rangeKernels(parameter, values as readonly (number | undefined)[]);
      return [name, kernels] as const;
    });
    this.#kernels = Object.fromEntries(entries);
  }

  draw(random: Random): OptionValues {
    const kernel = drawIndex(this.#weights, random);
    return drawSettings(this.space, (name) => this.#kernels[name]!.draw(kernel, random));
  }

  log(settings: OptionValues): number {
    const terms = Array.from(this.#weights, (weight, kernel) =>
      Object.entries(settings).reduce(
        (sum, [name, value]) => sum + this.#kernels[name]!.log(kernel, value),
        Math.log(weight),
      ),
    );
    const largest = Math.max(...terms);
    return largest + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - largest), 0));
  }
}

/** Weights of n values and, last, of the prior: alike up to 25 values, beyond that rising linearly over all but the latest 25. */
function mixtureWeights(n: number): Float64Array {
  const weights = new Float64Array(n + 1).fill(1);
  const ramp = n - 25;
  for (let i = 0; i < ramp; i += 1) weights[i] = ramp === 1 ? 1 / n : 1 / n + ((1 - 1 / n) * i) / (ramp - 1);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** The trial's choice counts 1 more than the share that each choice has. */
function choiceKernels({ values }: ChoiceParameter, seen: readonly (OptionValue | undefined)[]): Kernels {
  const share = 1 / (seen.length + 1);
  const total = 1 + share * values.length;
  const probability = (kernel: number, value: OptionValue): number => {
    const own = seen[kernel];
    return own === undefined ? 1 / values.length : (share + (own === value ? 1 : 0)) / total;
  };
  return {
    draw: (kernel, random) =>
      values[
        drawIndex(
          values.map((value) => probability(kernel, value)),
          random,
        )
      ]!,
    log: (kernel, value) => Math.log(probability(kernel, value)),
  };
}

function rangeKernels(range: RangeParameter, seen: readonly (number | undefined)[]): Kernels {
  const axis = new RangeAxis(range);
  const { low, high, width } = axis;
  const positions = seen.map((value) => (value === undefined ? undefined : axis.position(value)));
  const means = [...positions, undefined].map((position) => position ?? (low + high) / 2);
  const widths = kernelWidths(positions, axis);
  const mass = (from: number, to: number, k: number) =>
    normalCdf((to - means[k]!) / widths[k]!) - normalCdf((from - means[k]!) / widths[k]!);
  const inside = means.map((_, k) => mass(low, high, k));
  return {
    draw(kernel, random) {
      for (;;) {
        const position = means[kernel]! + widths[kernel]! * random.normal();
        // Every mean lies inside and no kernel is wider than the range: at least a third of the draws do.
        if (position >= low && position <= low + width) return axis.value(position);
      }
    },
    log(kernel, value) {
      if (range.integer) {
        const [from, to] = axis.cell(value as number);
        return Math.log(mass(from, to, kernel) / inside[kernel]! + Number.MIN_VALUE);
      }
      const z = (axis.position(value as number) - means[kernel]!) / widths[kernel]!;
      return -0.5 * z * z - Math.log(widths[kernel]! * Math.sqrt(2 * Math.PI) * inside[kernel]!);
    },
  };
}

/** Of each trial and, last, of the prior: the whole range, or where there is a value its distance to the farther neighbour. */
function kernelWidths(positions: readonly (number | undefined)[], { low, high, width }: RangeAxis): number[] {
  const widths = new Array<number>(positions.length + 1).fill(width);
  const least = width / Math.min(100, positions.length + 2);
  const order = [...positions.keys()].filter((k) => positions[k] !== undefined);
  order.sort((i, j) => positions[i]! - positions[j]!);
  const sorted = order.map((k) => positions[k]!);
  const last = sorted.length - 1;
  for (const [rank, k] of order.entries()) {
    // The ends of the range are neighbours only where there are hardly any others.
    const below = sorted[rank - 1] ?? (last > 0 ? sorted[rank]! : low);
    const above = sorted[rank + 1] ?? (last > 0 ? sorted[rank]! : high);
    widths[k] = Math.min(width, Math.max(least, sorted[rank]! - below, above - sorted[rank]!));
  }
  return widths;
}

function drawIndex(probabilities: ArrayLike<number>, random: Random): number {
  let left = random.uniform();
  for (let k = 0; k < probabilities.length - 1; k += 1) {
    left -= probabilities[k]!;
    if (left < 0) return k;
  }
  return probabilities.length - 1;
}

/** Phi(x), to 1e-7 relative in both tails (Numerical Recipes' erfc, 3rd edition, section 6.2.2: Chebyshev coefficients). */
function normalCdf(x: number): number {
  const z = Math.abs(x) / Math.SQRT2;
  const t = 1 / (1 + 0.5 * z);
  const polynomial =
    -1.26551223 +
    t *
      (1.00002368 +
        t *
          (0.37409196 +
            t *
              (0.09678418 +
                t *
                  (-0.18628806 +
                    t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
  const tail = 0.5 * t * Math.exp(-z * z + polynomial);
  return x < 0 ? tail : 1 - tail;
}
