import { Random } from '@onnx-forge/infer';
import { expect } from 'chai';
import {
  type AnnealingTarget,
  annealBackwards,
  annealForwards,
  sigmoidBetas,
  tuneStepSizes,
} from '../../../packages/infer/dist/methods/annealing.js';
import { linearGaussian } from './linear-gaussian.js';

const { W, b, noiseVariance, x, logP, posteriorMean, posteriorCovariance } = linearGaussian();
const DIMENSIONS = posteriorMean[0]!.length;

/** log N(x; W z + b, s2 I) and its gradient in z, in float64. */
function conditional(image: readonly number[], z: Float64Array): { value: number; gradient: number[] } {
  const residual = image.map((value, d) => value - b[d]! - W[d]!.reduce((sum, w, j) => sum + w * z[j]!, 0));
  const squares = residual.reduce((sum, r) => sum + r * r, 0);
  return {
    value: -0.5 * (squares / noiseVariance + image.length * Math.log(2 * Math.PI * noiseVariance)),
    gradient: Array.from(z, (_, j) => residual.reduce((sum, r, d) => sum + (r * W[d]![j]!) / noiseVariance, 0)),
  };
}

/** Many rows of one x, annealed from the prior or from a rough q. */
function target(example: number, rows: number, from: 'prior' | 'rough'): AnnealingTarget {
  const mu = new Float64Array(rows * DIMENSIONS);
  const logVar = new Float64Array(rows * DIMENSIONS);
  if (from === 'rough') {
    for (let i = 0; i < mu.length; i++) {
      mu[i] = posteriorMean[example]![i % DIMENSIONS]! + 0.2;
      logVar[i] = Math.log(2 * posteriorCovariance[i % DIMENSIONS]![i % DIMENSIONS]!);
    }
  }
  return {
    rows,
    dimensions: DIMENSIONS,
    mu,
    logVar,
    source: (row) => `row ${row}`,
    logConditional(z) {
      const found = Array.from({ length: rows }, (_, row) =>
        conditional(x[example]!, z.subarray(row * DIMENSIONS, (row + 1) * DIMENSIONS)),
      );
      return Promise.resolve({
        values: found.map(({ value }) => value),
        gradients: found.flatMap(({ gradient }) => gradient),
      });
    },
  };
}

/** Exact draws from p(z|x): the mean plus the Cholesky factor of the 2 x 2 covariance times normals. */
function exactDraws(example: number, rows: number, random: Random): Float64Array {
  const [[a, c], [, d]] = posteriorCovariance as [[number, number], [number, number]];
  const z = new Float64Array(rows * 2);
  for (let row = 0; row < rows; row++) {
    const [first, second] = [random.normal(), random.normal()];
    z[2 * row] = posteriorMean[example]![0]! + Math.sqrt(a) * first;
    z[2 * row + 1] = posteriorMean[example]![1]! + (c / Math.sqrt(a)) * first + Math.sqrt(d - (c * c) / a) * second;
  }
  return z;
}

const ROWS = 600;
/** Steps from each start at which the weights differ, and yet their mean can be told. */
const STEPS = { prior: 60, rough: 6 } as const;

async function bounds(example: number, steps: number, from: 'prior' | 'rough', seed: number) {
  const random = new Random(seed);
  const aim = target(example, ROWS, from);
  const betas = sigmoidBetas(steps);
  const stepSizes = await tuneStepSizes(aim, { betas, leapfrog: 3 }, random.fork('pilot'));
  const schedule = { betas, stepSizes, leapfrog: 3 };
  const forwards = await annealForwards(aim, schedule, random.fork('forwards'));
  const exact = exactDraws(example, ROWS, random.fork('posterior'));
  const backwards = await annealBackwards(aim, schedule, exact, random.fork('backwards'));
  return { forwards, backwards, lower: statistics(forwards.logWeights), upper: statistics(backwards.logWeights) };
}

function statistics(values: ArrayLike<number>): { mean: number; error: number } {
  const all = Array.from(values);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  const variance = all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (all.length - 1);
  return { mean, error: Math.sqrt(variance / all.length) };
}

describe('infer: annealed importance sampling, against the exact log p(x) of a linear-Gaussian model', () => {
  it('has betas that rise from 0 to 1, slowly at both ends', () => {
    const betas = sigmoidBetas(100);
    expect([betas.length, betas[0], betas[100]]).to.deep.equal([101, 0, 1]);
    for (let t = 1; t <= 100; t++) expect(betas[t]).to.be.above(betas[t - 1]!);
    expect(betas[50]).to.be.closeTo(0.5, 1e-12);
    expect(betas[1]! / (betas[51]! - betas[50]!)).to.be.below(0.1);
  });

  it('moves to no place where log p(x|z) is NaN, and is as right without such places', async () => {
    const aim = target(1, ROWS, 'rough');
    let met = 0;
    // Six deviations from the posterior's mean: nothing of it lies there.
    const isFar = (z: Float64Array, row: number) =>
      posteriorMean[1]!.some(
        (mean, j) => Math.abs(z[row * DIMENSIONS + j]! - mean) > 6 * Math.sqrt(posteriorCovariance[j]![j]!),
      );
    const bounded: AnnealingTarget = {
      ...aim,
      async logConditional(z) {
        const { values, gradients } = await aim.logConditional(z);
        const far = Array.from({ length: ROWS }, (_, row) => isFar(z, row));
        met += far.filter(Boolean).length;
        const known = <T>(row: number, value: T) => (far[row] ? Number.NaN : value);
        return {
          values: Array.from(values, (value, row) => known(row, value)),
          gradients: Array.from(gradients, (value, i) => known(Math.floor(i / DIMENSIONS), value)),
        };
      },
    };
    const random = new Random(1);
    const betas = sigmoidBetas(STEPS.rough);
    // Steps that are too large: many paths lead out.
    const stepSizes = new Float64Array(betas.length).fill(1.7);
    const { logWeights, acceptance } = await annealForwards(bounded, { betas, stepSizes, leapfrog: 3 }, random);
    expect(met).to.be.above(100);
    expect(acceptance).to.be.within(0.01, 0.9);
    const weights = statistics(logWeights.map((value) => Math.exp(value - logP[1]!)));
    expect(weights.mean).to.be.closeTo(1, 4.5 * weights.error);
  });

  it('refuses to begin where log p(x|z) is NaN, and names the example', async () => {
    const aim = target(1, 4, 'prior');
    const broken: AnnealingTarget = {
      ...aim,
      async logConditional(z) {
        const { values, gradients } = await aim.logConditional(z);
        return { values: Array.from(values, (value, row) => (row === 2 ? Number.NaN : value)), gradients };
      },
    };
    const betas = sigmoidBetas(2);
    const begun = tuneStepSizes(broken, { betas, leapfrog: 1 }, new Random(1));
    expect(await begun.then(String, String)).to.match(/log p\(x\|z\) is NaN for row 2: /);
  });

  for (const from of ['prior', 'rough'] as const) {
    for (const seed of [1, 2, 3]) {
      it(`has weights whose mean is p(x) and, backwards, 1 / p(x), from ${from}, seed ${seed}`, async () => {
        const example = seed;
        const { forwards, backwards } = await bounds(example, STEPS[from], from, seed);
        // The weights are far from equal: a wrong chain would show.
        const forth = statistics(forwards.logWeights.map((value) => Math.exp(value - logP[example]!)));
        const back = statistics(backwards.logWeights.map((value) => Math.exp(value + logP[example]!)));
        expect(forth.mean).to.be.closeTo(1, 4.5 * forth.error);
        expect(back.mean).to.be.closeTo(1, 4.5 * back.error);
        expect(forth.error).to.be.within(1e-4, 0.1);
      });
    }

    it(`lies below and above log p(x), and closes in with more steps, from ${from}`, async () => {
      const few = await bounds(0, STEPS[from] / 3, from, 7);
      const many = await bounds(0, STEPS[from] * 4, from, 7);
      for (const { lower, upper } of [few, many]) {
        expect(lower.mean).to.be.below(logP[0]! + 4.5 * lower.error);
        expect(-upper.mean).to.be.above(logP[0]! - 4.5 * upper.error);
      }
      const gap = ({ lower, upper }: typeof few) => -upper.mean - lower.mean;
      expect(gap(few)).to.be.above(4 * (few.lower.error + few.upper.error));
      expect(gap(many)).to.be.below(gap(few) / 3);
      expect(many.forwards.acceptance).to.be.within(0.5, 0.9);
    });
  }
});
