import { InputError } from '@onnx-forge/infer';
import { type Frame, GifReader } from 'omggif';
import { decodeLzw } from './lzw.js';

/** The frames of a GIF. */
export interface GifFrames {
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  /** [frames, height, width, 3], 0 to 255. */
  readonly data: Uint8Array;
}

/** First row and distance of rows, of the passes of an interlaced frame. */
const PASSES = [
  [0, 8],
  [4, 8],
  [2, 4],
  [1, 2],
] as const;

/** The most bytes that LZW's codes of 12 bits pack into one, for each of three channels. */
const LZW_RATIO = 3 * 2730;

/** Room for pictures is made without looking at what the file holds up to this, and never beyond that. */
const [SMALL, LARGEST] = [2 ** 26, 2 ** 30];

/** Room is made for the screen that the header claims, whatever the frames draw of it. */
function requirePossibleSize(size: number, bytes: number): void {
  if (size <= Math.min(LARGEST, SMALL + LZW_RATIO * bytes)) return;
  throw new Error(`its frames have ${size} bytes together, more than ${bytes} bytes can hold, or than ${LARGEST}`);
}

/**
 * Decodes a GIF as TensorFlow does: each frame is drawn over the one before it, whatever its disposal method says; what no
 * frame has drawn is black.
 *
 * @throws InputError it is damaged or cut off
 */
export function decodeGif(bytes: Uint8Array): GifFrames {
  try {
    const reader = new GifReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    const [frames, { width, height }] = [reader.numFrames(), reader];
    if (frames === 0) throw new Error('it has no frame');
    const size = width * height * 3;
    requirePossibleSize(frames * size, bytes.length);
    const data = new Uint8Array(frames * size);
    for (let frame = 0; frame < frames; frame++) {
      const canvas = data.subarray(frame * size, (frame + 1) * size);
      if (frame > 0) canvas.set(data.subarray((frame - 1) * size, frame * size));
      drawFrame(bytes, reader.frameInfo(frame), canvas, { width, height });
    }
    return { frames, width, height, data };
  } catch (error) {
    // The reader looks for what isn't there.
    const reason = error instanceof TypeError ? 'a part of it is missing' : (error as Error).message;
    throw new InputError(`the GIF is damaged or cut off: ${reason}`, {}, { cause: error });
  }
}

function drawFrame(
  bytes: Uint8Array,
  frame: Frame,
  canvas: Uint8Array,
  image: { readonly width: number; readonly height: number },
): void {
  const { x, y, width, height, palette_offset: palette, palette_size: colors, transparent_index: transparent } = frame;
  if (x + width > image.width || y + height > image.height) throw new Error('a frame is larger than the image');
  if (palette === null || colors === null) throw new Error('a frame has no palette');
  const pixels = decodeLzw(joined(bytes, frame.data_offset + 1), bytes[frame.data_offset]!, width * height);
  let at = 0;
  for (const row of rowsOf(height, frame.interlaced)) {
    for (let column = 0; column < width; column++) {
      const index = pixels[at++]!;
      if (index === transparent) continue;
      if (index >= colors) throw new Error(`a pixel has color ${index} of ${colors}`);
      const to = ((y + row) * image.width + x + column) * 3;
      for (let channel = 0; channel < 3; channel++) canvas[to + channel] = bytes[palette + 3 * index + channel]!;
    }
  }
}

/** Data comes in blocks, each after its length; the last is empty. */
function joined(bytes: Uint8Array, offset: number): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (let at = offset; bytes[at]! > 0; at += bytes[at]! + 1) blocks.push(bytes.subarray(at + 1, at + 1 + bytes[at]!));
  return Buffer.concat(blocks);
}

/** The order that rows are stored in. */
function rowsOf(height: number, interlaced: boolean): number[] {
  const rows = (first: number, step: number) =>
    Array.from({ length: Math.max(0, Math.ceil((height - first) / step)) }, (_, i) => first + i * step);
  return interlaced ? PASSES.flatMap(([first, step]) => rows(first, step)) : rows(0, 1);
}
