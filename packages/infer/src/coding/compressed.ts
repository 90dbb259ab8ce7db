import { InputError } from '../errors.js';
import type { AnsMessage } from './ans.js';

/** A file of images that a model has compressed. */
export interface Compressed {
  /** Bits of a latent dimension's bins. */
  readonly latentBits: number;
  /** Of the words that the first image borrowed bits from. */
  readonly seed: number;
  readonly images: number;
  /** First 8 bytes of the sha256 of the graphs that compressed it. */
  readonly model: Uint8Array;
  readonly message: AnsMessage;
}

/** `OFBB`, version 1. */
const MAGIC = [0x4f, 0x46, 0x42, 0x42, 1] as const;
const HEADER = 36;

/**
 * Little-endian: `OFBB` and the version (5 bytes), latent bits (1), two zeros, seed (float64), images (uint32), model (8),
 * head (float64), then words of 16 bits.
 */
export function encodeCompressed({ latentBits, seed, images, model, message }: Compressed): Uint8Array {
  const { head, words } = message;
  const bytes = new Uint8Array(HEADER + 2 * words.length);
  bytes.set([...MAGIC, latentBits]);
  const view = new DataView(bytes.buffer);
  view.setFloat64(8, seed, true);
  view.setUint32(16, images, true);
  bytes.set(model.subarray(0, 8), 20);
  view.setFloat64(28, head, true);
  words.forEach((word, at) => {
    view.setUint16(HEADER + 2 * at, word, true);
  });
  return bytes;
}

/** @throws InputError when the bytes are no such file, or a damaged one */
export function decodeCompressed(bytes: Uint8Array): Compressed {
  const refuse = (what: string): InputError => new InputError(`compressed images: ${what}`, { bytes: bytes.length });
  if (bytes.length < HEADER || MAGIC.slice(0, 4).some((byte, at) => bytes[at] !== byte)) {
    throw refuse('these bytes are no file of compress()');
  }
  if (bytes[4] !== MAGIC[4]) throw refuse(`this version reads format ${MAGIC[4]}, not ${bytes[4]}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [latentBits, seed, images, head] = [
    bytes[5]!,
    view.getFloat64(8, true),
    view.getUint32(16, true),
    view.getFloat64(28, true),
  ];
  const sound =
    latentBits >= 1 &&
    latentBits <= 16 &&
    Number.isSafeInteger(seed) &&
    Number.isInteger(head) &&
    head >= 2 ** 32 &&
    head < 2 ** 48 &&
    bytes[6] === 0 &&
    bytes[7] === 0 &&
    (bytes.length - HEADER) % 2 === 0;
  if (!sound) throw refuse('the file is damaged or cut off');
  const words = Uint16Array.from({ length: (bytes.length - HEADER) / 2 }, (_, at) =>
    view.getUint16(HEADER + 2 * at, true),
  );
  return { latentBits, seed, images, model: bytes.slice(20, 28), message: { head, words } };
}
