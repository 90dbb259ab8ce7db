import { gunzipSync, gzipSync } from 'node:zlib';
import { FormatError } from '@onnx-forge/train';
import { parseAmat, parseIdx, unpack } from '@onnx-forge/train/data';
import { expect } from 'chai';
import fc from 'fast-check';
import { idxBytes } from './idx-bytes.js';
import { failure, randomBytes } from './support.js';

const idxArrays = fc
  .array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 })
  .chain((dims) =>
    fc
      .uint8Array({ minLength: product(dims), maxLength: product(dims) })
      .map((data) => ({ dims, data, bytes: idxBytes(dims, data) })),
  );

const bitMatrices = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 9 }))
  .chain(([columns, rows]) =>
    fc
      .array(fc.integer({ min: 0, max: 1 }), { minLength: columns * rows, maxLength: columns * rows })
      .map((bits) => ({ columns, rows, bits, text: amatText(bits, columns) })),
  );

function product(dims: readonly number[]): number {
  return dims.reduce((total, size) => total * size, 1);
}

function amatText(bits: readonly number[], columns: number): string {
  let text = '';
  bits.forEach((bit, i) => {
    text += `${bit}${(i + 1) % columns === 0 ? '\n' : ' '}`;
  });
  return text;
}

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');

describe('IDX', () => {
  it('reads back any array of bytes', () => {
    fc.assert(
      fc.property(idxArrays, ({ dims, data, bytes }) => {
        const array = parseIdx({ file: 'f', bytes });
        expect(array.dims).to.deep.equal(dims);
        expect(Array.from(array.data)).to.deep.equal(Array.from(data));
      }),
    );
  });

  it('reads wider element types in big-endian order', () => {
    const view = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex');
    const read = (hex: string): readonly number[] => Array.from(parseIdx({ file: 'f', bytes: view(hex) }).data);
    expect(read('0000 09 01 00000002 ff7f')).to.deep.equal([-1, 127]);
    expect(read('0000 0b 01 00000002 fffe 0102')).to.deep.equal([-2, 258]);
    expect(read('0000 0c 01 00000001 80000000')).to.deep.equal([-(2 ** 31)]);
    expect(read('0000 0d 01 00000002 3f800000 c0490fdb')).to.deep.equal([1, Math.fround(-Math.PI)]);
    expect(read('0000 0e 01 00000001 bff8000000000000')).to.deep.equal([-1.5]);
  });

  it('tells where any truncated file ends', async () => {
    await fc.assert(
      fc.asyncProperty(idxArrays, fc.nat(), async ({ bytes }, cut) => {
        const length = cut % bytes.length;
        const error = await failure(FormatError, () =>
          parseIdx({ file: 'some/file', bytes: bytes.subarray(0, length) }),
        );
        expect(error.data).to.include({ file: 'some/file', offset: length, truncated: true });
        expect(error.message).to.include(`some/file: at byte ${length}: expected`);
      }),
    );
  });

  it('refuses other files, unknown types and surplus bytes', async () => {
    const parse = (bytes: Uint8Array) => () => parseIdx({ file: 'f', bytes });
    expect((await failure(FormatError, parse(ascii('PK\x03\x04 zip')))).message).to.match(/byte 0: .*IDX.*50 4b 03 04/);
    expect((await failure(FormatError, parse(Buffer.from([0, 0, 10, 1, 0, 0, 0, 0])))).data.offset).to.equal(2);
    const surplus = Buffer.concat([idxBytes([3], Buffer.from([1, 2, 3])), Buffer.from([4])]);
    const error = await failure(FormatError, parse(surplus));
    expect(error.data).to.include({ offset: 11, truncated: false });
    expect(error.message).to.equal('f: at byte 11: expected 11 bytes in all (uint8 [3]), found 1 more');
  });

  it('survives a header that asks for absurdly much', async () => {
    const bytes = Buffer.from([0, 0, 14, 3, ...Array<number>(12).fill(255)]);
    await failure(FormatError, () => parseIdx({ file: 'f', bytes }));
  });
});

describe('gzip', () => {
  it('is told by content and otherwise left alone', async () => {
    const bytes = ascii('plain text');
    expect((await unpack({ file: 'a.gz', bytes })).bytes).to.equal(bytes);
    expect((await unpack({ file: 'a', bytes: gzipSync(bytes) })).bytes).to.deep.equal(bytes);
  });

  it('names the end of a truncated file, wherever it is cut', async () => {
    const packed = gzipSync(
      idxBytes(
        [20, 20],
        Uint8Array.from({ length: 400 }, (_, i) => (i * i) % 251),
      ),
    );
    for (let length = 2; length < packed.length; length++) {
      const error = await failure(FormatError, () => unpack({ file: 'a.gz', bytes: packed.subarray(0, length) }));
      expect(error.data).to.include({ file: 'a.gz', offset: length, truncated: true });
    }
  });

  it('names the neighbourhood of damage', async () => {
    const content = randomBytes(100_000);
    const packed = Buffer.from(gzipSync(content));
    const place = 20_000;
    packed.fill(0xff, place, place + 64);
    const error = await failure(FormatError, () => unpack({ file: 'a.gz', bytes: packed }));
    // Deflate may go on for a while with nonsense, but can't fail before the damage; gunzip agrees that it is damaged.
    expect(() => gunzipSync(packed)).to.throw();
    expect(error.data.truncated).to.equal(false);
    expect(error.data.offset).to.be.within(place - 1024, packed.length);
  });
});

describe('amat', () => {
  it('reads back any matrix of bits, with or without the last newline, also with CRLF, tabs and doubled blanks', () => {
    fc.assert(
      fc.property(bitMatrices, ({ columns, rows, bits, text }) => {
        const variants = [text, text.trimEnd(), text.replaceAll('\n', ' \r\n'), text.replaceAll(' ', '\t  ')];
        for (const variant of variants) {
          const matrix = parseAmat({ file: 'f', bytes: ascii(variant) }, { columns, rows });
          expect(matrix.rows).to.equal(rows);
          expect(Array.from(matrix.data)).to.deep.equal(bits);
        }
      }),
    );
  });

  it('tells where any truncated file ends', async () => {
    await fc.assert(
      fc.asyncProperty(bitMatrices, fc.nat(), async ({ columns, rows, text }, cut) => {
        fc.pre(rows > 0);
        const length = cut % (text.length - 1); // cutting off the last newline alone loses nothing
        const bytes = ascii(text.slice(0, length));
        const error = await failure(FormatError, () => parseAmat({ file: 'some/file', bytes }, { columns, rows }));
        expect(error.data).to.include({ file: 'some/file', offset: length, truncated: true });
      }),
    );
  });

  it('names offset and line of whatever is not a bit', async () => {
    const parse = (text: string) => () => parseAmat({ file: 'f', bytes: ascii(text) }, { columns: 3 });
    const message = async (text: string): Promise<string> => (await failure(FormatError, parse(text))).message;
    expect(await message('0 1 1\n0 2 1\n')).to.equal("f: at byte 8: expected 0, 1 or a blank in line 2, found '2'");
    expect(await message('0 1 1\n01 1\n')).to.match(/byte 7: expected a blank between values in line 2/);
    expect(await message('0 1 1 0\n')).to.match(/byte 6: expected the end of the line after 3 values in line 1/);
    expect(await message('0 1\n0 0 0\n')).to.match(/byte 3: expected 3 values in line 1, found 2/);
    expect(await message('0 1 1\n0 \xff 1\n')).to.match(/found byte 0xff/);
  });
});
