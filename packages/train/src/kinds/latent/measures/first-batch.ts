import { float32 } from '@onnx-forge/infer';
import { subset } from '../../../data/fields.js';
import type { Monitor } from '../../monitor.js';
import { validateBounds } from '../bounds.js';

/**
 * The ELBO of the first `batchSize` training images in the file's order (nats per image, one z each), before training
 * and after every epoch. A loop that goes through the file in order, and prints its loss at the start of each epoch,
 * prints this: the bound of the same few images each time, which is not that of the training set.
 */
export function firstBatchElbo({ latentDim }: { readonly latentDim: number }): Monitor<{ readonly batchSize: number }> {
  return async (graphs, { splits }, random, { batchSize }) => {
    const split = subset(splits.train, 0, Math.min(batchSize, splits.train.size));
    const { elbo } = await validateBounds({
      graphs,
      split: { size: split.size, fields: { x: split.fields.x! } },
      random,
      latentDim,
      inputs: ({ size, fields }) => ({
        x: float32(fields.x as Float32Array, [size, (fields.x as Float32Array).length / size]),
      }),
    });
    return { firstBatchElbo: elbo! };
  };
}
