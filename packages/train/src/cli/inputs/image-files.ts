import { type ClassifierModel, type EmbeddingModel, InputError } from '@onnx-forge/infer';
import { readRegularFile } from '@onnx-forge/infer/node-files';
import type { DataReference } from '../../data/data-set.js';
import { decodeImage } from '../../data/formats/image.js';
import type { RasterImage } from '../../data/formats/raster.js';
import { changeImage, type ImageOptions } from '../../data/loader/change-image.js';
import type { Size } from '../../data/prepare/resample.js';
import { imageOptions } from '../../data/sources/options.js';
import { messageOf, UsageError } from '../errors.js';

/**
 * PNG, JPEG and PGM files as a model takes images: [pixels] each, in the model's range. For a run on a user's own images they are
 * changed as those were: by the options of the data, and where the recipe itself made them fit, to its size.
 *
 * @throws UsageError a file that can't be read; FormatError one that is no image; InputError another size or other
 *   colours than the model's
 */
export async function readImages(
  files: readonly string[],
  { location, manifest }: EmbeddingModel | ClassifierModel,
): Promise<Float32Array[]> {
  const { height, width, channels, range } = manifest.serve.image;
  const { reference } = manifest.data;
  const changes = reference ? changesOf(reference, { height, width }) : [];
  return Promise.all(
    files.map(async (file) => {
      const bytes = await readRegularFile(file).catch((error: unknown) => {
        throw new UsageError(`${file} can't be read: ${messageOf(error)}`, { file });
      });
      const original: RasterImage = decodeImage({ file, bytes });
      const image = changes.reduce(changeImage, original);
      if (image.height !== height || image.width !== width || image.channels !== channels) {
        const found = describe(original.width, original.height, original.channels);
        const wanted = describe(width, height, channels);
        throw new InputError(
          `${file} is ${found}, but ${location} takes ${wanted}: change it, or name its folder by --data`,
          { file, found: original, wanted },
        );
      }
      const [low, high] = range;
      return Float32Array.from(image.data, (byte) => low + (high - low) * (byte / 255));
    }),
  );
}

/** The data's options, and then the size of the model, if no option says one. */
function changesOf(reference: DataReference, model: Size): ImageOptions[] {
  const { columns: _, ...options } = reference.options ?? {};
  const own = imageOptions({ ...reference, options });
  return own.resize ? [own] : [own, { resize: model }];
}

function describe(width: number, height: number, channels: number): string {
  return `${width} x ${height} pixels ${channels === 1 ? 'in grey' : channels === 3 ? 'in colour' : `of ${channels} channels`}`;
}
