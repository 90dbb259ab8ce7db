import { type ClassifierModel, type EmbeddingModel, InputError } from '@onnx-forge/infer';
import { readRegularFile } from '@onnx-forge/infer/node-files';
import { decodeImage } from '../../data/formats/image.js';
import { messageOf, UsageError } from '../errors.js';

/**
 * PNG, JPEG and PGM files as a model takes images: [pixels] each, in the model's range.
 *
 * @throws UsageError a file that can't be read; FormatError one that is no image; InputError another size or other
 *   colours than the model's
 */
export async function readImages(
  files: readonly string[],
  { location, manifest }: EmbeddingModel | ClassifierModel,
): Promise<Float32Array[]> {
  const { height, width, channels, range } = manifest.serve.image;
  return Promise.all(
    files.map(async (file) => {
      const bytes = await readRegularFile(file).catch((error: unknown) => {
        throw new UsageError(`${file} can't be read: ${messageOf(error)}`, { file });
      });
      const image = decodeImage({ file, bytes });
      if (image.height !== height || image.width !== width || image.channels !== channels) {
        const found = describe(image.width, image.height, image.channels);
        const wanted = describe(width, height, channels);
        throw new InputError(
          `${file} is ${found}, but ${location} takes ${wanted}: change it, or name its folder by --data`,
          { file, found: image, wanted },
        );
      }
      const [low, high] = range;
      return Float32Array.from(image.data, (byte) => low + (high - low) * (byte / 255));
    }),
  );
}

function describe(width: number, height: number, channels: number): string {
  return `${width} x ${height} pixels ${channels === 1 ? 'in grey' : channels === 3 ? 'in colour' : `of ${channels} channels`}`;
}
