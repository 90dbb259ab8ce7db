import { InputError } from '@onnx-forge/infer';

export type ImageType = 'jpeg' | 'png' | 'gif' | 'bmp';

const SIGNATURES: Readonly<Record<ImageType, readonly number[]>> = {
  jpeg: [0xff, 0xd8, 0xff],
  gif: [0x47, 0x49, 0x46, 0x38],
  png: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
  bmp: [0x42, 0x4d],
};

/**
 * The kind of an image file, by its first bytes.
 * @throws InputError another kind of file
 */
export function imageType(bytes: Uint8Array): ImageType {
  const kinds = Object.keys(SIGNATURES) as ImageType[];
  const found = kinds.find((kind) => SIGNATURES[kind].every((byte, i) => bytes[i] === byte));
  if (found) return found;
  const start = Buffer.from(bytes.subarray(0, 8)).toString('hex');
  const what = bytes.length === 0 ? 'no bytes' : `a file that begins with ${start}`;
  throw new InputError(`Expected image (BMP, JPEG, PNG, or GIF), but got unsupported image type: ${what}`);
}
