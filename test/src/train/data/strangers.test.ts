import { deflateSync } from 'node:zlib';
import { decodeSafetensors, encodeSafetensors, InputError, tokeniser } from '@onnx-forge/infer';
import { FormatError } from '@onnx-forge/train';
import { decodeImage, parseMat, parseNpy, parseNpz } from '@onnx-forge/train/data';
import { expect } from 'chai';
import { zipSync } from 'fflate';
import { decodeGif } from '../../../../packages/export/dist/node/images/gif.js';
import { decodePng as decodeTensorFlowPng } from '../../../../packages/export/dist/node/images/png.js';
import { repairPng } from '../../campaigns/fuzz/formats/png.js';
import { tfImage } from '../../campaigns/fuzz/targets/images.js';
import { npyBytes } from './npy-bytes.js';
import { failure } from './support.js';

/** A PNG of one header with this size and next to no pixels. */
function pngClaiming(width: number, height: number, headers = 1): Uint8Array {
  const chunk = (name: string, data: Uint8Array): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    return Buffer.concat([length, Buffer.from(name), data, Buffer.alloc(4)]);
  };
  const header = Buffer.from('00000000000000000100000000', 'hex');
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  const chunks = [...Array<Buffer>(headers).fill(chunk('IHDR', header)), chunk('IDAT', deflateSync(Buffer.alloc(3)))];
  return repairPng(Buffer.concat([signature, ...chunks, chunk('IEND', Buffer.alloc(0))]));
}

const npyWith = (descr: string, shape: string): Buffer => {
  const bytes = npyBytes(descr, [1], Float32Array.of(1));
  const text = bytes.toString('latin1').replace(/\(1,\)/, shape);
  return Buffer.from(text, 'latin1');
};

describe('files of strangers', () => {
  it('names of properties are no types of .npy', async () => {
    for (const name of ['toString', '__proto__', 'constructor']) {
      const { message } = await failure(FormatError, () =>
        parseNpy({ file: 'f', bytes: npyBytes(name, [1], Uint8Array.of(1)) }),
      );
      expect(message).to.include(`the type ${name}`);
    }
  });

  it('a shape of .npy is whole numbers between commas, and a long header is not repeated whole', async () => {
    const { message } = await failure(FormatError, () => parseNpy({ file: 'f', bytes: npyWith('<f4', '(1 1)') }));
    expect(message).to.include("'shape'").and.to.not.include('NaN');
    const long = npyBytes('<f4', [1], Float32Array.of(1)).toString('latin1').replace("'shape'", "'shap'");
    const padded = Buffer.from(long.replace('}', `}${' '.repeat(1)}`), 'latin1');
    expect((await failure(FormatError, () => parseNpy({ file: 'f', bytes: padded }))).message).to.have.length.below(
      220,
    );
  });

  it('an entry of .npz that claims more than it can hold is refused before room is made for it', async () => {
    const bytes = Buffer.from(zipSync({ 'x.npy': npyBytes('<f4', [2], Float32Array.of(1, 2)) }));
    const entry = bytes.indexOf('PK\u0001\u0002');
    bytes.writeUInt32LE(2 ** 31, entry + 24);
    const { message } = await failure(FormatError, () => parseNpz({ file: 'f', bytes }));
    expect(message).to.include('x.npy claims 2147483648 bytes');
  });

  it('a small PNG that claims to be huge is refused before room is made for it', async () => {
    const before = process.resourceUsage().maxRSS;
    for (const bytes of [pngClaiming(7, 1_229_866_575), pngClaiming(60_000, 60_000), pngClaiming(7000, 7000)]) {
      expect((await failure(FormatError, () => decodeImage({ file: 'f', bytes }))).message).to.match(/pixels|can hold/);
    }
    expect(
      (await failure(FormatError, () => decodeImage({ file: 'f', bytes: pngClaiming(1, 1, 2) }))).message,
    ).to.include('one header');
    expect(process.resourceUsage().maxRSS - before).to.be.below(64 * 1024);
  });

  it('a PNG without width or height, and one with a short header, are refused before room is made for them', async () => {
    const before = process.resourceUsage().maxRSS;
    const short = pngClaiming(1, 1);
    short[11] = 8;
    for (const [bytes, words] of [
      [pngClaiming(0, 2 ** 31 - 1), 'at least 1'],
      [pngClaiming(2 ** 31 - 1, 0), 'at least 1'],
      [short, '13 bytes'],
    ] as const) {
      expect((await failure(FormatError, () => decodeImage({ file: 'f', bytes }))).message).to.include(words);
      expect((await failure(InputError, async () => decodeTensorFlowPng(bytes))).message).to.include(words);
    }
    expect(process.resourceUsage().maxRSS - before).to.be.below(64 * 1024);
  });

  it('a small GIF of small frames on a screen that claims to be huge is refused before room is made for it', async () => {
    const before = process.resourceUsage().maxRSS;
    const bytes = Buffer.from(
      '47494638396100b88e15dbdc2d07040081000079b109810e8f0e4d0ea7b8ad2c010001000300020000020504c7518428e21504550021' +
        'f90409050002002c000000000500040000021014c7300c43501441110cc3500c457005002c030002000200020000020404c11105003b',
      'hex',
    );
    const { message } = await failure(InputError, async () => decodeGif(bytes));
    expect(message).to.include('more than 108 bytes can hold');
    expect(process.resourceUsage().maxRSS - before).to.be.below(64 * 1024);
  });

  it('beginnings of images are refused in words, not in those of the engine', async () => {
    const { seeds, read } = await tfImage('');
    for (const seed of seeds) {
      for (let length = 0; length < seed.length; length += 1 + Math.floor(seed.length / 500)) {
        const refusal = await Promise.resolve()
          .then(() => read(seed.subarray(0, length)))
          .then(
            () => '',
            (error: Error) => error.message,
          );
        expect(refusal).to.not.match(/Cannot|undefined|NaN/);
      }
    }
  });

  it('a JPEG whose tables are missing is refused in words', async () => {
    const frame = Buffer.from('ffd8ffc0000b080001000101011100ffda0008010100003f0000ffd9', 'hex');
    const { message } = await failure(FormatError, () => decodeImage({ file: 'f', bytes: frame }));
    expect(message).to.not.match(/Cannot|undefined/);
  });

  it('dimensions of a MAT file are whole numbers', async () => {
    const bytes = matWithDoubleDimensions();
    expect((await failure(FormatError, () => parseMat({ file: 'f', bytes }))).message).to.include(
      'whole numbers from 0',
    );
  });

  it('safetensors with any other header are refused in one line', async () => {
    const headers = ['null', '[]', '{', '{"a": null}', '{"a": {"dtype": "F32"}}', '{"__metadata__": {"a": 1}}'];
    headers.push('{"a": {"dtype": [[]], "shape": [], "data_offsets": [0, 4]}}');
    headers.push('{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [4, 0]}}');
    for (const header of headers) {
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(header.length));
      await failure(InputError, () => decodeSafetensors(Buffer.concat([length, Buffer.from(header)])));
    }
    await failure(InputError, () => decodeSafetensors(Uint8Array.of(1)));
  });

  it("an array of safetensors may be called '__proto__'", () => {
    const arrays = Object.fromEntries([['__proto__', { shape: [1], data: Float32Array.of(3) }]]);
    const { arrays: found } = decodeSafetensors(Buffer.concat(encodeSafetensors({ arrays, metadata: {} })));
    expect(Object.keys(found)).to.deep.equal(['__proto__']);
  });

  it('properties of objects are no tokenisers', async () => {
    for (const name of ['toString', 'constructor', '__proto__']) await failure(InputError, () => tokeniser(name));
  });
});

/** A matrix whose dimensions are stored as doubles, one of them NaN. */
function matWithDoubleDimensions(): Buffer {
  const element = (type: number, data: Buffer): Buffer => {
    const tag = Buffer.alloc(8);
    tag.writeUInt32LE(type, 0);
    tag.writeUInt32LE(data.length, 4);
    return Buffer.concat([tag, data]);
  };
  const header = Buffer.alloc(128, ' ');
  header.writeUInt16LE(0x0100, 124);
  header.write('IM', 126);
  const sizes = Buffer.from(Float64Array.of(Number.NaN, 1).buffer);
  const parts = [
    element(6, Buffer.from([9, 0, 0, 0, 0, 0, 0, 0])),
    element(9, sizes),
    element(1, Buffer.from('x       ')),
    element(2, Buffer.alloc(8)),
  ];
  return Buffer.concat([header, element(14, Buffer.concat(parts))]);
}
