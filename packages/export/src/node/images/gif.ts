import { InputError } from '@onnx-forge/infer';
import { GifReader } from 'omggif';

/** The frames of a GIF. */
export interface GifFrames {
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  /** [frames, height, width, 3], 0 to 255. */
  readonly data: Uint8Array;
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
    const canvas = new Uint8Array(width * height * 4);
    const data = new Uint8Array(frames * width * height * 3);
    for (let frame = 0, to = 0; frame < frames; frame++) {
      const { x, y, width: across, height: down } = reader.frameInfo(frame);
      if (x + across > width || y + down > height) throw new Error(`frame ${frame} is larger than the image`);
      reader.decodeAndBlitFrameRGBA(frame, canvas);
      for (let from = 0; from < canvas.length; from += 4, to += 3) {
        data[to] = canvas[from]!;
        data[to + 1] = canvas[from + 1]!;
        data[to + 2] = canvas[from + 2]!;
      }
    }
    return { frames, width, height, data };
  } catch (error) {
    throw new InputError(`the GIF is damaged or cut off: ${(error as Error).message}`, {}, { cause: error });
  }
}
