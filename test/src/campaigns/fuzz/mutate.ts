import type { Random } from '@onnx-forge/infer';

/** A change of an input. The input stays as it is: `slice` of a Buffer, which seeds of files are, would not copy it. */
export type Mutation = (random: Random, input: Uint8Array, words: readonly (string | Uint8Array)[]) => Uint8Array;

/** Larger inputs are cut: speed matters more. */
const LONGEST = 1 << 16;

/** Sizes and counts at which programs go wrong. */
const NUMBERS = [
  0,
  1,
  2,
  7,
  8,
  127,
  128,
  255,
  256,
  511,
  512,
  32_767,
  32_768,
  65_535,
  65_536,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];

export function place(random: Random, length: number): number {
  return random.integer(Math.max(1, length));
}

export function chosen<T>(random: Random, from: readonly T[]): T {
  return from[random.integer(from.length)]!;
}

export function splice(input: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array {
  const rest = Math.min(at + removed, input.length);
  const out = new Uint8Array(Math.min(LONGEST, at + added.length + input.length - rest));
  out.set(input.subarray(0, Math.min(at, out.length)));
  out.set(added.subarray(0, Math.max(0, out.length - at)), Math.min(at, out.length));
  const end = at + added.length;
  if (end < out.length) out.set(input.subarray(rest, rest + out.length - end), end);
  return out;
}

const flipBit: Mutation = (random, input) => {
  const out = Uint8Array.from(input);
  if (out.length > 0) out[place(random, out.length)]! ^= 1 << random.integer(8);
  return out;
};

const setByte: Mutation = (random, input) => {
  const out = Uint8Array.from(input);
  if (out.length > 0) out[place(random, out.length)] = random.integer(256);
  return out;
};

/** A number of 1, 2, 4 or 8 bytes in either order; half of the time near the beginning, where headers are. */
const setNumber: Mutation = (random, input) => {
  const size = chosen(random, [1, 2, 4, 8]);
  if (input.length < size) return input;
  const out = Uint8Array.from(input);
  const range = random.uniform() < 0.5 ? Math.min(64, out.length) : out.length;
  const at = place(random, Math.max(1, range - size + 1));
  const view = new DataView(out.buffer, at, size);
  const value = chosen(random, NUMBERS);
  const little = random.uniform() < 0.5;
  if (size === 1) view.setUint8(0, value);
  else if (size === 2) view.setUint16(0, value, little);
  else if (size === 4) view.setUint32(0, value, little);
  else view.setBigUint64(0, random.uniform() < 0.2 ? 2n ** 63n : BigInt(value), little);
  return out;
};

const cut: Mutation = (random, input) => input.slice(0, place(random, input.length));

const remove: Mutation = (random, input) => {
  const at = place(random, input.length);
  return splice(input, at, 1 + random.integer(1 + Math.min(64, input.length)), new Uint8Array());
};

const repeat: Mutation = (random, input) => {
  const at = place(random, input.length);
  const part = input.subarray(at, at + 1 + random.integer(1 + Math.min(256, input.length)));
  return splice(input, place(random, input.length), 0, part);
};

const insertNoise: Mutation = (random, input) => {
  const noise = Uint8Array.from({ length: 1 + random.integer(16) }, () => random.integer(256));
  return splice(input, place(random, input.length + 1), 0, noise);
};

const append: Mutation = (random, input) =>
  splice(input, input.length, 0, new Uint8Array(1 + random.integer(600)).fill(chosen(random, [0, 0x20, 0xff, 0x0a])));

const insertWord: Mutation = (random, input, words) => {
  if (words.length === 0) return setByte(random, input, words);
  const word = chosen(random, words);
  const bytes = typeof word === 'string' ? Buffer.from(word) : word;
  const replaced = random.uniform() < 0.5 ? bytes.length : 0;
  return splice(input, place(random, input.length + 1), replaced, bytes);
};

/** Another number where digits stand. */
const changeDigits: Mutation = (random, input) => {
  const text = Buffer.from(input).toString('latin1');
  const found = [...text.slice(0, 4096).matchAll(/-?\d+(\.\d+)?/g)];
  if (found.length === 0) return input;
  const match = chosen(random, found);
  const number = chosen(random, [
    '0',
    '-1',
    '1e999',
    '1.5',
    '9007199254740993',
    '4294967296',
    '99999999999999999999',
    '',
  ]);
  return splice(input, match.index, match[0].length, Buffer.from(number));
};

/** Changes that fit any bytes. */
export const MUTATE_BYTES: readonly Mutation[] = [
  flipBit,
  setByte,
  setNumber,
  setNumber,
  cut,
  remove,
  repeat,
  insertNoise,
  append,
  insertWord,
  insertWord,
  changeDigits,
];
