import { readFileSync } from 'node:fs';
import { tf } from '@onnx-forge/export';
import { decodeImage } from '@onnx-forge/train/data';
import { PNG_WORDS, repairPng } from '../formats/png.js';
import type { OpenTarget, Target } from '../target.js';

interface Case {
  readonly name: string;
  readonly decode: string;
  readonly file: string;
}

/** Images that TensorFlow wrote. */
const CASES = (
  JSON.parse(readFileSync(new URL('../../../../fixtures/images.json', import.meta.url), 'utf8')) as { cases: Case[] }
).cases;

function imagesOf(decode: RegExp): Uint8Array[] {
  const files = new Set(CASES.filter((each) => decode.test(each.decode)).map(({ file }) => file));
  return [...files].map((file) => Buffer.from(file, 'base64')).filter(({ length }) => length < 4096);
}

/** Bytes that begin the parts of a JPEG (ITU T.81, B.1). */
const JPEG_WORDS = [0xc0, 0xc1, 0xc2, 0xc4, 0xc8, 0xcc, 0xd0, 0xd8, 0xd9, 0xda, 0xdb, 0xdd, 0xe0, 0xee, 0xfe, 0x00].map(
  (marker) => Uint8Array.of(0xff, marker),
);

const accepted = (read: Target['read'], seeds: readonly Uint8Array[]): Uint8Array[] =>
  seeds.filter((seed) => {
    try {
      read(seed);
      return true;
    } catch {
      return false;
    }
  });

/** Images of examples; some that TensorFlow reads are refused, such as transparent ones. */
function exampleImages(name: string, seeds: readonly Uint8Array[], more: Partial<Target>): OpenTarget {
  const read = (bytes: Uint8Array) => decodeImage({ file: `x.${name}`, bytes });
  return async () => ({ name, seeds: accepted(read, seeds), read, ...more });
}

export const png = exampleImages('png', imagesOf(/Png/), { words: PNG_WORDS, repair: repairPng });
export const jpeg = exampleImages('jpeg', imagesOf(/Jpeg/), { words: JPEG_WORDS });
export const pgm = exampleImages('pgm', [Buffer.from('P5\n# note\n3 2\n255\nabcdef'), Buffer.from('P5 1 1 65535 ab')], {
  words: ['P5', '#', '\n', '65536', '0', '999999999999'],
});

/** `decodeImage` of the entry that stands in for tfjs-node: BMP and GIF too. */
export const tfImage: OpenTarget = async () => {
  const { default: entry } = await import('@onnx-forge/export/node');
  await tf.setBackend('cpu');
  const read = (bytes: Uint8Array) => tf.dispose(entry.node.decodeImage(bytes));
  return {
    name: 'tf-image',
    seeds: accepted(read, imagesOf(/./)),
    words: ['GIF89a', 'GIF87a', 'BM', Uint8Array.of(0x21, 0xf9, 4), Uint8Array.of(0x2c), ...PNG_WORDS, ...JPEG_WORDS],
    repair: (bytes) => (bytes[0] === 0x89 ? repairPng(bytes) : bytes),
    read,
  };
};
