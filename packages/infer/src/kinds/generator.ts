import { type Examples, toRows } from '../arrays/examples.js';
import type { ManifestOf } from '../manifest/base.js';
import { withoutEval, z } from '../manifest/schema.js';
import type { Decoder, Samples } from '../methods/latent-space.js';
import { mapRows, rowsPerCall } from '../methods/rows.js';
import type { CallOptions, Work } from '../methods/work.js';
import { pixelsOf } from './facts.js';
import type { Kind } from './kind.js';
import { type LatentServe, latentServe, UnconditionalModel } from './latent-variable.js';

export const generator: Kind<'generator', LatentServe, GeneratorModel> = {
  kind: 'generator',
  serve: withoutEval(() => z.looseObject(latentServe)),
  roles({ serve: { latentDim, image } }) {
    const x = ['batch', pixelsOf(image)];
    return {
      generate: { required: true, inputs: { z: ['batch', latentDim] }, outputs: { image: x } },
      discriminate: { inputs: { x }, outputs: { logit: 'any' } },
    };
  },
  create: (context) => new GeneratorModel(context),
};

/** An implicit generative model (a GAN): it samples, and its discriminator scores images. */
export class GeneratorModel extends UnconditionalModel<ManifestOf<'generator', LatentServe>> {
  readonly kind = 'generator';

  /** g(z), [n, pixels]. */
  generate(z: Examples, options: CallOptions = {}): Promise<Samples> {
    return this.call('generate', options, async (work) => {
      const decoder = this.imagesOf(work);
      const rows = toRows(z, { name: 'z', size: decoder.latentDim });
      return {
        z: { type: 'float32', data: rows.data, dims: [rows.count, decoder.latentDim] },
        images: await decoder.decode(rows),
      };
    });
  }

  /** The discriminator's logit (or the critic's value) for each image; larger is more real. */
  score(images: Examples, options: CallOptions = {}): Promise<Float32Array> {
    return this.call('score', options, async (work) => {
      const session = this.graph('discriminate');
      const size = this.pixels;
      const rows = toRows(images, { name: 'images', size });
      const { logit } = await mapRows(work, session, 'x', rows, ['logit'], rowsPerCall(session, size));
      return logit.data;
    });
  }

  protected imagesOf(work: Work): Decoder {
    return this.decoder(work, 'generate', 'image');
  }
}
