import { type Float32Tensor, type ImageEntry, InputError } from '@onnx-forge/infer';
import { grid } from '@onnx-forge/viz';
import { z } from 'zod';
import { decodeImage } from '../../data/formats/image.js';

/** An image of a request: numbers in the model's range, or a PNG, JPEG or PGM file in base64. */
export type GivenImage = readonly number[] | string;

/** Up to so many images. */
export function imagesSchema(most: number): z.ZodType<readonly GivenImage[]> {
  const image = z
    .union([z.array(z.number()), z.base64()])
    .describe("numbers in the model's range, row by row, or a PNG, JPEG or PGM file in base64");
  return z.array(image).min(1).max(most);
}

/** Images as a model takes them, [pixels] each. @throws InputError a file of another size; FormatError one that is no image */
export function readImages(images: readonly GivenImage[], entry: ImageEntry): (readonly number[] | Float32Array)[] {
  return images.map((image, index) => (typeof image === 'string' ? decode(image, index, entry) : image));
}

function decode(base64: string, index: number, { height, width, channels, range }: ImageEntry): Float32Array {
  const file = `image ${index}`;
  const found = decodeImage({ file, bytes: Buffer.from(base64, 'base64') });
  if (found.height !== height || found.width !== width || found.channels !== channels) {
    const shape = (w: number, h: number, c: number) => `${w} x ${h} pixels in ${c === 1 ? 'grey' : 'colour'}`;
    const message = `${file} has ${shape(found.width, found.height, found.channels)}; the model takes ${shape(width, height, channels)}`;
    throw new InputError(message, { index });
  }
  const [low, high] = range;
  return Float32Array.from(found.data, (byte) => low + (byte / 255) * (high - low));
}

/** Images as lists of bytes, 0 to 255 over the model's range: [..., pixels] -> rows of pixels. */
export function imageBytes(
  { data }: Float32Tensor,
  { height, width, channels, range: [low, high] }: ImageEntry,
): number[][] {
  const size = height * width * channels;
  const byte = (value: number) => Math.min(255, Math.max(0, Math.round((255 * (value - low)) / (high - low))));
  return Array.from({ length: data.length / size }, (_, i) =>
    Array.from(data.subarray(i * size, (i + 1) * size), byte),
  );
}

/** The images as one PNG, so many in a row. */
export function imageGrid(
  { data }: Float32Tensor,
  { height, width, channels, range }: ImageEntry,
  columns?: number,
): Uint8Array {
  return grid(data, { height, width, channels: channels as 1 | 3, range, ...(columns !== undefined && { columns }) });
}
