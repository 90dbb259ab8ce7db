import { type ImageEntry, InputError } from '@onnx-forge/infer';

interface ImageFileOptions {
  readonly image: ImageEntry;
  /** Only black and white. */
  readonly binary: boolean;
  /** Dark becomes light. */
  readonly invert: boolean;
}

/**
 * The largest rectangle in the middle of a picture, scaled to a model's size, in its range: [height * width * channels]. Grey is
 * luma (ITU-R BT.601).
 *
 * @throws InputError when it is no image that the browser can read
 */
export async function imageOf(file: Blob, { image, binary, invert }: ImageFileOptions): Promise<Float32Array> {
  const bitmap = await createImageBitmap(file).catch((cause: Error) => {
    throw new InputError(`this is no image that the browser can read: ${cause.message}`, {});
  });
  const { width, height, channels, range } = image;
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.fillStyle = 'white';
  context.fillRect(0, 0, width, height);
  const scale = Math.min(bitmap.width / width, bitmap.height / height);
  const [w, h] = [scale * width, scale * height];
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, (bitmap.width - w) / 2, (bitmap.height - h) / 2, w, h, 0, 0, width, height);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const [low, high] = range;
  return Float32Array.from({ length: width * height * channels }, (_, i) => {
    const at = 4 * Math.floor(i / channels);
    const level =
      channels === 1
        ? (0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!) / 255
        : data[at + (i % channels)]! / 255;
    const seen = invert ? 1 - level : level;
    return low + (high - low) * (binary ? Math.round(seen) : seen);
  });
}
