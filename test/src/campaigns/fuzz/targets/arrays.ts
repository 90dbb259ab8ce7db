import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { parseAmat, parseCifar, parseIdx, parseMat, parseSvhn, unpack } from '@onnx-forge/train/data';
import { idxBytes } from '../../../train/data/idx-bytes.js';
import { byteMatrix, compressed, matFile } from '../formats/mat.js';
import { MUTATE_BYTES, type Mutation, place } from '../mutate.js';
import type { OpenTarget } from '../target.js';

export const idx: OpenTarget = async () => ({
  name: 'idx',
  seeds: [
    idxBytes([2, 3], Uint8Array.of(1, 2, 3, 4, 5, 6)),
    idxBytes([], Uint8Array.of(7)),
    Buffer.from([0, 0, 13, 1, 0, 0, 0, 1, 0, 0, 0, 0]),
  ],
  words: [8, 9, 11, 12, 13, 14].map((type) => Uint8Array.of(0, 0, type, 2)),
  read: (bytes) => parseIdx({ file: 'x.idx', bytes }),
});

export const amat: OpenTarget = async () => ({
  name: 'amat',
  seeds: [Buffer.from('0 1 1\n1 0 0\n'), Buffer.from('1 1 1\r\n\n0 0 0')],
  words: ['0 1 0\n', '2', '0.0', '\t', '\r\n', '-1', '1e0'],
  read: (bytes) => parseAmat({ file: 'x.amat', bytes }, { columns: 3 }),
});

export const cifar: OpenTarget = async () => ({
  name: 'cifar',
  seeds: [new Uint8Array(3073).fill(3), new Uint8Array(2 * 3073).fill(9)],
  read: (bytes) => parseCifar({ file: 'x.bin', bytes }),
});

/** Changes within what is packed. */
function inside(unpackBytes: (input: Uint8Array) => Uint8Array, pack: (input: Uint8Array) => Uint8Array): Mutation {
  return (random, input, words) => {
    const change = MUTATE_BYTES[random.integer(MUTATE_BYTES.length)]!;
    try {
      return pack(change(random, unpackBytes(input), words));
    } catch {
      return change(random, input, words);
    }
  };
}

const BOUND = { maxOutputLength: 1 << 20 };

export const gzip: OpenTarget = async () => ({
  name: 'gzip',
  seeds: [gzipSync('hello hello hello'), gzipSync(Buffer.alloc(3000)), Buffer.from('plain')],
  words: [Uint8Array.of(0x1f, 0x8b, 8, 0x1f), Uint8Array.of(0x1f, 0x8b)],
  mutations: [
    inside(
      (input) => gunzipSync(input, BOUND),
      (input) => gzipSync(input),
    ),
  ],
  read: (bytes) => unpack({ file: 'x.gz', bytes }),
});

/** Tags of elements with another type or size. */
const tag: Mutation = (random, input) => {
  const out = Buffer.from(input);
  const at = 128 + 8 * place(random, Math.floor((out.length - 128) / 8));
  if (at + 8 > out.length) return input;
  if (random.uniform() < 0.5) out.writeUInt32LE(random.integer(20), at);
  else out.writeUInt32LE(random.uniform() < 0.5 ? random.integer(64) : 2 ** 32 - 1 - random.integer(16), at + 4);
  return out;
};

const packedElement = inside(
  (input) => inflateSync(input.subarray(136), BOUND),
  (input) => {
    const packed = deflateSync(input);
    const head = Buffer.alloc(8);
    head.writeUInt32LE(15, 0);
    head.writeUInt32LE(packed.length, 4);
    return Buffer.concat([matFile(), head, packed]);
  },
);

const X = byteMatrix('X', [32, 32, 3, 1], new Uint8Array(3072));
const Y = byteMatrix('y', [1, 1], Uint8Array.of(10));

export const mat: OpenTarget = async () => ({
  name: 'mat',
  seeds: [
    matFile(byteMatrix('ab', [1, 3], Uint8Array.of(1, 2, 255))),
    matFile(compressed(byteMatrix('ab', [2, 2], Uint8Array.of(1, 2, 3, 4)))),
  ],
  mutations: [tag, packedElement],
  read: (bytes) => parseMat({ file: 'x.mat', bytes }),
});

export const svhn: OpenTarget = async () => ({
  name: 'svhn',
  seeds: [matFile(compressed(X), compressed(Y)), matFile(X, Y)],
  mutations: [tag],
  read: (bytes) => parseSvhn({ file: 'x.mat', bytes }),
});
