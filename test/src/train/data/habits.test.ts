import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DataError, FormatError } from '@onnx-forge/train';
import { decodeImage, openReference, referTo } from '@onnx-forge/train/data';
import { expect } from 'chai';
import { zipSync } from 'fflate';
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { npyBytes } from './npy-bytes.js';
import { failure, temporaryFolder } from './support.js';

/** A grey picture that no other number has. */
function picture(number: number, alpha = 255): Buffer {
  const image = new PNG({ width: 4, height: 3 });
  for (let pixel = 0; pixel < 12; pixel++)
    image.data.set([...Array(3).fill((37 * number + pixel) % 256), alpha], 4 * pixel);
  return PNG.sync.write(image, { colorType: alpha === 255 ? 0 : 6 });
}

/** 24 pictures in two classes, and more files. */
const files = (more: Record<string, Uint8Array> = {}, above = ''): Record<string, Uint8Array> => ({
  ...Object.fromEntries(Array.from({ length: 24 }, (_, i) => [`${above}${'ab'[i % 2]}/${i}.png`, picture(i)])),
  ...more,
});

const NOTHING = Buffer.from('x');

/** Folders and tables as people have them, other than the documents say. */
describe('data as they lie on disks', () => {
  const folder = temporaryFolder();

  async function write(all: Record<string, Uint8Array>): Promise<string> {
    for (const [name, bytes] of Object.entries(all)) {
      const path = join(folder.path, 'set', name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, bytes);
    }
    return join(folder.path, 'set');
  }

  const open = async (path: string, options?: Parameters<typeof referTo>[1]) =>
    openReference(await referTo(path, options));

  const table = async (name: string, text: string | Uint8Array, options?: Parameters<typeof referTo>[1]) => {
    const path = join(folder.path, name);
    await writeFile(path, text);
    return open(path, options);
  };

  const refusal = async (opening: () => Promise<unknown>) => (await failure(DataError, opening)).message;

  describe('images', () => {
    it('files of Windows and macOS between them are passed over, in folders and archives', async () => {
      const left = {
        'a/.DS_Store': NOTHING,
        'a/Thumbs.db': NOTHING,
        'desktop.ini': NOTHING,
        '__MACOSX/a/._0.png': NOTHING,
      };
      const whole = await open(await write(files()));
      const same = await open(await write(left));
      expect(same.files).to.deep.equal(whole.files);
      const path = join(folder.path, 'set.zip');
      await writeFile(path, zipSync(files({ ...left, 'set/Thumbs.db': NOTHING }, 'set/')));
      expect((await open(path)).found).to.equal(whole.found);
    });

    it('archives of Windows PowerShell, whose paths have backslashes, are the same; none leaves the archive', async () => {
      const windows = (all: Record<string, Uint8Array>) =>
        Object.fromEntries(Object.entries(all).map(([name, bytes]) => [name.replaceAll('/', '\\'), bytes]));
      const path = join(folder.path, 'set.zip');
      await writeFile(path, zipSync(files({ 'set/empty/': new Uint8Array() }, 'set/')));
      const usual = await open(path);
      await writeFile(path, zipSync(windows(files({ 'set/empty/': new Uint8Array() }, 'set/'))));
      expect((await open(path)).found).to.equal(usual.found);
      for (const climbing of ['a\\..\\..\\b.png', '..\\b.png', '\\b.png', 'C:\\b.png']) {
        await writeFile(path, zipSync({ [climbing]: picture(1) }));
        expect(await refusal(() => open(path))).to.include("expected a path inside the archive's folder");
      }
    });

    it('folders of splits may be called as in other libraries; two of one split, and one too few, are refused', async () => {
      const split = (name: string, from: number) =>
        Object.fromEntries(Array.from({ length: 4 }, (_, i) => [`${name}/${'ab'[i % 2]}/${i}.png`, picture(from + i)]));
      const path = await write({ ...split('Train', 0), ...split('val', 4), ...split('test', 8) });
      expect((await open(path)).found).to.include('(4 train, 4 validation, 4 test)');
      await write(split('valid', 12));
      expect(await refusal(() => open(path))).to.include("two folders of one split, 'val' and 'valid'");
      await rename(join(path, 'valid'), join(folder.path, 'valid'));
      await rename(join(path, 'val'), join(folder.path, 'val'));
      expect(await refusal(() => open(path))).to.match(
        /has no folder 'validation'; wanted: .* or images in one folder a class/,
      );
    });

    it('of formats that are not read are named, alone in a folder, too', async () => {
      const flat = await write({ 'one.webp': NOTHING, 'two.HEIC': NOTHING });
      expect(await refusal(() => open(flat))).to.match(/one\.webp is no PNG, JPEG or PGM image; .*convert it to PNG/);
    });

    it('that break off, are transparent, or are links to nothing are refused in plain words', async () => {
      const whole = picture(1);
      const cut = { file: 'cut.png', bytes: whole.subarray(0, whole.length - 20) };
      expect((await failure(FormatError, () => decodeImage(cut))).message).to.include('damage (it breaks off)');
      const clear = { file: 'clear.png', bytes: picture(1, 100) };
      expect((await failure(FormatError, () => decodeImage(clear))).message).to.include('put it on a background first');
      const path = await write(files());
      await symlink('nowhere.png', join(path, 'a/link.png'));
      expect(await refusal(() => open(path))).to.match(/link\.png can't be read/);
    });

    it('names in any script, links to images, and equal names with other cases are as they stand', async () => {
      const path = await write({ ...files({}, ''), 'a/0.PNG': picture(90), 'a/猫 é.JPG': picture(91) });
      await symlink('../b/1.png', join(path, 'a/link.png'));
      expect((await open(path)).found).to.include('27 images (26 different) of 2 classes');
    });

    // The orientation of a picture of 2 x 2 blocks: CIPA DC-008, 4.6.5.
    const ORIENTATIONS = ['ab/cd', 'ba/dc', 'dc/ba', 'cd/ab', 'ac/bd', 'ca/db', 'db/ca', 'bd/ac'];
    for (const little of [true, false]) {
      it(`photos are upright as their Exif data say, ${little ? 'little' : 'big'}-endian`, () => {
        const levels: Record<string, number> = { a: 20, b: 90, c: 160, d: 230 };
        const [width, height] = [24, 16];
        const data = Buffer.alloc(4 * width * height, 255);
        for (let i = 0; i < width * height; i++) {
          const block = 'abcd'[2 * Math.floor(i / width / (height / 2)) + Math.floor((i % width) / (width / 2))]!;
          data.fill(levels[block]!, 4 * i, 4 * i + 3);
        }
        const plain = jpeg.encode({ data, width, height }, 95).data;
        for (const [index, wanted] of ORIENTATIONS.entries()) {
          const bytes = Buffer.concat([plain.subarray(0, 2), exif(index + 1, little), plain.subarray(2)]);
          const image = decodeImage({ file: 'photo.jpg', bytes });
          const turned = index >= 4;
          expect([image.width, image.height]).to.deep.equal(turned ? [height, width] : [width, height]);
          const at = (x: number, y: number) => image.data[image.channels * (y * image.width + x)]!;
          const nearest = (level: number) =>
            Object.keys(levels).reduce((best, one) =>
              Math.abs(levels[one]! - level) < Math.abs(levels[best]! - level) ? one : best,
            );
          const [right, bottom] = [image.width - 1, image.height - 1];
          const found = `${nearest(at(0, 0))}${nearest(at(right, 0))}/${nearest(at(0, bottom))}${nearest(at(right, bottom))}`;
          expect(found, `orientation ${index + 1}`).to.equal(wanted);
        }
      });
    }
  });

  describe('tables', () => {
    const rows = (separator: string) =>
      Array.from({ length: 20 }, (_, i) => `text number ${i}${separator}${['good', 'bad'][i % 2]}`).join('\n');

    it('of semicolons, tabs or commas are read by their header, whatever the name ends in', async () => {
      for (const [name, separator] of [
        ['a.csv', ';'],
        ['b.csv', '\t'],
        ['c.tsv', ','],
        ['d.csv', ','],
      ] as const) {
        const { found } = await table(name, `text${separator} label\n${rows(separator)}`);
        expect(found, name).to.include('20 texts of 2 classes');
      }
    });

    it('with a column twice, a label only in later rows, or quotes within a field are refused', async () => {
      expect(await refusal(() => table('a.csv', `text,label,text\n${rows(',')}`))).to.include(
        "column 'text' stands twice",
      );
      const objects = Array.from({ length: 20 }, (_, i) =>
        JSON.stringify({ text: `t${i}`, ...(i > 0 && { label: i % 2 === 0 }) }),
      );
      expect(await refusal(() => table('a.jsonl', objects.join('\n')))).to.match(
        /line 1 has no text in the column 'label'/,
      );
      const { vocabularies } = await table('b.jsonl', objects.slice(1).join('\n'));
      expect(vocabularies).to.deep.equal({ label: ['false', 'true'] });
      expect(await refusal(() => table('q.tsv', `text\tlabel\n5" wide\tgood\n${rows('\t')}`))).to.match(
        /line 2.*doubled/,
      );
    });

    it('in UTF-16 say so', async () => {
      const bytes = Buffer.from(`\ufefftext,label\n${rows(',')}`, 'utf16le');
      expect(await refusal(() => table('u.csv', bytes))).to.include('found UTF-16: save it as UTF-8');
    });

    it('labels are texts: 01 and 1 are two classes', async () => {
      const text = Array.from({ length: 30 }, (_, i) => `t${i},${['01', '1'][i % 2]}`).join('\n');
      expect((await table('l.csv', `text,label\n${text}`)).vocabularies).to.deep.equal({ label: ['01', '1'] });
    });
  });

  describe('arrays', () => {
    const images = npyBytes(
      '|u1',
      [20, 2, 2],
      Uint8Array.from({ length: 80 }, (_, i) => (i * i) % 251),
    );

    it('of int64 are no floats, and a third file in their folder is refused', async () => {
      const wide = npyBytes(
        '<i8',
        [20, 2, 2],
        BigInt64Array.from({ length: 80 }, (_, i) => BigInt(i % 2)),
      );
      expect(await refusal(async () => open(await write({ 'images.npy': wide })))).to.match(
        /images\.npy holds int64; wanted: uint8/,
      );
      const path = await write({ 'images.npy': images, '.DS_Store': NOTHING });
      expect((await open(path)).found).to.include('20 images');
      await write({ 'extra.npy': images });
      expect(await refusal(() => open(path))).to.include("has 'extra.npy' beside images.npy");
    });
  });
});

/** The application segment of a JPEG with this orientation alone. */
function exif(orientation: number, little: boolean): Buffer {
  const tiff = Buffer.alloc(26);
  const [short, long] = little
    ? ([
        (value: number, at: number) => tiff.writeUInt16LE(value, at),
        (value: number, at: number) => tiff.writeUInt32LE(value, at),
      ] as const)
    : ([
        (value: number, at: number) => tiff.writeUInt16BE(value, at),
        (value: number, at: number) => tiff.writeUInt32BE(value, at),
      ] as const);
  tiff.write(little ? 'II' : 'MM', 0);
  short(42, 2);
  long(8, 4);
  short(1, 8);
  short(0x0112, 10);
  short(3, 12);
  long(1, 14);
  short(orientation, 18);
  const head = Buffer.from([0xff, 0xe1, 0, 2 + 6 + tiff.length]);
  return Buffer.concat([head, Buffer.from('Exif\0\0'), tiff]);
}
