import { InputError } from '@onnx-forge/infer';
import { wholeNumber } from '@onnx-forge/infer/value-rule';
import type { tf } from '../tfjs.js';
import type { ImageBytes } from './images/image-bytes.js';
import { encodeJpeg as jpegBytes } from './images/jpeg.js';
import { sharedLibjpeg } from './images/libjpeg.js';
import { encodePng as pngBytes } from './images/png.js';

/**
 * Encodes a tensor as JPEG.
 *
 * @param image [height, width, 1 or 3], 0 to 255; fractions are cut off
 * @param format '': by the channels; 'grayscale' or 'rgb': must fit them
 * @param quality 0 to 100
 * @param progressive coarse first, then finer
 * @param optimizeSize has no effect: files are the same
 * @param chromaDownsampling whether colours have half the resolution of the luminance, both ways
 * @param xmpMetadata an XMP packet to embed
 * @throws InputError (`bad-input`) an argument, or the image, is unusable
 */
export async function encodeJpeg(
  image: tf.Tensor3D,
  format: '' | 'grayscale' | 'rgb' = '',
  quality = 95,
  progressive = false,
  _optimizeSize = false,
  chromaDownsampling = true,
  densityUnit: 'in' | 'cm' = 'in',
  xDensity = 300,
  yDensity = 300,
  xmpMetadata = '',
): Promise<Uint8Array> {
  const wanted = format === '' ? [1, 3] : [{ grayscale: 1, rgb: 3 }[format]];
  if (wanted[0] === undefined) throw new InputError(`format must be '', 'grayscale' or 'rgb', but got '${format}'`);
  requireWhole('quality', quality, 0, 100);
  requireWhole('xDensity', xDensity, 0, 65535);
  requireWhole('yDensity', yDensity, 0, 65535);
  if (densityUnit !== 'in' && densityUnit !== 'cm') {
    throw new InputError(`densityUnit must be 'in' or 'cm', but got '${densityUnit}'`);
  }
  const pixels = await bytesOf('encodeJpeg', image, wanted as number[]);
  const density = { unit: densityUnit, x: xDensity, y: yDensity };
  return jpegBytes(sharedLibjpeg(), pixels, { quality, progressive, chromaDownsampling, density, xmp: xmpMetadata });
}

/**
 * Encodes a tensor as PNG of 8 bits.
 *
 * @param image [height, width, 1 to 4], 0 to 255; fractions are cut off
 * @param compression level of zlib's compression, 0 to 9; -1: its default
 * @throws InputError (`bad-input`) an argument, or the image, is unusable
 */
export async function encodePng(image: tf.Tensor3D, compression = 1): Promise<Uint8Array> {
  requireWhole('compression', compression, -1, 9);
  return pngBytes(await bytesOf('encodePng', image, [1, 2, 3, 4]), compression);
}

async function bytesOf(caller: string, image: tf.Tensor3D, channels: readonly number[]): Promise<ImageBytes> {
  const { shape, dtype } = image;
  const [height, width, depth] = shape;
  if (shape.length !== 3 || !channels.includes(depth) || height === 0 || width === 0) {
    throw new InputError(
      `${caller} takes a tensor [height, width, channels] of ${channels.join(' or ')} channels, but got [${shape.join(', ')}]`,
    );
  }
  if (dtype === 'string' || dtype === 'complex64') throw new InputError(`${caller} can't encode a ${dtype} tensor`);
  const values = await image.data();
  const data = new Uint8Array(values.length);
  for (const [i, value] of values.entries()) {
    const whole = Math.trunc(value);
    if (!(whole >= 0 && whole <= 255))
      throw new InputError(`${caller}: pixel values must be 0 to 255, but one is ${value}`);
    data[i] = whole;
  }
  return { height, width, channels: depth as ImageBytes['channels'], data };
}

function requireWhole(name: string, value: number, from: number, to: number): void {
  const rule = wholeNumber({ least: from, most: to });
  if (!rule.accepts(value)) throw new InputError(`${name} must be ${rule.expects}, but got ${value}`);
}
