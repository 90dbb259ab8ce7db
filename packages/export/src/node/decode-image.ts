import { InputError } from '@onnx-forge/infer';
import { tf } from '../tfjs.js';
import { decodeBmp as bmpPixels } from './images/bmp.js';
import { decodeGif as gifFrames } from './images/gif.js';
import type { Channels, ImageBytes } from './images/image-bytes.js';
import { type ImageType, imageType } from './images/image-type.js';
import { decodeJpeg as jpegPixels } from './images/jpeg.js';
import { sharedLibjpeg } from './images/libjpeg.js';
import { decodePng as pngPixels } from './images/png.js';

/**
 * Decodes a JPEG to int32 [height, width, channels]. As in TensorFlow a PNG, or a GIF of one frame, is decoded too.
 *
 * @param channels 0: those of the file, 1 (grey), or 3
 * @param ratio only 1: for smaller images, resize the result
 * @param fancyUpscaling only true
 * @param tryRecoverTruncated only false: a file that is cut off is refused
 * @param acceptableFraction has no effect without `tryRecoverTruncated`
 * @param dctMethod '', 'INTEGER_FAST' or 'INTEGER_ACCURATE'; all are computed accurately
 * @throws InputError (`bad-input`) an argument, or the file, is unusable
 */
export function decodeJpeg(
  contents: Uint8Array,
  channels = 0,
  ratio = 1,
  fancyUpscaling = true,
  tryRecoverTruncated = false,
  _acceptableFraction = 1,
  dctMethod = '',
): tf.Tensor3D {
  if (![1, 2, 4, 8].includes(ratio)) throw new InputError(`ratio must be 1, 2, 4, or 8, got ${ratio}`);
  if (ratio !== 1) {
    throw new InputError(
      `decodeJpeg: a ratio of ${ratio} is not supported: resize the result (tf.image.resizeBilinear)`,
    );
  }
  if (!fancyUpscaling) throw new InputError('decodeJpeg: fancyUpscaling false is not supported');
  if (tryRecoverTruncated) throw new InputError('decodeJpeg: tryRecoverTruncated is not supported');
  if (!['', 'INTEGER_FAST', 'INTEGER_ACCURATE'].includes(dctMethod)) {
    throw new InputError(`dct_method must be one of '', 'INTEGER_FAST', 'INTEGER_ACCURATE', got '${dctMethod}'`);
  }
  return decodeStill('decodeJpeg', contents, channels);
}

/**
 * Decodes a PNG to int32 [height, width, channels]; of 16 bits, the upper 8 are kept. As in TensorFlow a JPEG, or a GIF of
 * one frame, is decoded too.
 *
 * @param channels 0: those of the file, 1 (grey), 3, or 4 (with alpha)
 * @param dtype only 'int32'
 * @throws InputError (`bad-input`) an argument, or the file, is unusable
 */
export function decodePng(contents: Uint8Array, channels = 0, dtype = 'int32'): tf.Tensor3D {
  requireInt32(dtype);
  return decodeStill('decodePng', contents, channels);
}

/**
 * Decodes a BMP of 24 or 32 bits a pixel, or 8 bits of grey, to int32 [height, width, channels].
 *
 * @param channels 0: those of the file, 3, or 4 (with alpha)
 * @throws InputError (`bad-input`) an argument, or the file, is unusable
 */
export function decodeBmp(contents: Uint8Array, channels = 0): tf.Tensor3D {
  const found = typeOf('decodeBmp', contents);
  if (found !== 'bmp') throw new InputError(`decodeBmp: this is a ${found} file: use tf.node.decodeImage`);
  return tensorOf(pixelsOf(found, contents, channels));
}

/**
 * Decodes the frames of a GIF to int32 [frames, height, width, 3]. As in TensorFlow a PNG or JPEG is decoded too, as one frame.
 * @throws InputError (`bad-input`) the file is unusable
 */
export function decodeGif(contents: Uint8Array): tf.Tensor4D {
  const found = typeOf('decodeGif', contents);
  if (found === 'bmp') throw new InputError('decodeGif: this is a bmp file: use tf.node.decodeImage');
  if (found !== 'gif') return tf.tidy(() => tf.expandDims(tensorOf(pixelsOf(found, contents, 3)), 0) as tf.Tensor4D);
  const { frames, height, width, data } = gifFrames(contents);
  return tf.tensor4d(Int32Array.from(data), [frames, height, width, 3], 'int32');
}

/**
 * Decodes a BMP, JPEG, PNG or GIF, told apart by its first bytes.
 *
 * @param channels 0: those of the file; 1, 3 or 4 as far as the kind allows. Has no effect on a GIF, which has 3
 * @param dtype only 'int32'
 * @param expandAnimations whether a GIF becomes [frames, height, width, 3]; otherwise its first frame alone
 * @throws InputError (`bad-input`) an argument, or the file, is unusable
 */
export function decodeImage(
  content: Uint8Array,
  channels = 0,
  dtype = 'int32',
  expandAnimations = true,
): tf.Tensor3D | tf.Tensor4D {
  requireInt32(dtype);
  const found = typeOf('decodeImage', content);
  if (found !== 'gif') return tensorOf(pixelsOf(found, content, channels));
  const frames = decodeGif(content);
  if (expandAnimations) return frames;
  const first = tf.tidy(() => frames.slice(0, 1).squeeze<tf.Tensor3D>([0]));
  frames.dispose();
  return first;
}

function decodeStill(caller: string, contents: Uint8Array, channels: number): tf.Tensor3D {
  const found = typeOf(caller, contents);
  if (found === 'bmp') throw new InputError(`${caller}: this is a bmp file: use tf.node.decodeImage`);
  if (found !== 'gif') return tensorOf(pixelsOf(found, contents, channels));
  const { frames, ...image } = gifFrames(contents);
  if (frames > 1) throw new InputError(`${caller}: this is a GIF of ${frames} frames: use tf.node.decodeGif`);
  return tensorOf({ ...image, channels: 3 });
}

const TAKES: Readonly<Record<Exclude<ImageType, 'gif'>, readonly number[]>> = {
  jpeg: [0, 1, 3],
  png: [0, 1, 3, 4],
  bmp: [0, 3, 4],
};

function pixelsOf(type: Exclude<ImageType, 'gif'>, bytes: Uint8Array, channels: number): ImageBytes {
  if (!TAKES[type].includes(channels)) {
    throw new InputError(`channels of a ${type} image must be one of ${TAKES[type].join(', ')}, but got ${channels}`);
  }
  if (type === 'jpeg') return jpegPixels(sharedLibjpeg(), bytes, channels as 0 | 1 | 3);
  if (type === 'png') return pngPixels(bytes, channels as Channels);
  return bmpPixels(bytes, channels as 0 | 3 | 4);
}

function tensorOf({ height, width, channels, data }: ImageBytes): tf.Tensor3D {
  return tf.tensor3d(Int32Array.from(data), [height, width, channels], 'int32');
}

function typeOf(caller: string, contents: unknown): ImageType {
  if (contents instanceof Uint8Array) return imageType(contents);
  throw new InputError(`${caller} takes a Uint8Array (a Buffer, say), but got ${typeof contents}`);
}

function requireInt32(dtype: string): void {
  if (dtype === 'int32') return;
  throw new InputError('decodeImage could only return Tensor of type `int32` for now.');
}
