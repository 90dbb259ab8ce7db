import { Random } from '@onnx-forge/infer';
import { lineChart, svgToPng } from '@onnx-forge/viz';
import { gather } from '../../../data/batches.js';
import { aboutRun } from '../../../figures/about-run.js';
import type { Figure, FigureImage } from '../../../figures/figure.js';
import { linearGaussianLogLikelihood, linearGaussianWeights, sampleLinearGaussian } from '../linear-gaussian.js';

const ESTIMATORS = ['importance', 'prior'] as const;
const NAMES = { importance: 'importance sampling, z ~ q(z|x)', prior: 'prior Monte Carlo, z ~ p(z)' } as const;

export interface SampleCountOptions {
  /** Random test images that the estimates are averaged over. */
  readonly examples: number;
  /** Draws of z per image. */
  readonly samples: readonly number[];
}

/** Both estimates of the mean log p(x) of some test images, against the number of draws of z. */
export function estimatorsBySamples({ examples, samples }: SampleCountOptions): Figure<'latent'> {
  return async (context) => {
    const { model, data, random } = context;
    const { test } = data.splits;
    const chosen = Array.from({ length: examples }, () => random.integer(test.size));
    const x = gather(test, 'x', chosen) as Float32Array;
    const series = [];
    for (const estimator of ESTIMATORS) {
      const y: number[] = [];
      for (const count of samples) y.push((await model.logLikelihood(x, { samples: count, estimator })).mean);
      series.push({ name: NAMES[estimator], x: samples, y });
    }
    return chart({
      title: 'Two estimates of log p(x)',
      subtitle: aboutRun(context, `${examples} random test images`),
      x: { label: 'draws of z per image', scale: 'log' },
      y: { label: 'mean log p(x) (nats per image)' },
      series,
    });
  };
}

/** Standard deviation of x given z in the toy model, and the variance of q beside that of the exact posterior. */
const TOY = { noise: 0.5, spread: 1.2, samples: 1000, examples: 40, dimensions: [1, 2, 4, 8, 16, 32, 64, 128] };

/**
 * Both estimators against the dimension of z in a linear-Gaussian model, where log p(x) is known: their error, and the
 * effective sample size. Prior draws that explain x become exponentially rare.
 */
export const estimatorsByDimension: Figure = ({ random, model: { manifest } }) => {
  const { noise, spread, samples, examples, dimensions } = TOY;
  const errors = [];
  const sizes = [];
  for (const estimator of ESTIMATORS) {
    const points = dimensions.map((count) => {
      const model = { dimensions: count, noise };
      // The same x for both estimators.
      const draws = new Random(1).fork(`x of ${count} dimensions`);
      let [error, size] = [0, 0];
      for (let example = 0; example < examples; example++) {
        const x = sampleLinearGaussian(model, draws);
        const weights = linearGaussianWeights(model, x, { estimator, samples, spread }, random);
        error += (weights.logMean - linearGaussianLogLikelihood(model, x)) / examples;
        size += weights.effectiveSampleSize / examples;
      }
      return { error, size };
    });
    const name = NAMES[estimator];
    errors.push({ name, x: dimensions, y: points.map(({ error }) => error) });
    sizes.push({ name, x: dimensions, y: points.map(({ size }) => size) });
  }
  const subtitle = `x = z + ${noise} noise, z ~ N(0, I); q: the posterior, its variance times ${spread}; ${samples} draws, ${examples} x, seed ${manifest.seed}`;
  const x = { label: 'dimensions of z', scale: 'log' } as const;
  return [
    {
      ...chart({
        title: 'Error of the estimate where log p(x) is known',
        subtitle,
        x,
        y: { label: 'estimate - exact log p(x) (nats)' },
        series: errors,
        references: [{ label: 'exact', y: 0 }],
      }),
      part: 'error',
    },
    {
      ...chart({
        title: 'How many of the draws count',
        subtitle,
        x,
        y: { label: 'effective sample size', scale: 'log', domain: [1, samples] },
        series: sizes,
      }),
      part: 'sample-size',
    },
  ];
};

function chart(spec: Parameters<typeof lineChart>[0]): FigureImage {
  const { svg } = lineChart(spec);
  return { svg, png: svgToPng(svg) };
}
