import { deflateSync, gzipSync } from 'node:zlib';
import { FormatError, gather, loadDataSet } from '@onnx-forge/train';
import { parseCifar, parseMat, parseSvhn, unpack } from '@onnx-forge/train/data';
import { expect } from 'chai';
import { failure, randomBytes, realData } from './support.js';

/** A tagged element, padded to 8 bytes, written as the format's description says, independent of the parser. */
function element(type: number, data: Uint8Array): Buffer {
  const tag = Buffer.alloc(8);
  tag.writeUInt32LE(type, 0);
  tag.writeUInt32LE(data.length, 4);
  return Buffer.concat([tag, data, Buffer.alloc((8 - (data.length % 8)) % 8)]);
}

/** An element of up to 4 bytes, in its own tag. */
function smallElement(type: number, data: Uint8Array): Buffer {
  const tag = Buffer.alloc(8);
  tag.writeUInt16LE(type, 0);
  tag.writeUInt16LE(data.length, 2);
  tag.set(data, 4);
  return tag;
}

function int32s(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => {
    bytes.writeInt32LE(value, 4 * i);
  });
  return bytes;
}

/** A matrix of class uint8 (9), or of doubles (6). */
function matrix(name: string, dims: readonly number[], data: Uint8Array, type = 2, kind = 9): Buffer {
  const text = Buffer.from(name);
  const parts = [
    element(6, int32s([kind, 0])),
    element(5, int32s(dims)),
    name.length <= 4 ? smallElement(1, text) : element(1, text),
    data.length <= 4 ? smallElement(type, data) : element(type, data),
  ];
  return element(14, Buffer.concat(parts));
}

/** Compressed elements are not padded. */
function compressed(inner: Buffer): Buffer {
  const packed = deflateSync(inner);
  const tag = Buffer.alloc(8);
  tag.writeUInt32LE(15, 0);
  tag.writeUInt32LE(packed.length, 4);
  return Buffer.concat([tag, packed]);
}

function matFile(...parts: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(128, ' ');
  header.write('MATLAB 5.0 MAT-file, made for a test');
  header.writeUInt16LE(0x0100, 124);
  header.write('IM', 126);
  return Buffer.concat([header, ...parts]);
}

/** N images whose byte at (row, column, channel) of image n is a known number. */
const level = (row: number, column: number, channel: number, n: number): number =>
  (7 * row + 3 * column + 50 * channel + 11 * n) % 256;
function svhnFile(count: number, labels: readonly number[]): Buffer {
  const pixels = new Uint8Array(32 * 32 * 3 * count);
  let at = 0;
  for (let n = 0; n < count; n++)
    for (let channel = 0; channel < 3; channel++)
      for (let column = 0; column < 32; column++)
        for (let row = 0; row < 32; row++) pixels[at++] = level(row, column, channel, n);
  const X = compressed(matrix('X', [32, 32, 3, count], pixels));
  return matFile(X, compressed(matrix('y', [labels.length, 1], Uint8Array.from(labels))));
}

describe('MAT, version 5', () => {
  it('reads compressed and plain arrays, small elements, long names, doubles', async () => {
    const doubles = Buffer.alloc(16);
    doubles.writeDoubleLE(0.5, 0);
    doubles.writeDoubleLE(-3, 8);
    const bytes = matFile(
      matrix('ab', [1, 3], Uint8Array.of(1, 2, 255)),
      compressed(matrix('numbers', [2, 1], doubles, 9, 6)),
      // A double array whose values are whole is stored as bytes.
      matrix('whole', [1, 5], Uint8Array.of(5, 4, 3, 2, 1), 2, 6),
    );
    const arrays = await parseMat({ file: 'f', bytes });
    expect([...arrays.keys()]).to.deep.equal(['ab', 'numbers', 'whole']);
    expect([...arrays.get('ab')!.data]).to.deep.equal([1, 2, 255]);
    expect(arrays.get('numbers')!.dims).to.deep.equal([2, 1]);
    expect([...arrays.get('numbers')!.data]).to.deep.equal([0.5, -3]);
    expect([...arrays.get('whole')!.data]).to.deep.equal([5, 4, 3, 2, 1]);
  });

  it('refuses big-endian files, version 7.3 and other files in one line', async () => {
    const refused = async (change: (bytes: Buffer) => void) => {
      const bytes = matFile(matrix('a', [1, 1], Uint8Array.of(1)));
      change(bytes);
      return (await failure(FormatError, () => parseMat({ file: 'x.mat', bytes }))).message;
    };
    expect(await refused((bytes) => bytes.write('MI', 126))).to.match(/^x\.mat: at byte 126: expected a little-endian/);
    expect(await refused((bytes) => bytes.writeUInt16LE(0x0200, 124))).to.include('found version 0x0200');
    expect(await refused((bytes) => bytes.fill(0, 100, 128))).to.include("found '??'");
    const empty = await failure(FormatError, () => parseMat({ file: 'x.mat', bytes: new Uint8Array(5) }));
    expect(empty.message).to.include("the 128 bytes of a MAT file's header, found the end of the file");
  });

  it('tells a file that is cut off at any place, in one line', async () => {
    const whole = svhnFile(2, [1, 10]);
    for (const cut of [1, 9, 30, 200, whole.length - 150]) {
      const bytes = whole.subarray(0, whole.length - cut);
      const { data } = await failure(FormatError, () => parseMat({ file: 'f', bytes }));
      expect(data.truncated, `${cut} bytes missing`).to.equal(true);
    }
  });

  it('tells damage in compressed data', async () => {
    const bytes = svhnFile(1, [3]);
    bytes.fill(0, 140, 160);
    expect((await failure(FormatError, () => parseMat({ file: 'f', bytes }))).message).to.include('expected zlib data');
  });
});

describe('SVHN', () => {
  it('has images by row, column and channel, and the label 10 as the digit 0', async () => {
    const split = await parseSvhn({ file: 'f', bytes: svhnFile(3, [1, 10, 9]) });
    expect(split.size).to.equal(3);
    expect([...gather(split, 'label', [0, 1, 2])]).to.deep.equal([1, 0, 9]);
    const x = gather(split, 'x', [2]);
    for (const [row, column, channel] of [
      [0, 0, 0],
      [5, 17, 1],
      [31, 2, 2],
    ] as const) {
      expect(x[(row * 32 + column) * 3 + channel]).to.be.closeTo(level(row, column, channel, 2) / 255, 1e-7);
    }
  });

  it('refuses arrays that are missing, of other sizes, and labels outside 1 to 10', async () => {
    const message = async (bytes: Buffer) =>
      (await failure(FormatError, () => parseSvhn({ file: 'f', bytes }))).message;
    expect(await message(matFile(matrix('X', [2, 2], randomBytes(4))))).to.include(
      'bytes [32, 32, 3, N], found [2, 2]',
    );
    expect(await message(matFile())).to.include('found no such array');
    expect(await message(svhnFile(2, [1]))).to.include('expected an array y of 2 labels, found [1, 1]');
    expect(await message(svhnFile(2, [1, 11]))).to.include('expected labels 1 to 10, found 11 for image 1');
    expect(await message(svhnFile(2, [0, 1]))).to.include('found 0 for image 0');
  });
});

describe('CIFAR-10, binary version', () => {
  const records = (labels: readonly number[]) =>
    Buffer.concat(labels.map((label, i) => Buffer.concat([Buffer.of(label), Buffer.alloc(3072, i + 1)])));

  it('reads labels and colour planes, packed or not', async () => {
    const bytes = records([3, 9]);
    for (const content of [bytes, gzipSync(bytes)]) {
      const { count, labels, planes } = parseCifar(await unpack({ file: 'f', bytes: content }));
      expect([count, ...labels]).to.deep.equal([2, 3, 9]);
      expect([planes[0], planes[3071], planes[3072]]).to.deep.equal([1, 1, 2]);
    }
  });

  it('tells a record of wrong length and a label above 9, in one line', async () => {
    const parse = (bytes: Uint8Array) => failure(FormatError, () => parseCifar({ file: 'batch.bin', bytes }));
    const cut = await parse(records([1, 2]).subarray(0, 3073 + 100));
    expect(cut.message).to.equal(
      'batch.bin: at byte 3073: expected a record of 3073 bytes (a label and 3 x 32 x 32 pixels), found 100 bytes',
    );
    expect((await parse(new Uint8Array())).message).to.include('found 0 bytes');
    expect((await parse(records([1, 10]))).message).to.equal(
      'batch.bin: at byte 3073: expected a label 0 to 9, found 10',
    );
  });

  it('loads the real images', async function () {
    const dataDir = realData(this);
    const { splits } = await loadDataSet('cifar10', { dataDir });
    expect([splits.train.size, splits.validation.size, splits.test.size]).to.deep.equal([9000, 1000, 1000]);
    // Frog, truck, truck, deer, car; cat, ship, ship, plane, frog: the well-known first images.
    expect([...gather(splits.train, 'label', [0, 1, 2, 3, 4])]).to.deep.equal([6, 9, 9, 4, 1]);
    expect([...gather(splits.test, 'label', [0, 1, 2, 3, 4])]).to.deep.equal([3, 8, 8, 0, 6]);
    // The well-known channel means of the training set are 0.4914, 0.4822, 0.4465.
    const count = 2000;
    const x = gather(
      splits.train,
      'x',
      Array.from({ length: count }, (_, i) => i),
    );
    for (const [channel, expected] of [0.4914, 0.4822, 0.4465].entries()) {
      let sum = 0;
      for (let i = channel; i < x.length; i += 3) sum += x[i]!;
      expect(sum / (count * 1024)).to.be.closeTo(expected, 0.015);
    }
  });
});

describe('synthetic house numbers', () => {
  it('are 32 x 32 colour images with evenly spread labels, the same for the same seed in any order of reading', async () => {
    const [one, again, other] = await Promise.all(
      [0, 0, 1].map(async (seed) => (await loadDataSet('synthetic-house-numbers', { seed })).splits.test),
    );
    expect(one!.fields.x!.shape).to.deep.equal([32, 32, 3]);
    const labels = gather(
      one!,
      'label',
      Array.from({ length: 1000 }, (_, i) => i),
    );
    for (let digit = 0; digit < 10; digit++) expect(labels.filter((label) => label === digit)).to.have.length(100);
    const images = gather(one!, 'x', [0, 1, 2]);
    const backwards = gather(again!, 'x', [2, 1, 0]);
    expect(backwards.subarray(2 * 3072)).to.deep.equal(images.subarray(0, 3072));
    expect(gather(other!, 'x', [0])).to.not.deep.equal(images.subarray(0, 3072));
    for (const value of images) expect(value).to.be.within(0, 1);
  });

  it('are colourful, and as light and as varied as photographs of house numbers', async () => {
    const { splits } = await loadDataSet('synthetic-house-numbers');
    const count = 300;
    const x = gather(
      splits.train,
      'x',
      Array.from({ length: count }, (_, i) => i),
    ) as Float32Array;
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    const deviation = Math.sqrt(x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length);
    // SVHN's published means are 0.438, 0.444, 0.473, with deviations of about 0.2.
    expect(mean).to.be.within(0.38, 0.6);
    expect(deviation).to.be.within(0.15, 0.3);
    let colour = 0;
    for (let i = 0; i < x.length; i += 3) colour += Math.abs(x[i]! - x[i + 1]!) / (x.length / 3);
    expect(colour).to.be.greaterThan(0.03);
  });
});
