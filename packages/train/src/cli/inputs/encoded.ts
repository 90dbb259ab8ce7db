import { type GenerativeModel, InputError } from '@onnx-forge/infer';
import type { RunExamples } from './run-examples.js';

/** Means of the posteriors of images, one vector each. @throws InputError a model without an encoder, or one that also needs classes */
export async function encoded(
  model: GenerativeModel,
  examples: RunExamples,
  indices: readonly number[],
): Promise<Float32Array[]> {
  const { kind, location } = model;
  if (kind !== 'latent') {
    const message = `${location} is of kind ${kind}: only a latent-variable model finds the latent vector of an image, so leave out --data`;
    throw new InputError(message, { location, kind });
  }
  const { rowsOf } = await import('../../figures/images.js');
  const { mu } = await model.encode(examples.images(indices));
  return rowsOf(mu.data, indices.length);
}
