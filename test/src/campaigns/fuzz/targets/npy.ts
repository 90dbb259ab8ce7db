import { parseNpy, parseNpz } from '@onnx-forge/train/data';
import { strToU8, zipSync } from 'fflate';
import { npyBytes } from '../../../train/data/npy-bytes.js';
import { repairZip, ZIP_WORDS } from '../formats/zip.js';
import { chosen, type Mutation } from '../mutate.js';
import type { OpenTarget } from '../target.js';

const ARRAYS = [
  npyBytes('<f4', [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)),
  npyBytes('|u1', [4], Uint8Array.of(1, 2, 3, 4)),
  npyBytes('<i8', [1, 2], BigInt64Array.of(1n, -2n)),
  npyBytes('<f8', [], Float64Array.of(0.5)),
];

const WORDS = [
  "'descr': '<f4'",
  "'descr': [('a', '<f4')]",
  "'>f4'",
  "'|O'",
  "'<c8'",
  "'|S5'",
  'True',
  '(0, 3)',
  '(99999999999, )',
  '(2, 3, )',
  '((',
  '\u0093NUMPY\u0002\u0000',
];

/** Another header of the right length. */
const header: Mutation = (random, input) => {
  const bytes = Buffer.from(input);
  if (bytes.length < 12) return input;
  const length = bytes.readUInt16LE(8);
  const shape = chosen(random, [
    '()',
    '(0,)',
    '(4294967296, 0)',
    '(1, 1, 1, 1, 1, 1)',
    '(-1,)',
    '(1e9,)',
    '(9007199254740993,)',
    '(2,3)',
    '(24,)',
  ]);
  const descr = chosen(random, ['<f4', '|u1', '|b1', '<i8', '<u8', '<f2', '>i4', 'toString', '__proto__']);
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`
    .padEnd(length - 1)
    .slice(0, length - 1);
  return Buffer.concat([bytes.subarray(0, 10), Buffer.from(`${text}\n`, 'latin1'), bytes.subarray(10 + length)]);
};

export const npy: OpenTarget = async () => ({
  name: 'npy',
  seeds: ARRAYS,
  words: WORDS,
  mutations: [header],
  read: (bytes) => parseNpy({ file: 'x.npy', bytes }),
});

export const npz: OpenTarget = async () => ({
  name: 'npz',
  seeds: [zipSync({ 'x.npy': ARRAYS[0]!, 'y.npy': ARRAYS[1]! }), zipSync({ 'x.npy': [ARRAYS[2]!, { level: 0 }] })],
  words: [...ZIP_WORDS, ...WORDS, strToU8('x.npy')],
  repair: repairZip,
  read: (bytes) => parseNpz({ file: 'x.npz', bytes }),
});
