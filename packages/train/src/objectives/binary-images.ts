import type { StepRandom, tf } from '@onnx-forge/export';
import { type OptionSpec, oneOf } from '../options/option.js';
import { sampleBernoulli } from './sample-bernoulli.js';

/** How a recipe makes grey images black and white, as its `prepare` does by `binarise`; images that are binary already stay so. */
export interface BinarisationOptions {
  readonly binarisation: 'threshold' | 'stochastic' | 'dynamic';
}

/** The option of a recipe that `binarise` and {@link binaryImages} read. */
export function binarisationOptions(): { binarisation: OptionSpec<BinarisationOptions['binarisation']> } {
  return { binarisation: oneOf<BinarisationOptions['binarisation']>('threshold', 'stochastic', 'dynamic') };
}

/**
 * A batch of images for a step, [batch, pixels]: with `dynamic` drawn anew from the grey ones each time that they are used
 * (Burda et al. 2016), else as they were prepared.
 */
export function binaryImages(x: tf.Tensor, rng: StepRandom, { binarisation }: BinarisationOptions): tf.Tensor {
  return binarisation === 'dynamic' ? sampleBernoulli(x, rng) : x;
}
