import { InputError } from '@onnx-forge/infer';
import type { ImageBytes } from './image-bytes.js';
import type { Libjpeg } from './libjpeg.js';

/** As in TensorFlow: larger images are refused, a small file can claim any size. */
const MOST_VALUES = 2 ** 29;
/** Of a side, in whole blocks: libjpeg takes 65500 pixels. */
const MOST_PIXELS = 65496;

/**
 * Decodes a grey or colour JPEG, with libjpeg's smooth upsampling of the colours.
 *
 * @param channels 0: those of the file, 1, or 3
 * @throws InputError it is damaged, cut off, or CMYK
 */
export function decodeJpeg(codec: Libjpeg, bytes: Uint8Array, channels: 0 | 1 | 3 = 0): ImageBytes {
  const { width, height, components } = frameOf(bytes);
  if (components !== 1 && components !== 3) {
    throw new InputError(`a JPEG must be grey or colour, but this one has ${components} components (CMYK): convert it`);
  }
  if (width * height * components >= MOST_VALUES) {
    throw new InputError(`a JPEG of ${width} x ${height} pixels is too large`);
  }
  const decoder = new codec.JPEGDecoder();
  try {
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    attempt('the JPEG is damaged or cut off', () => decoder.decode());
    const wanted = channels === 0 ? components : channels;
    const data = converted(decoder.getDecodedBuffer(), components, wanted);
    return { width, height, channels: wanted, data };
  } finally {
    decoder.delete();
  }
}

/** How a JPEG is to be written. */
export interface JpegOptions {
  /** 0 to 100. */
  readonly quality: number;
  /** Coarse first, then finer. */
  readonly progressive: boolean;
  /** Whether colours have half the resolution of the luminance, both ways. */
  readonly chromaDownsampling: boolean;
  /** Pixels per inch or centimetre. */
  readonly density: { readonly unit: 'in' | 'cm'; readonly x: number; readonly y: number };
  /** An XMP packet to embed; empty: none. */
  readonly xmp: string;
}

/**
 * @param image of 1 or 3 channels
 * @throws InputError it is too large for a JPEG
 */
export function encodeJpeg(codec: Libjpeg, image: ImageBytes, options: JpegOptions): Uint8Array {
  const { width, height, channels } = image;
  if (Math.max(width, height) > MOST_PIXELS) {
    throw new InputError(
      `an image of ${width} x ${height} pixels is too large for a JPEG: at most ${MOST_PIXELS} a side`,
    );
  }
  const encoder = new codec.JPEGEncoder();
  try {
    encoder.setQuality(options.quality);
    encoder.setProgressive(options.progressive);
    encoder.setSubSampling(channels === 1 ? 3 : options.chromaDownsampling ? 2 : 0);
    const whole = wholeBlocks(image);
    // The codec gives the file as much room as the pixels take, and does not look. A file can be larger: by libjpeg-turbo's
    // tjBufSize at most twice as large and 2048 bytes, and below 1000 for a block. So a sample claims more bytes than the one
    // that is read; 31 is the most that can be said.
    const sampleBytes = Math.min(31, 2 + Math.ceil(2048 / whole.data.length));
    const size = { width: whole.width, height: whole.height };
    const frame = { ...size, bitsPerSample: 8 * sampleBytes, componentCount: channels, isSigned: false };
    encoder.getDecodedBuffer(frame).set(whole.data);
    attempt(`an image of ${width} x ${height} pixels can't be encoded as JPEG`, () => encoder.encode());
    const file = new Uint8Array(encoder.getEncodedBuffer());
    const view = new DataView(file.buffer);
    view.setUint16(frameAt(file) + 5, height);
    view.setUint16(frameAt(file) + 7, width);
    return withMetadata(file, options);
  } finally {
    encoder.delete();
  }
}

/** The image with its edges repeated up to whole blocks of 8 x 8 pixels, which is what a JPEG holds anyway. */
function wholeBlocks({ width, height, channels, data }: ImageBytes): ImageBytes {
  const [across, down] = [Math.ceil(width / 8) * 8, Math.ceil(height / 8) * 8];
  const whole = new Uint8Array(across * down * channels);
  const line = across * channels;
  for (let row = 0; row < down; row++) {
    const from = Math.min(row, height - 1) * width * channels;
    whole.set(data.subarray(from, from + width * channels), row * line);
    const edge = row * line + width * channels;
    for (let at = edge; at < (row + 1) * line; at++) whole[at] = whole[at - channels]!;
  }
  return { width: across, height: down, channels, data: whole };
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly components: number;
}

function frameOf(bytes: Uint8Array): Frame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = frameAt(bytes);
  return { height: view.getUint16(at + 5), width: view.getUint16(at + 7), components: bytes[at + 9]! };
}

/** Where the frame header (ITU T.81, B.2.2) begins, after the segments before it. */
function frameAt(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 2; at + 10 <= bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1]!;
    // C0 to CF are frames, but for the tables C4 and CC and the reserved C8; FF fills.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) return at;
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
  throw new InputError('the JPEG is damaged or cut off: it has no frame header');
}

/** The codec throws numbers: addresses of messages in its memory. */
function attempt(failure: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw new InputError(failure, {}, { cause: error });
  }
}

function converted(data: Uint8Array, from: 1 | 3, to: 1 | 3): Uint8Array {
  if (from === to) return new Uint8Array(data);
  const pixels = data.length / from;
  if (to === 3) return Uint8Array.from({ length: 3 * pixels }, (_, i) => data[Math.floor(i / 3)]!);
  return Uint8Array.from({ length: pixels }, (_, i) =>
    Math.round(0.299 * data[3 * i]! + 0.587 * data[3 * i + 1]! + 0.114 * data[3 * i + 2]!),
  );
}

/** Bytes 13 to 17 of a JFIF file are its density; its header is 20 bytes long, and application segments follow it. */
function withMetadata(file: Uint8Array, { density, xmp }: JpegOptions): Uint8Array {
  const view = new DataView(file.buffer);
  view.setUint8(13, density.unit === 'in' ? 1 : 2);
  view.setUint16(14, density.x);
  view.setUint16(16, density.y);
  if (xmp === '') return file;
  const packet = Buffer.from(`http://ns.adobe.com/xap/1.0/\0${xmp}`);
  if (packet.length > 65533) throw new InputError(`XMP metadata of ${packet.length} bytes: a JPEG holds at most 65533`);
  const segment = Buffer.from([0xff, 0xe1, (packet.length + 2) >> 8, (packet.length + 2) & 255]);
  return new Uint8Array(Buffer.concat([file.subarray(0, 20), segment, packet, file.subarray(20)]));
}
