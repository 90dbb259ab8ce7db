import type { Measure } from '../../../measures/measure.js';
import { spreadImages } from '../../../measures/spread.js';

/**
 * The critic's estimate of the Wasserstein distance between data and model, E critic(x) - E critic(G(z)), on images that
 * it was not trained on. Only a critic that is 1-Lipschitz and at its optimum gives the distance.
 */
export const criticEstimate: Measure<'generator'> = async (model, { splits }, { split, seed }) => {
  const examples = Math.min(1000, splits[split].size);
  const real = await model.score(spreadImages(splits[split], examples));
  const { images } = await model.sample(examples, { seed });
  const made = await model.score(images);
  const about = { split, examples, unit: 'score' };
  const value = mean(real) - mean(made);
  const standardError = Math.sqrt((variance(real) + variance(made)) / examples);
  return [{ name: 'wassersteinEstimate', value, standardError, ...about }];
};

/**
 * How sharp the images half-way between two samples are, as a part of the sharpness of the samples themselves: 1 for
 * interpolation in a latent space whose every point is an image, less for the cross-fade in data space. Sharpness is the
 * mean absolute difference of neighbouring pixels.
 */
export const interpolationSharpness: Measure<'generator'> = async (model, _data, { split, seed }) => {
  const pairs = 200;
  const { z } = await model.sample(2 * pairs, { seed });
  const size = z.data.length / 2;
  const [a, b] = [z.data.slice(0, size), z.data.slice(size)];
  const measurements = [];
  for (const space of ['latent', 'data'] as const) {
    const { images } = await model.interpolate(a, b, { steps: 3, space });
    const sharpness = [0, 0, 0];
    const pixels = images.data.length / (3 * pairs);
    for (let i = 0; i < 3 * pairs; i++) {
      sharpness[i % 3]! += totalVariation(
        images.data.subarray(i * pixels, (i + 1) * pixels),
        model.manifest.serve.image,
      );
    }
    const value = (2 * sharpness[1]!) / (sharpness[0]! + sharpness[2]!);
    measurements.push({ name: `${space}MidpointSharpness`, value, unit: 'of the ends', split, examples: pairs });
  }
  return measurements;
};

/** Sum of the absolute differences between neighbouring pixels. */
function totalVariation(pixels: Float32Array, image: { height: number; width: number; channels: number }): number {
  const { height, width, channels } = image;
  let sum = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      for (let channel = 0; channel < channels; channel++) {
        const at = (row * width + column) * channels + channel;
        if (column + 1 < width) sum += Math.abs(pixels[at + channels]! - pixels[at]!);
        if (row + 1 < height) sum += Math.abs(pixels[at + width * channels]! - pixels[at]!);
      }
    }
  }
  return sum;
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function variance(values: Float32Array): number {
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
}
