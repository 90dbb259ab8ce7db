import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FormatError } from '@onnx-forge/train/data';
import { expect } from 'chai';
import { parseParquet } from '../../../../packages/train/dist/data/formats/parquet.js';
import { type PageBytes, type ParquetBytes, parquetBytes, plainTexts, varint } from './parquet-bytes.js';
import { failure } from './support.js';

const FIXTURES = fileURLToPath(new URL('../../../fixtures/parquet/codecs/', import.meta.url));
const TEXTS = ['one', 'two', 'three'];
const BODY = plainTexts(TEXTS);
const [SNAPPY, GZIP, BROTLI, LZ4, ZSTD] = [1, 2, 4, 5, 6];
const HUGE = 2 ** 31 - 1;

const parse = (file: ParquetBytes) => parseParquet({ file: 'x.parquet', bytes: parquetBytes(file) });
const textsOf = async (file: ParquetBytes): Promise<(string | null | undefined)[]> =>
  (await parse(file)).rows.map(({ text }) => text as string | null);

/** A page of three texts with other numbers in its header. */
const page = (others: Partial<PageBytes> = {}): PageBytes => ({ values: 3, body: BODY, ...others });
const file = (pages: readonly PageBytes[], others: Partial<ParquetBytes> = {}): ParquetBytes => ({
  rows: 3,
  pages,
  ...others,
});
const bytes = (...parts: (readonly number[] | Uint8Array)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => Uint8Array.from(part)));
/** Levels of a page of version 1: their length and their runs. */
const levels = (...runs: number[]): Uint8Array => bytes([runs.length, 0, 0, 0], runs);
const run = (length: number, value: number): Uint8Array => bytes(varint(BigInt(length) * 2n), [value]);
const delta = (count: number, rest: readonly number[]): Uint8Array =>
  bytes(varint(128n), varint(4n), varint(BigInt(count)), rest);
/** Snappy of the three texts: one literal. */
const snappy = bytes(varint(BigInt(BODY.length)), [(BODY.length - 1) << 2], BODY);

// Without the checks, some take minutes and some end the process.
describe('Parquet pages whose headers are false', () => {
  const optional = { optional: true };
  const dictionary = { values: 3, body: BODY, dictionary: true };
  const indices = (...runs: number[]): PageBytes => ({ values: 3, body: Uint8Array.of(2, ...runs), encoding: 8 });
  const second = { nulls: 0, rows: 3, levels: 0 };

  const right: Record<string, readonly [ParquetBytes, readonly (string | null | undefined)[]]> = {
    plain: [file([page()]), TEXTS],
    'two pages': [
      file([page({ values: 1, body: plainTexts(['one']) }), page({ values: 2, body: plainTexts(['two', 'three']) })]),
      TEXTS,
    ],
    'with a null': [
      file([page({ body: bytes(levels(4, 1, 2, 0), plainTexts(['one', 'two'])) })], optional),
      ['one', 'two', undefined],
    ],
    'bit-packed levels': [
      file([page({ body: bytes(levels(3, 0b101), plainTexts(['one', 'three'])) })], optional),
      ['one', undefined, 'three'],
    ],
    'a dictionary': [file([dictionary, indices(6, 1)]), ['two', 'two', 'two']],
    'a dictionary, bit-packed': [file([dictionary, indices(3, 0b00100100, 0)]), ['one', 'two', 'three']],
    Snappy: [file([page({ body: snappy, size: BODY.length })], { codec: SNAPPY }), TEXTS],
    'version 2': [file([page({ second })]), TEXTS],
    'version 2 with a null': [
      file(
        [page({ body: bytes([4, 1, 2, 0], plainTexts(['one', 'two'])), second: { nulls: 1, rows: 3, levels: 4 } })],
        optional,
      ),
      ['one', 'two', undefined],
    ],
    'lengths as deltas': [
      file([page({ encoding: 6, body: bytes(delta(3, [2 * 3, 0, 0, 0, 0, 0]), Buffer.from('onetwosix')) })]),
      ['one', 'two', 'six'],
    ],
  };
  for (const [name, [content, texts]] of Object.entries(right)) {
    it(`${name}: the same with true ones is read`, async () => {
      expect((await textsOf(content)).map((text) => text ?? undefined)).to.deep.equal(texts);
    });
  }

  const wrong: Record<string, readonly [ParquetBytes, RegExp]> = {
    'more values than the column': [
      file([page({ values: HUGE })]),
      /text has a page of 2147483647 values where 3 are left/,
    ],
    'fewer values than the column': [file([page({ values: 2 })]), /text has 1 values less than it says/],
    'values below zero': [file([page({ values: -1 })]), /a page of -1 values/],
    'a column of other values than rows': [file([page()], { values: 4 }), /text has 4 values in 3 rows/],
    'a group of other rows': [
      file([page()], { groupRows: 2, values: 2 }),
      /groups of 2 rows in all, and not of the 3 of the file/,
    ],
    'more rows than the file has room for': [
      file([page({ values: HUGE, body: bytes(levels(...run(HUGE, 0))) })], { rows: HUGE, ...optional }),
      /text has 2147483647 values in 2147483647 rows; its file has room for 26\d{4}/,
    ],
    'many columns of nothing': [
      file([page({ values: 2 ** 18, body: bytes(levels(...run(2 ** 18, 0))) })], {
        rows: 2 ** 18,
        more: 12,
        ...optional,
      }),
      /its columns have 3407872 values together; its file has room for 2\d{6}/,
    ],
    'a page beyond the column': [file([page({ packed: 1000, size: 1000 })]), /a page of 1000 bytes where 23 are left/],
    'a page that unpacks to less than nothing': [file([page({ size: -1 })], { codec: GZIP }), /unpacks to -1 bytes/],
    'a page of more than a gigabyte': [
      file([page({ size: HUGE })], { codec: ZSTD }),
      /unpacks to 2147483647 bytes, not to at most/,
    ],
    'plain values that the page has no room for': [
      file([page({ values: 3, body: BODY.subarray(0, 8) })]),
      /3 values, of which its 8 bytes have no room/,
    ],
    'a dictionary that the page has no room for': [
      file([{ ...dictionary, values: HUGE }, indices(6, 1)]),
      /2147483647 values, of which/,
    ],
    'indices that run beyond the page': [
      file([dictionary, indices(...run(HUGE, 1))]),
      /a run of 2147483647 numbers where 3 are left/,
    ],
    'indices of 200 bits': [
      file([dictionary, { ...indices(), body: Uint8Array.of(200, 6, 1) }]),
      /indices of 200 bits/,
    ],
    'levels that run beyond the page': [
      file([page({ body: bytes(levels(...run(HUGE, 1)), BODY) })], optional),
      /a run of 2147483647 numbers where 3 are left/,
    ],
    'levels that end early': [
      file([page({ body: bytes(levels(4, 1), BODY) })], optional),
      /a part is missing or cut off/,
    ],
    'levels longer than the page': [
      file([page({ body: bytes([255, 255, 255, 127], BODY) })], optional),
      /2147483647 bytes of levels in 23/,
    ],
    'nulls below zero': [file([page({ second: { ...second, nulls: -HUGE } })]), /-2147483647 of them null/],
    'other nulls than its levels': [
      file([page({ body: bytes([4, 1, 2, 0], BODY), second: { nulls: 2, rows: 3, levels: 4 } })], optional),
      /a page of 1 nulls and not of 2/,
    ],
    'other rows than values': [file([page({ second: { ...second, rows: HUGE } })]), /in 2147483647 rows/],
    'deltas without end': [
      file([page({ encoding: 6, body: delta(HUGE, [0, 0, 0, 0, 0, 0]) })]),
      /deltas of 2147483647 numbers/,
    ],
    'deltas in two billion parts': [
      file([page({ encoding: 5, body: bytes(varint(2n ** 31n), varint(2n ** 30n), varint(3n), [0, 0]) })], { type: 1 }),
      /deltas of 3 numbers, in blocks of -?2147483648/,
    ],
    'a text that shares more than there was': [
      file([
        page({ encoding: 7, body: bytes(delta(3, [20, 0, 0, 0, 0, 0]), delta(3, [2, 0, 0, 0, 0, 0]), [97, 98, 99]) }),
      ]),
      /a text of 10 \+ 1 bytes/,
    ],
    'Snappy that claims a gigabyte': [
      file([page({ body: bytes(varint(2n ** 30n), snappy.subarray(1)), size: 2 ** 30 })], { codec: SNAPPY }),
      /Snappy data that are not those of 1073741824 bytes/,
    ],
    'LZ4 that claims a gigabyte': [
      file([page({ size: 2 ** 30 })], { codec: LZ4 }),
      /a page of 23 bytes that claims to unpack to 1073741824/,
    ],
    'gzip of another size': [
      file([page({ body: Buffer.from('1f8b08000000000000034b040043beb7e801000000', 'hex'), size: 2 ** 30 })], {
        codec: GZIP,
      }),
      /a GZIP page that unpacks to 1 bytes and not to the 1073741824 of its header/,
    ],
    'Brotli that is none': [file([page({ size: 2 ** 30 })], { codec: BROTLI }), /text has Decompression failed/],
    'Zstandard with a window of a gigabyte': [
      file([page({ body: Buffer.from('28b52ffd00a0190000616263', 'hex'), size: 3 })], { codec: ZSTD }),
      /Zstandard data that are not those of 3 bytes/,
    ],
    'Zstandard that claims a gigabyte': [
      file([page({ body: Buffer.from('28b52ffd2003190000616263', 'hex'), size: 2 ** 30 })], { codec: ZSTD }),
      /Zstandard data that are not those of 1073741824 bytes/,
    ],
    'a packing that nobody knows': [file([page()], { codec: 3 }), /text has pages packed by LZO/],
  };
  for (const [name, [content, message]] of Object.entries(wrong)) {
    it(`${name}: refused`, async () => {
      expect((await failure(FormatError, () => parse(content))).message).to.match(message);
    });
  }

  it('a header whose fields are shifted by one flipped bit: refused', async () => {
    const damaged = Uint8Array.from(readFileSync(`${FIXTURES}zstd-2.parquet`));
    damaged[593]! ^= 16;
    const { message } = await failure(FormatError, () => parseParquet({ file: 'x.parquet', bytes: damaged }));
    expect(message).to.match(/the column label has a page of 8 values, undefined of them null/);
  });
});
