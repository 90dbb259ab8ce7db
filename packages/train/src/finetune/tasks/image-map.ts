import {
  defineKind,
  type Examples,
  type Float32Tensor,
  type ImageEntry,
  type Kind,
  type ManifestOf,
  mapRows,
  rowsPerCall,
  ServedModel,
  toRows,
} from '@onnx-forge/infer';
import { z } from 'zod';

/** Facts for using a model that gives numbers for images. */
export interface ImageMapServe {
  readonly image: ImageEntry;
  /** Sizes of its output for an image. */
  readonly size: readonly number[];
}

/** A model that gives numbers for images, such as a denoiser or a regressor: fine-tuned by the mean squared error, say. */
export class ImageMapModel extends ServedModel<ManifestOf<'image-map', ImageMapServe>> {
  readonly kind = 'image-map';

  /** The output for images [n, pixels] in the range of `manifest.serve.image`: [n, numbers]. */
  map(images: Examples): Promise<Float32Tensor> {
    return this.call('map', {}, async (work) => {
      const { image } = this.manifest.serve;
      const size = image.height * image.width * image.channels;
      const session = this.graph('map');
      const rows = toRows(images, { name: 'images', size, range: image.range });
      return (await mapRows(work, session, 'x', rows, ['y'], rowsPerCall(session, size))).y;
    });
  }
}

const count = z.int().positive();

const serve: z.ZodType<ImageMapServe> = z.object({
  image: z.object({ height: count, width: count, channels: count, range: z.tuple([z.number(), z.number()]) }),
  size: z.array(count),
});

/** The kind of models that give numbers for images: `load(run, { kinds: [imageMap] })`. */
export const imageMap: Kind<'image-map', ImageMapServe, ImageMapModel> = defineKind({
  kind: 'image-map',
  serve,
  roles: ({ serve: { image, size } }) => ({
    map: {
      required: true,
      inputs: { x: ['batch', image.height * image.width * image.channels] },
      outputs: { y: ['batch', ...size] },
    },
  }),
  create: (context) => new ImageMapModel(context),
});
