import { InputError } from '@onnx-forge/infer';
import { PNG } from 'pngjs';
import type { Channels, ImageBytes } from './image-bytes.js';

/** Result of pngjs, beyond its declared type: 16-bit samples stay, the transparent colour is in the file's units. */
interface ParsedPng {
  readonly width: number;
  readonly height: number;
  readonly depth: 1 | 2 | 4 | 8 | 16;
  readonly colorType: 0 | 2 | 3 | 4 | 6;
  readonly transColor?: readonly number[];
  /** Red, green, blue, alpha of each pixel. */
  readonly data: Uint8Array | Uint16Array;
}

/** As in TensorFlow, in values of four channels. */
const MOST_PIXELS = 2 ** 27;

/** The most bytes that deflate packs into one. */
const DEFLATE_RATIO = 1032;

const PALETTE = 3;
const FILE_CHANNELS = { 0: 1, 2: 3, 3: 3, 4: 2, 6: 4 } as const;

/**
 * Decodes a PNG as TensorFlow does: 16 bits are cut to the upper 8, a palette is colour (with alpha if the file has a `tRNS`
 * chunk), a transparent colour shows only where alpha is asked for, and grey is the truncated ITU-R 601 sum.
 *
 * @throws InputError it is damaged or cut off
 */
export function decodePng(bytes: Uint8Array, channels: Channels = 0): ImageBytes {
  const png = parse(bytes);
  const { width, height, depth, colorType, data } = png;
  const inFile = colorType === PALETTE && hasChunk(bytes, 'tRNS') ? 4 : FILE_CHANNELS[colorType];
  const wanted = channels === 0 ? inFile : channels;
  const toByte = byteOf(colorType === PALETTE ? 8 : depth);
  const [clearRed = 0, clearGreen = clearRed, clearBlue = clearRed] = png.transColor ?? [];
  const isGrey = colorType === 0 || colorType === 4;
  const out = new Uint8Array(width * height * wanted);
  for (let from = 0, to = 0; from < data.length; from += 4, to += wanted) {
    // pngjs blackens pixels of the transparent colour.
    const isClear = png.transColor !== undefined && data[from + 3] === 0;
    const red = toByte(isClear ? clearRed : data[from]!);
    const green = toByte(isClear ? clearGreen : data[from + 1]!);
    const blue = toByte(isClear ? clearBlue : data[from + 2]!);
    if (wanted < 3) {
      out[to] = isGrey ? red : luminance(red, green, blue);
    } else {
      out[to] = red;
      out[to + 1] = green;
      out[to + 2] = blue;
    }
    if (wanted % 2 === 0) out[to + wanted - 1] = toByte(data[from + 3]!);
  }
  return { width, height, channels: wanted, data: out };
}

/**
 * @param level of zlib's compression, 0 to 9; -1: its default
 */
export function encodePng({ width, height, channels, data }: ImageBytes, level: number): Uint8Array {
  const colorType = ({ 1: 0, 2: 4, 3: 2, 4: 6 } as const)[channels];
  const png = new PNG({ width: 1, height: 1 });
  Object.assign(png, { width, height, data: Buffer.from(data.buffer, data.byteOffset, data.byteLength) });
  return new Uint8Array(
    PNG.sync.write(png, { colorType, inputColorType: colorType, bitDepth: 8, deflateLevel: level } as object),
  );
}

function parse(bytes: Uint8Array): ParsedPng {
  requirePossibleSize(bytes);
  try {
    const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return PNG.sync.read(file, { skipRescale: true }) as unknown as ParsedPng;
  } catch (error) {
    // The reader looks for what isn't there.
    const reason = error instanceof TypeError ? 'a part of it is missing' : (error as Error).message;
    throw new InputError(`the PNG is damaged or cut off: ${reason}`, {}, { cause: error });
  }
}

function byteOf(depth: number): (sample: number) => number {
  if (depth === 16) return (sample) => sample >> 8;
  const most = 2 ** depth - 1;
  return (sample) => (sample * 255) / most;
}

/** libpng's fixed-point weights. */
function luminance(red: number, green: number, blue: number): number {
  return red === green && red === blue ? red : (9797 * red + 19234 * green + 3737 * blue) >> 15;
}

function hasChunk(bytes: Uint8Array, name: string): boolean {
  return !chunksOf(bytes, name).next().done;
}

/** Where the data of the chunks of a name are. They lie one after another from byte 8: length, name, data, checksum. */
function* chunksOf(bytes: Uint8Array, name: string): Generator<number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 8 <= bytes.length; at += 12 + view.getUint32(at)) {
    if (String.fromCharCode(...bytes.subarray(at + 4, at + 8)) === name) yield at + 8;
  }
}

/** pngjs makes room for the size that the header claims, which a small file can't hold: refused before. */
function requirePossibleSize(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [header = bytes.length, ...more] = chunksOf(bytes, 'IHDR');
  if (header + 13 > bytes.length || more.length > 0 || view.getUint32(header - 8) !== 13) {
    throw new InputError('the PNG is damaged or cut off: it must have one header, of 13 bytes');
  }
  const [width, height] = [view.getUint32(header), view.getUint32(header + 4)];
  if (width * height === 0) throw new InputError(`the PNG is ${width} x ${height} pixels: each must be at least 1`);
  // A pixel has one bit at least.
  if (width * height <= Math.min(MOST_PIXELS, 8 * DEFLATE_RATIO * bytes.length)) return;
  throw new InputError(
    `the PNG claims ${width} x ${height} pixels, more than its ${bytes.length} bytes can hold, or than ${MOST_PIXELS}`,
  );
}
