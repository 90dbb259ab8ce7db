import { readFile } from 'node:fs/promises';
import { assert } from 'chai';
import { complaint, useNodeEntry } from './entry.js';

interface Case {
  readonly name: string;
  readonly decode: 'decodePng' | 'decodeJpeg' | 'decodeBmp' | 'decodeGif';
  readonly channels: number;
  /** The largest difference that is allowed, of 255. */
  readonly within: number;
  readonly shape: readonly number[];
  readonly file: string;
  readonly pixels: string;
}

/** Written by images.py, with Pillow and by hand. */
const fixtures = new URL('../../../fixtures/images.json', import.meta.url);
const { cases, refused } = JSON.parse(await readFile(fixtures, 'utf8')) as {
  readonly cases: readonly Case[];
  readonly refused: Readonly<Record<string, string>>;
};
const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));
const fileOf = (name: string): Uint8Array => bytes(cases.find((one) => one.name === name)!.file);

describe('tf.node', () => {
  const entry = useNodeEntry();

  describe('decodes', () => {
    for (const { name, decode, channels, within, shape, file, pixels } of cases) {
      it(`${name}, ${channels} channels`, () => {
        const { memory, node } = entry();
        const before = memory().numTensors;
        const decoders = decode === 'decodeGif' ? [node.decodeGif] : [node[decode], node.decodeImage];
        if (shape.length === 3 && name.startsWith('GIF')) decoders.pop();
        for (const decoder of decoders) {
          const image = decoder(bytes(file), channels);
          assert.equal(image.dtype, 'int32');
          assert.deepEqual(image.shape, shape);
          const found = image.dataSync();
          let worst = 0;
          for (const [i, value] of bytes(pixels).entries()) worst = Math.max(worst, Math.abs(found[i]! - value));
          assert.isAtMost(worst, within);
          image.dispose();
        }
        assert.equal(memory().numTensors, before);
      });
    }

    it('a GIF as all its frames, or as the first of them', () => {
      const file = fileOf('GIF whose frames are parts');
      const all = entry().node.decodeImage(file);
      const first = entry().node.decodeImage(file, 3, 'int32', false);
      assert.deepEqual([all.shape, first.shape] as number[][], [
        [3, 4, 5, 3],
        [4, 5, 3],
      ]);
      assert.deepEqual(Array.from(first.dataSync()), Array.from(all.dataSync()).slice(0, 60));
    });

    it('a JPEG or PNG as one frame', () => {
      assert.deepEqual(entry().node.decodeGif(fileOf('colour of 8 bits')).shape, [1, 5, 7, 3]);
    });
  });

  describe('encodes', () => {
    const gradient = (channels: number) =>
      entry().tensor3d(
        Int32Array.from({ length: 16 * 24 * channels }, (_, i) => (i * 3) % 256),
        [16, 24, channels],
        'int32',
      );
    const smooth = (channels: number) =>
      entry().tidy(() => {
        const { linspace, tile, reshape, round } = entry();
        return round(tile(reshape(linspace(0, 255, 24), [1, 24, 1]), [16, 1, channels])).toInt() as never;
      });

    for (const channels of [1, 2, 3, 4]) {
      for (const compression of [-1, 0, 1, 9]) {
        it(`PNG of ${channels} channels at level ${compression}, without loss`, async () => {
          const image = gradient(channels);
          const file = await entry().node.encodePng(image, compression);
          const back = entry().node.decodePng(file);
          assert.deepEqual(back.shape, image.shape);
          assert.deepEqual(Array.from(back.dataSync()), Array.from(image.dataSync()));
        });
      }
    }

    it('PNG of floats, whose fractions are cut off', async () => {
      const file = await entry().node.encodePng(entry().tensor3d([0.9, 254.9999, -0.5], [1, 3, 1]));
      assert.deepEqual(Array.from(entry().node.decodePng(file).dataSync()), [0, 254, 0]);
    });

    for (const channels of [1, 3]) {
      for (const progressive of [false, true]) {
        it(`JPEG of ${channels} channels${progressive ? ', progressive' : ''}`, async () => {
          const image = smooth(channels);
          const file = await entry().node.encodeJpeg(image, '', 95, progressive);
          // Start of frame: C0 baseline, C2 progressive.
          assert.include(Buffer.from(file).toString('latin1'), progressive ? '\xff\xc2' : '\xff\xc0');
          const back = entry().node.decodeJpeg(file);
          assert.deepEqual(back.shape, [16, 24, channels]);
          const worst = entry()
            .max(entry().abs(entry().sub(back, image)))
            .dataSync()[0]!;
          assert.isAtMost(worst, 4);
        });
      }
    }

    for (const progressive of [false, true]) {
      for (const downsampling of [false, true]) {
        const how = `${progressive ? 'progressive' : 'baseline'}, ${downsampling ? '4:2:0' : '4:4:4'}`;
        it(`JPEG of every small size, also where the file is larger than the pixels: ${how}`, async () => {
          for (const channels of [1, 3]) {
            for (const [height, width] of [
              [1, 1],
              [1, 17],
              [8, 8],
              [15, 2],
              [16, 24],
              [33, 31],
            ] as const) {
              // Grey where colours lose resolution.
              const value = (i: number) => ((downsampling ? Math.floor(i / channels) : i) ** 2 * 79) % 256;
              const values = Int32Array.from({ length: height * width * channels }, (_, i) => value(i));
              const image = entry().tensor3d(values, [height, width, channels], 'int32');
              const file = await entry().node.encodeJpeg(image, '', 100, progressive, false, downsampling);
              const back = entry().node.decodeJpeg(file);
              assert.deepEqual(back.shape, image.shape);
              const worst = entry()
                .max(entry().abs(entry().sub(back, image)))
                .dataSync()[0]!;
              assert.isAtMost(worst, 5, `${height} x ${width} x ${channels}`);
            }
          }
        });
      }
    }

    it('JPEG of better or worse quality, with or without smaller colours', async () => {
      const noise = Int32Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * i * 7919) % 256);
      const image = entry().tensor3d(noise, [64, 64, 3], 'int32');
      const { encodeJpeg } = entry().node;
      const [fine, coarse] = [await encodeJpeg(image, 'rgb', 100), await encodeJpeg(image, 'rgb', 10)];
      assert.isAbove(fine.length, 2 * coarse.length);
      const whole = await encodeJpeg(image, 'rgb', 100, false, false, false);
      assert.isAbove(whole.length, fine.length);
    });

    it('JPEG with its density and XMP metadata', async () => {
      const { encodeJpeg, decodeJpeg } = entry().node;
      const file = await encodeJpeg(gradient(3), 'rgb', 90, false, true, true, 'cm', 118, 300, '<x:xmpmeta/>');
      // JFIF: units (2: per centimetre), horizontal, vertical.
      assert.deepEqual(Array.from(file.subarray(13, 18)), [2, 0, 118, 1, 44]);
      assert.include(
        Buffer.from(file).toString('latin1'),
        '\xff\xe1\x00\x2bhttp://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>',
      );
      assert.deepEqual(decodeJpeg(file).shape, [16, 24, 3]);
      const inches = await encodeJpeg(gradient(3));
      assert.deepEqual(Array.from(inches.subarray(13, 18)), [1, 1, 44, 1, 44]);
    });
  });

  describe('refuses in one line', () => {
    const check = async (attempt: () => unknown, message: RegExp): Promise<void> => {
      assert.match(await complaint(attempt), message);
    };

    it('files of other kinds', async () => {
      const { decodeImage, decodeBmp, decodePng, decodeGif } = entry().node;
      await check(
        () => decodeImage(Buffer.from('text')),
        /^Expected image \(BMP, JPEG, PNG, or GIF\), but got .* 74657874$/,
      );
      await check(() => decodeImage(new Uint8Array()), /unsupported image type: no bytes/);
      await check(() => decodeImage('photo.png' as never), /takes a Uint8Array \(a Buffer, say\), but got string/);
      await check(
        () => decodeBmp(fileOf('colour of 8 bits')),
        /decodeBmp: this is a png file: use tf.node.decodeImage/,
      );
      await check(() => decodeGif(fileOf('BMP of 24 bits')), /decodeGif: this is a bmp file/);
      await check(() => decodePng(fileOf('GIF whose frames are parts')), /a GIF of 3 frames: use tf.node.decodeGif/);
    });

    for (const name of ['colour of 8 bits', 'JPEG of 4:2:0', 'BMP of 24 bits', 'GIF of one frame']) {
      it(`${name}, cut off anywhere`, async () => {
        const file = fileOf(name);
        for (const part of [0.2, 0.5, 0.8]) {
          await check(
            () => entry().node.decodeImage(file.subarray(0, Math.floor(part * file.length))),
            /damaged or cut off|is cut off/,
          );
        }
      });
    }

    it('GIFs whose codes are damaged', async () => {
      const file = fileOf('GIF of one frame');
      // The codes begin after the palette (12 bytes from 13 on), the frame's header (10), their width and the block's length.
      const damaged = (change: (codes: Uint8Array) => void): Uint8Array => {
        const copy = file.slice();
        change(copy.subarray(13 + 12 + 10 + 2));
        return copy;
      };
      const { decodeGif } = entry().node;
      // Three bits a code, the lowest first: 4 clears, 5 ends.
      await check(() => decodeGif(damaged((codes) => codes.set([0b00101100]))), /a frame has 0 instead of 20 pixels/);
      await check(() => decodeGif(damaged((codes) => codes.set([0b00111100]))), /code 7 has no meaning/);
      const small = file.slice();
      small[10]! &= 0xf8; // two colours instead of four
      await check(() => decodeGif(Buffer.concat([small.subarray(0, 19), small.subarray(25)])), /has color [23] of 2/);
    });

    it('files whose pixels TensorFlow would make something else of', async () => {
      const { decodeImage } = entry().node;
      await check(
        () => decodeImage(bytes(refused.CMYK!)),
        /a JPEG must be grey or colour, but this one has 4 components/,
      );
      await check(() => decodeImage(bytes(refused['palette BMP']!)), /has a palette of other colours than 256 greys/);
    });

    it('images that claim to be huge', async () => {
      const file = Buffer.from(fileOf('JPEG of 4:4:4'));
      const frame = file.indexOf(Buffer.of(0xff, 0xc0));
      file.fill(0xff, frame + 5, frame + 9);
      await check(() => entry().node.decodeJpeg(file), /a JPEG of 65535 x 65535 pixels is too large/);
    });

    it('arguments', async () => {
      const { decodeImage, decodeJpeg, decodePng, encodeJpeg, encodePng } = entry().node;
      const [png, jpeg] = [fileOf('colour of 8 bits'), fileOf('JPEG of 4:4:4')];
      await check(() => decodeImage(png, 0, 'uint8'), /could only return Tensor of type `int32`/);
      await check(() => decodePng(png, 2), /channels of a png image must be one of 0, 1, 3, 4, but got 2/);
      await check(() => decodeJpeg(jpeg, 4), /channels of a jpeg image must be one of 0, 1, 3, but got 4/);
      await check(() => decodeJpeg(jpeg, 0, 3), /ratio must be 1, 2, 4, or 8, got 3/);
      await check(() => decodeJpeg(jpeg, 0, 2), /a ratio of 2 is not supported: resize the result/);
      await check(() => decodeJpeg(jpeg, 0, 1, false), /fancyUpscaling false is not supported/);
      await check(() => decodeJpeg(jpeg, 0, 1, true, true), /tryRecoverTruncated is not supported/);
      const { tensor3d, zeros } = entry();
      await check(
        () => encodePng(zeros([2, 2]) as never),
        /takes a tensor \[height, width, channels\].* but got \[2, 2\]/,
      );
      await check(() => encodePng(tensor3d([256], [1, 1, 1])), /pixel values must be 0 to 255, but one is 256/);
      await check(() => encodePng(tensor3d([Number.NaN], [1, 1, 1])), /but one is NaN/);
      await check(() => encodePng(zeros([1, 1, 1]), 10), /compression must be a whole number from -1 to 9, but got 10/);
      await check(() => encodeJpeg(zeros([1, 1, 4])), /of 1 or 3 channels, but got \[1, 1, 4\]/);
      await check(() => encodeJpeg(zeros([1, 1, 1]), 'rgb'), /of 3 channels, but got \[1, 1, 1\]/);
      await check(() => encodeJpeg(zeros([1, 1, 3]), 'cmyk' as never), /format must be '', 'grayscale' or 'rgb'/);
      await check(() => encodeJpeg(zeros([1, 1, 3]), '', 101), /quality must be a whole number from 0 to 100/);
    });
  });
});
