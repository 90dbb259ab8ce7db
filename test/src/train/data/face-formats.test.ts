import { deflateSync } from 'node:zlib';
import { FormatError } from '@onnx-forge/train';
import { decodeImage, decodeJpeg, decodePng, parsePgm, readTar } from '@onnx-forge/train/data';
import { expect } from 'chai';
import fc from 'fast-check';
import { failure } from './support.js';
import { archive, entry } from './tar-bytes.js';

/** A binary PGM written as its description says, independent of the parser. */
function pgm(width: number, height: number, white: number, values: readonly number[], gap = '\n'): Uint8Array {
  const pixels = values.flatMap((value) => (white > 255 ? [value >> 8, value & 255] : [value]));
  return Buffer.concat([Buffer.from(`P5${gap}${width}${gap}${height}${gap}${white}\n`), Uint8Array.from(pixels)]);
}

describe('PGM', () => {
  const read = (bytes: Uint8Array | string) => parsePgm({ file: 'a.pgm', bytes: Buffer.from(bytes) });

  it('gives the pixels of any image back, scaled so that white is 255', () => {
    const image = fc
      .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 65_535 }))
      .chain(([width, height, white]) =>
        fc.tuple(
          fc.constant({ width, height, white }),
          fc.array(fc.integer({ min: 0, max: white }), { minLength: width * height, maxLength: width * height }),
        ),
      );
    fc.assert(
      fc.property(image, fc.constantFrom('\n', ' ', '\t\r\n ', '\n# made by a test: 1 2 3\n'), (drawn, gap) => {
        const [{ width, height, white }, values] = drawn;
        const found = read(pgm(width, height, white, values, gap));
        expect([found.width, found.height, found.channels]).to.deep.equal([width, height, 1]);
        expect([...found.data]).to.deep.equal(values.map((value) => Math.round((255 * value) / white)));
      }),
    );
  });

  it('allows bytes after the pixels, and pixels that look like white space or comments', () => {
    expect([...read('P5 2 1 255\n# ').data]).to.deep.equal([0x23, 0x20]);
    expect([...read('P5 1 1 255\nAtrailer').data]).to.deep.equal([65]);
  });

  for (const [what, bytes, message] of [
    ['no PGM', 'P2\n1 1\n255\n0', "expected a binary PGM, which starts with 'P5'"],
    ['nothing', '', "expected a binary PGM, which starts with 'P5'"],
    ['a header that ends', 'P5\n3', 'expected the height, 1 to 65535, found the end of the file'],
    ['a comment without end', 'P5 # all the rest', 'expected the width, 1 to 65535, found the end of the file'],
    ['a width of 0', 'P5 0 1 255\n', "expected the width, 1 to 65535, found '0'"],
    ['a word for a number', 'P5 2 two 255\n', "expected the height, 1 to 65535, found 't'"],
    ['a white above 65535', 'P5 1 1 65536\n', "expected the value of white, 1 to 65535, found '65536'"],
    ['a number too long', `P5 ${'9'.repeat(400)} 1 1\n`, 'expected the width, 1 to 65535'],
    ['pixels cut off', 'P5 3 2 255\nabcd', 'expected 3 x 2 pixels up to byte 17, found the end of the file'],
    ['a pixel above white', 'P5 1 1 3\n\u0004', 'expected a pixel of at most 3, found 4'],
  ] as const) {
    it(`says what is wrong with ${what}, in one line`, async () => {
      const error = await failure(FormatError, () => read(bytes));
      expect(error.message).to.include('a.pgm: at byte ').and.to.include(message);
    });
  }

  it('throws nothing but a FormatError whatever the bytes', () => {
    const bytes = fc.uint8Array({ maxLength: 40 }).map((tail) => Buffer.concat([Buffer.from('P5 '), tail]));
    fc.assert(
      fc.property(bytes, (given) => {
        try {
          read(given);
        } catch (error) {
          expect(error).to.be.instanceOf(FormatError);
        }
      }),
    );
  });
});

describe('tar', () => {
  const read = (bytes: Uint8Array) => readTar({ file: 'a.tar', bytes });

  it('gives the files of any archive back, in order, and leaves folders out', async () => {
    const files = fc.array(
      fc.tuple(fc.stringMatching(/^[a-z]{1,8}(\/[a-z0-9]{1,8}){0,3}$/), fc.uint8Array({ maxLength: 1500 })),
      {
        minLength: 1,
        maxLength: 5,
      },
    );
    await fc.assert(
      fc.asyncProperty(files, async (given) => {
        const found = await read(
          archive(entry('folder/', '', '5'), ...given.map(([path, bytes]) => entry(path, bytes))),
        );
        expect(found.map(({ path }) => path)).to.deep.equal(given.map(([path]) => path));
        found.forEach(({ bytes }, i) => {
          expect(Buffer.from(bytes).equals(Buffer.from(given[i]![1]))).to.equal(true);
        });
      }),
      { numRuns: 30 },
    );
  });

  for (const path of ['../up', 'a/../../up', '/etc/passwd', 'C:/windows', 'a\\..\\b']) {
    it(`refuses the path ${path}`, async () => {
      const error = await failure(FormatError, () => read(archive(entry('fine', 'x'), entry(path, 'x'))));
      expect(error.message).to.include("expected a path inside the archive's folder, found File").and.to.include(path);
    });
  }

  it('refuses links and devices', async () => {
    for (const type of ['1', '2', '3']) {
      const error = await failure(FormatError, () =>
        read(archive(entry('link', '', type, type === '3' ? '' : 'target'))),
      );
      expect(error.message).to.include('expected files and folders only, no links or devices');
    }
  });

  it('says in one line that an archive is cut off or damaged', async () => {
    const whole = archive(entry('a', 'x'.repeat(2000)), entry('b', 'y'));
    for (const length of [0, 100, 512, 1000, 1536, 512 + 2048, whole.length - 1024]) {
      const error = await failure(FormatError, () => read(whole.subarray(0, length)));
      expect(error.message).to.include('expected a tar archive of whole blocks of 512 bytes with an empty one last');
    }
    const damaged = Buffer.from(whole);
    damaged[512 + 2048 + 3]! ^= 1;
    const error = await failure(FormatError, () => read(damaged));
    expect(error.message).to.include('at byte 2560: expected an intact tar archive').and.to.include('checksum');
    await failure(FormatError, () => read(Buffer.concat([Buffer.alloc(1024, 'not a tar'), Buffer.alloc(512)])));
    // The last entry's size says more than there is.
    const short = Buffer.concat([entry('a', 'x'.repeat(2000)).subarray(0, 1024), Buffer.alloc(512)]);
    await failure(FormatError, () => read(short));
  });
});

/** A chunk of a PNG; the CRC (of type and data) computed bit by bit. */
function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  let crc = 0xffffffff;
  for (const byte of body) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.set(body, 4);
  out.writeUInt32BE((crc ^ 0xffffffff) >>> 0, 8 + data.length);
  return out;
}

/** A PNG of 8 bits a channel without filters. */
function png(width: number, height: number, colourType: 0 | 2 | 4 | 6, rows: readonly (readonly number[])[]): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, colourType], 8);
  const data = deflateSync(Uint8Array.from(rows.flatMap((row) => [0, ...row])));
  const signature = Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', new Uint8Array())]);
}

describe('PNG', () => {
  it('reads grey and colour, telling them apart', () => {
    const grey = decodePng({ file: 'a.png', bytes: png(2, 2, 0, [[0, 128], [255, 7]]) }); // biome-ignore format: rows
    expect(grey.channels).to.equal(1);
    expect([...grey.data]).to.deep.equal([0, 128, 255, 7]);
    const colour = decodePng({ file: 'a.png', bytes: png(1, 1, 2, [[1, 2, 3]]) });
    expect(colour.channels).to.equal(3);
    expect([...colour.data]).to.deep.equal([1, 2, 3]);
    const opaque = decodePng({ file: 'a.png', bytes: png(1, 1, 4, [[9, 255]]) });
    expect([...opaque.data]).to.deep.equal([9]);
  });

  it('says in one line what is wrong', async () => {
    const transparent = await failure(FormatError, () =>
      decodePng({ file: 'a.png', bytes: png(1, 1, 6, [[1, 2, 3, 0]]) }),
    );
    expect(transparent.message).to.include('expected an image without transparent pixels');
    const bytes = png(2, 1, 0, [[1, 2]]);
    bytes[45]! ^= 255;
    expect((await failure(FormatError, () => decodePng({ file: 'a.png', bytes }))).message).to.include('damage');
    await failure(FormatError, () => decodePng({ file: 'a.png', bytes: bytes.subarray(0, 40) }));
  });
});

/** A JPEG marker segment. */
function segment(marker: number, ...data: readonly number[]): number[] {
  return [0xff, marker, (data.length + 2) >> 8, (data.length + 2) & 255, ...data];
}

/**
 * A baseline JPEG of blocks of 8 x 8 equal pixels in a row, written code by code (ITU T.81): quantisation by 1, so that a
 * block's DC coefficient is 8 (level - 128), and no AC coefficient.
 *
 * @param levels by block, the level of each component
 */
function flatJpeg(levels: readonly (readonly number[])[], precision = 8): Buffer {
  const components = levels[0]!.length;
  const bits: number[] = [];
  const put = (value: number, length: number): void => {
    for (let bit = length - 1; bit >= 0; bit--) bits.push((value >> bit) & 1);
  };
  const before = Array(components).fill(0) as number[];
  for (const block of levels) {
    block.forEach((level, component) => {
      const dc = 8 * (level - 128);
      const difference = dc - before[component]!;
      before[component] = dc;
      const category = Math.abs(difference).toString(2).length * (difference === 0 ? 0 : 1);
      put(category, 4); // DC codes: twelve of 4 bits, 0000 for category 0 ...
      put(difference < 0 ? difference + 2 ** category - 1 : difference, category);
      put(0, 1); // the only AC code: end of block
    });
  }
  while (bits.length % 8 !== 0) bits.push(1);
  const coded: number[] = [];
  for (let i = 0; i < bits.length; i += 8) {
    const byte = Number.parseInt(bits.slice(i, i + 8).join(''), 2);
    coded.push(byte, ...(byte === 0xff ? [0] : []));
  }
  const ids = Array.from({ length: components }, (_, i) => i + 1);
  const categories = Array.from({ length: 12 }, (_, i) => i);
  const [fourBits, oneBit] = [
    [0, 0, 0, 12],
    [1, 0, 0, 0],
  ].map((counts) => [...counts, ...Array<number>(12).fill(0)]);
  const width = 8 * levels.length;
  return Buffer.from([
    ...[0xff, 0xd8],
    ...segment(0xdb, 0, ...Array<number>(64).fill(1)),
    ...segment(0xc0, precision, 0, 8, width >> 8, width & 255, components, ...ids.flatMap((id) => [id, 0x11, 0])),
    ...segment(0xc4, 0x00, ...fourBits!, ...categories),
    ...segment(0xc4, 0x10, ...oneBit!, 0),
    ...segment(0xda, components, ...ids.flatMap((id) => [id, 0]), 0, 63, 0),
    ...coded,
    ...[0xff, 0xd9],
  ]);
}

describe('JPEG', () => {
  const read = (bytes: Uint8Array) => decodeJpeg({ file: 'a.jpg', bytes });

  it('reads grey as one channel', () => {
    const levels = [40, 200, 255, 0, 128];
    const { width, height, channels, data } = read(flatJpeg(levels.map((level) => [level])));
    expect([width, height, channels]).to.deep.equal([40, 8, 1]);
    const expected = Array.from({ length: 40 * 8 }, (_, i) => levels[Math.floor((i % 40) / 8)]!);
    data.forEach((level, i) => {
      expect(level).to.be.closeTo(expected[i]!, 1);
    });
  });

  it('reads colour as red, green and blue', () => {
    // JFIF: Y = 76, Cb = 85, Cr = 255 is red.
    const { channels, data } = read(flatJpeg([[76, 85, 255]]));
    expect(channels).to.equal(3);
    [254, 0, 0].forEach((level, channel) => {
      expect(data[channel]).to.be.closeTo(level, 2);
    });
  });

  it('tells RGB from YCbCr as libjpeg does: by JFIF, then Adobe’s marker, then the names of the components', () => {
    const [jfif, rgb, ycc] = [
      [0xff, 0xe0, 0, 16, ...Buffer.from('JFIF\0'), 1, 1, 0, 0, 1, 0, 1, 0, 0],
      ...[0, 1].map((transform) => [0xff, 0xee, 0, 14, ...Buffer.from('Adobe'), 0, 100, 0, 0, 0, 0, transform]),
    ];
    const plain = flatJpeg([[200, 30, 60]]);
    const marked = (...markers: number[][]) =>
      Buffer.concat([plain.subarray(0, 2), Buffer.from(markers.flat()), plain.subarray(2)]);
    const named = Buffer.from(plain);
    const [frame, scan] = [plain.indexOf(Buffer.of(0xff, 0xc0)), plain.indexOf(Buffer.of(0xff, 0xda))];
    for (const [i, letter] of ['R', 'G', 'B'].entries()) {
      named[frame + 10 + 3 * i] = letter.charCodeAt(0);
      named[scan + 5 + 2 * i] = letter.charCodeAt(0);
    }
    const [asRgb, asYcc] = [
      [200, 30, 60],
      // Y = 200, Cb = 30 - 128, Cr = 60 - 128; ITU T.871: R = Y + 1.402 Cr, G = Y - .344136 Cb - .714136 Cr, B = Y + 1.772 Cb.
      [105, 255, 26],
    ];
    for (const [bytes, expected] of [
      [marked(rgb!), asRgb],
      [marked(ycc!), asYcc],
      [marked(jfif!, rgb!), asYcc],
      [named, asRgb],
      [plain, asYcc],
    ] as const) {
      const { data } = read(bytes);
      expected!.forEach((level, channel) => {
        expect(data[channel]).to.be.closeTo(level, 2);
      });
    }
    const [grey] = read(
      Buffer.concat([flatJpeg([[40]]).subarray(0, 2), Buffer.from(rgb!), flatJpeg([[40]]).subarray(2)]),
    ).data;
    expect(grey).to.be.closeTo(40, 1);
  });

  it('says in one line what is wrong', async () => {
    const whole = flatJpeg([[40], [200]]);
    expect((await failure(FormatError, () => read(Buffer.from('GIF89a')))).message).to.include('expected a JPEG');
    expect((await failure(FormatError, () => read(whole.subarray(0, 60)))).message).to.include('the end of the file');
    const headless = whole.subarray(0, whole.length - 20);
    expect((await failure(FormatError, () => read(headless))).message).to.include('a.jpg: at byte ');
    const ink = flatJpeg([[10, 20, 30, 40]]);
    expect((await failure(FormatError, () => read(ink))).message).to.include('found 4 components');
    const tables = Buffer.from(whole);
    tables[whole.indexOf(Buffer.of(0xff, 0xc4)) + 8] = 200;
    await failure(FormatError, () => read(tables));
  });

  it('throws nothing but a FormatError whatever is damaged', () => {
    const whole = flatJpeg([[40], [200]]);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const damaged = Buffer.from(whole);
        damaged[at] = byte;
        try {
          read(damaged);
        } catch (error) {
          expect(error).to.be.instanceOf(FormatError);
          expect((error as Error).message).to.not.include('\n');
        }
      }),
    );
  });
});

describe('an image file', () => {
  it('is read by its content', async () => {
    const read = (bytes: Uint8Array) => decodeImage({ file: 'image', bytes });
    expect([...read(pgm(1, 1, 255, [3])).data]).to.deep.equal([3]);
    expect([...read(png(1, 1, 0, [[4]])).data]).to.deep.equal([4]);
    expect(read(flatJpeg([[5]])).width).to.equal(8);
    for (const bytes of [Buffer.from('BM'), Buffer.of()]) {
      const error = await failure(FormatError, () => read(bytes));
      expect(error.message).to.include('image: at byte 0: expected a PNG, JPEG or binary PGM image');
    }
  });
});
