import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadManifest } from '@onnx-forge/infer';
import { expect } from 'chai';
import { PNG } from 'pngjs';
import { complaints, type Ended, eachOf, inFolder } from '../cli/onnx-forge.js';

const SIZE = 28;
const SHAPES = ['bar', 'disc', 'square'];

/** Sixty drawings, 28 x 28, no two alike, in a folder for each shape. */
async function drawShapes(folder: string): Promise<void> {
  for (let index = 0; index < 60; index++) {
    const shape = SHAPES[index % 3]!;
    const [left, top, reach] = [6 + (index % 16), 6 + ((5 * index) % 17), 2 + (index % 5)];
    const image = new PNG({ width: SIZE, height: SIZE });
    for (let pixel = 0; pixel < SIZE * SIZE; pixel++) {
      const [x, y] = [(pixel % SIZE) - left, Math.floor(pixel / SIZE) - top];
      const inside = {
        bar: Math.abs(x) <= 1 && Math.abs(y) <= 2 * reach,
        disc: x * x + y * y <= reach * reach,
        square: Math.max(Math.abs(x), Math.abs(y)) <= reach,
      }[shape];
      image.data.set([...Array(3).fill(inside ? 255 : 0), 255], 4 * pixel);
    }
    await mkdir(join(folder, shape), { recursive: true });
    await writeFile(join(folder, shape, `${index}.png`), PNG.sync.write(image, { colorType: 2 }));
  }
}

const TINY = '--max-steps 4 --batch-size 16 --device cpu --samples 2 --no-figures';

function succeeded(...all: Ended[]): void {
  for (const { code, stderr } of all) expect(code, stderr).to.equal(0);
}

describe("onnx-forge with a user's own data", () => {
  it('describes a folder of images, trains on it, measures the run, draws its figures, and goes on', () =>
    inFolder(async (folder) => {
      await drawShapes(join(folder, 'shapes'));
      const [described, trained, measured, drawn, way, dims, resumed, other] = (await eachOf(
        [
          'data describe shapes --grey --json -o first.png',
          `train vae-conv --data shapes --grey ${TINY}`,
          'eval runs/vae-conv --samples 2 --device cpu --json',
          'figures runs/vae-conv --only reconstructions --device cpu',
          'interpolate runs/vae-conv --data shapes --grey --examples 0,1 -o way.png --device cpu --json',
          'perturb runs/vae-conv --data shapes --grey --example 1 -o dims.png --device cpu --json',
          `train vae-conv --resume --extend ${TINY.replace('steps 4', 'steps 5')}`,
          'eval runs/vae-conv --samples 2 --device cpu --data synthetic-digits --examples 3 --json',
        ],
        folder,
      )) as [Ended, Ended, Ended, Ended, Ended, Ended, Ended, Ended];
      succeeded(described, trained, measured, drawn, way, dims, resumed, other);
      expect(JSON.parse(way.stdout)).to.deep.include({ pairs: 1, examples: [0, 1] });
      expect(JSON.parse(dims.stdout)).to.include({ example: 1 });

      type Counts = Record<'train' | 'validation' | 'test', number>;
      const { dataSets } = JSON.parse(described.stdout) as {
        dataSets: { name: string; classes: (Counts & { name: string })[]; splits: Counts; duplicates: object }[];
      };
      expect(dataSets[0]!.duplicates).to.deep.equal({ examples: 0, acrossSplits: 0 });
      const first = PNG.sync.read(await readFile(join(folder, 'first.png')));
      expect(first.width / first.height).to.be.above(1);
      const { name, classes, splits } = dataSets[0]!;
      expect([name, classes.map((one) => one.name)]).to.deep.equal(['shapes', SHAPES]);
      for (const one of classes) expect(one.train + one.validation + one.test).to.equal(20);
      const sizes = `${splits.train} train, ${splits.validation} validation, ${splits.test} test`;
      expect(trained.stderr).to.include(
        `\nvae-conv: shapes: 60 images of 3 classes, 28 x 28, grey (${sizes})\n`.trimStart(),
      );

      const { data, metrics } = await loadManifest(join(folder, 'runs/vae-conv'));
      expect(data).to.deep.include({ name: 'shapes+threshold', embedded: false });
      expect(data.reference).to.deep.include({
        format: 'image-folder',
        path: join(folder, 'shapes'),
        options: { grey: true },
      });
      expect(data.reference!.sha256).to.equal(data.files[0]!.sha256);
      const { runs } = JSON.parse(measured.stdout) as {
        runs: { measurements: { name: string; examples: number }[] }[];
      };
      expect(runs[0]!.measurements.find(({ name }) => name === 'logLikelihood')).to.include({ examples: splits.test });
      expect(new Set(metrics.map(({ dataSet }) => dataSet))).to.include('synthetic-digits+threshold');
      expect(drawn.stdout.trim()).to.equal('runs/vae-conv/figures/reconstructions.png');
      expect(await readdir(join(folder, 'runs/vae-conv/figures'))).to.deep.equal(['reconstructions.png']);
      expect(resumed.stderr).to.match(/going on after iteration 4 of 5/);
    }));

  it('lists every file of a folder that can not be used, and the sizes of those that can', () =>
    inFolder(async (folder) => {
      await drawShapes(join(folder, 'shapes'));
      const whole = await readFile(join(folder, 'shapes', 'bar', '0.png'));
      const small = new PNG({ width: 3, height: 2 });
      await writeFile(join(folder, 'shapes', 'disc', 'small.png'), PNG.sync.write(small, { colorType: 2 }));
      await writeFile(join(folder, 'shapes', 'square', 'notes.txt'), 'notes');
      for (let i = 10; i < 35; i++)
        await writeFile(join(folder, 'shapes', 'bar', `cut-${i}.png`), whole.subarray(0, 60));
      const [text, json] = (await eachOf(['data describe shapes', 'data describe shapes --json'], folder)) as [
        Ended,
        Ended,
      ];
      expect([text.code, json.code]).to.deep.equal([1, 1]);
      expect(text.stdout).to.include('shapes: 87 files, of which 61 can be read\n');
      expect(text.stdout).to.match(
        /^bar\/cut-10\.png +at byte 0: expected an intact PNG, found damage \(it breaks off\)$/m,
      );
      expect(text.stdout.match(/^bar\/cut-/gm)).to.have.length(20);
      expect(text.stdout).to.match(/^and 6 more +--json lists all$/m);
      expect(text.stdout).to.match(/^28 x 28, colour +60\n3 x 2, colour +1$/m);
      expect(complaints(text)).to.have.length(1);
      const { faults, sizes } = JSON.parse(json.stdout) as {
        faults: { file: string; reason: string }[];
        sizes: object;
      };
      expect(faults.map(({ file }) => file)).to.deep.equal([
        ...Array.from({ length: 25 }, (_, i) => `bar/cut-${i + 10}.png`),
        'square/notes.txt',
      ]);
      expect(faults.at(-1)!.reason).to.equal('is no PNG, JPEG or PGM image');
      expect(sizes).to.deep.equal([
        { size: '28 x 28, colour', images: 60 },
        { size: '3 x 2, colour', images: 1 },
      ]);
    }));

  it('says when the data of a run have changed or are gone; others are taken when they are named', () =>
    inFolder(async (folder) => {
      await drawShapes(join(folder, 'shapes'));
      succeeded(...(await eachOf([`train classifier --data shapes --grey ${TINY}`], folder)));
      await rename(join(folder, 'shapes/bar/0.png'), join(folder, 'shapes/disc/0.png'));
      const [changed, going, named] = (await eachOf(
        [
          'eval runs/classifier --device cpu',
          `train classifier --resume --data shapes --grey ${TINY}`,
          'eval runs/classifier --device cpu --data shapes --grey',
        ],
        folder,
      )) as [Ended, Ended, Ended];
      expect(changed.code).to.equal(1);
      expect(complaints(changed)[0]).to.match(/shapes have changed since the training: .*--data/);
      expect(going.code).to.equal(1);
      expect(complaints(going)[0]).to.match(/was started with data sha256 = \w+, not \w+/);
      succeeded(named);
      await rename(join(folder, 'shapes'), join(folder, 'moved'));
      const [gone, moved] = (await eachOf(
        ['figures runs/classifier --device cpu', 'eval runs/classifier --device cpu --data moved --grey'],
        folder,
      )) as [Ended, Ended];
      expect(complaints(gone)[0]).to.match(/the data \S+shapes are gone: .*--data/);
      succeeded(moved);
    }));

  it('makes a classifier of the classes that there are, which classifies the images of a folder or some of them', () =>
    inFolder(async (folder) => {
      await drawShapes(join(folder, 'shapes'));
      const wide = new PNG({ width: 2 * SIZE, height: SIZE });
      wide.data.fill(128);
      await writeFile(join(folder, 'wide.png'), PNG.sync.write(wide, { colorType: 2 }));
      const [trained, verified, classified, single, files, unread] = (await eachOf(
        [
          `train classifier --data shapes --grey ${TINY}`,
          'verify runs/classifier',
          'classify runs/classifier --data shapes --grey --split validation --json --device cpu',
          'data convert shapes --grey -o grey.npz',
          // Drawn in colour and of another size: files are changed as the data of the run were.
          'classify runs/classifier shapes/bar/0.png wide.png --json --device cpu',
          'classify runs/classifier --resize 28x28 shapes/bar/0.png',
        ],
        folder,
      )) as [Ended, Ended, Ended, Ended, Ended, Ended];
      succeeded(trained, verified, classified, single, files);
      expect((JSON.parse(files.stdout) as { images: object[] }).images).to.have.length(2);
      const { images } = JSON.parse(classified.stdout) as { images: { class: string; label: string }[] };
      expect(images.length).to.be.within(1, 20);
      for (const image of images) expect(SHAPES).to.include.members([image.class, image.label]);
      expect(complaints(unread)[0]).to.match(/--resize is for examples of a data set: name it by --data/);
      const { serve, graphs } = await loadManifest(join(folder, 'runs/classifier'));
      expect(serve.classes).to.deep.equal(SHAPES);
      expect(graphs.classify!.outputs.logits!.shape).to.deep.equal(['batch', 3]);
    }));

  it('trains on the columns of a table that it is told, and says what a recipe takes', () =>
    inFolder(async (folder) => {
      const words = (index: number) => `${['grim', 'fine'][index % 2]} ${'abcdefghij'[index % 10]} ${index}`;
      const reviews = Array.from({ length: 40 }, (_, index) => `${words(index)},${['bad', 'good'][index % 2]}`);
      await writeFile(join(folder, 'reviews.csv'), ['review,stars', ...reviews].join('\n'));
      const tiny = '--max-steps 2 --batch-size 8 --device cpu --no-figures';
      const [trained, measured, models, help] = (await eachOf(
        [
          `train text-cnn --data reviews.csv --columns text=review,label=stars --split train=.6,validation=.2,test=.2 ${tiny}`,
          'eval runs/text-cnn --device cpu',
          'models siamese',
          'train siamese --help',
        ],
        folder,
      )) as [Ended, Ended, Ended, Ended];
      succeeded(trained, measured, models, help);
      expect(trained.stderr).to.match(
        /^text-cnn: reviews: 40 texts of 2 classes \(2\d train, \d+ validation, \d+ test\)$/m,
      );
      const { serve, data } = await loadManifest(join(folder, 'runs/text-cnn'));
      expect(serve.classes).to.deep.equal(['bad', 'good']);
      expect(data.reference!.options).to.deep.equal({
        columns: 'text=review,label=stars',
        split: 'train=.6,validation=.2,test=.2',
      });
      for (const { stdout } of [models, help]) {
        expect(stdout.replace(/\s+/g, ' ')).to.match(/own data:? images in grey \(--grey\), a folder for each person/);
      }
    }));

  it('refuses what a recipe can not take, in one line, with exit code 1 or 2 and no run folder', () =>
    inFolder(async (folder) => {
      await drawShapes(join(folder, 'shapes'));
      await writeFile(join(folder, 'batch.json'), JSON.stringify({ runs: [{ model: 'vae', data: './none' }] }));
      const refused: readonly (readonly [string, number, RegExp])[] = [
        [
          'train vae --data shapes',
          1,
          /wants images of 28 x 28, grey, but .* has 28 x 28, colour; --grey makes them so/,
        ],
        ['train wgan-lp --data shapes', 1, /wants images of 32 x 32, colour, .*; --resize 32x32 makes them so/],
        ['train cvae --data shapes --grey', 1, /'cvae' has 10 classes, but data set 'shapes\+dynamic' has 3/],
        ['train text-cnn --data shapes', 1, /\S/],
        ['train vae --data ./none', 1, /there is no file or folder \S+none/],
        ['train --config batch.json', 1, /there is no file or folder \S+none/],
        ['train vae --data nonesuch', 2, /there is no data set 'nonesuch'/],
        ['train vae --resize 28x28', 2, /--resize is for data of your own/],
        ['train vae --data synthetic-digits --grey', 2, /--grey is for data of your own/],
        ['train vae --data shapes --resize big', 1, /resize must be WIDTHxHEIGHT/],
        ['data list --grey', 2, /--grey is for data describe and data convert/],
        ['data describe', 2, /needs the name/],
        ['data describe shapes/bar/0.png', 1, /is no data of a known form/],
      ];
      const ended = await eachOf(
        refused.map(([line]) => line),
        folder,
      );
      for (const [index, [line, code, message]] of refused.entries()) {
        const lines = complaints(ended[index]!);
        expect(lines, line).to.have.length(1);
        expect(lines[0], line).to.match(message);
        expect(ended[index]!.code, line).to.equal(code);
        expect(lines[0], line).to.not.match(/undefined|TypeError/);
      }
      const manifests = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('manifest.json'));
      expect(manifests).to.deep.equal([]);
    }));

  it('help of train speaks of it', async () => {
    const [help] = await eachOf(['train --help'], '.');
    expect(help!.stdout.replace(/\s+/g, ' ')).to.match(
      /--data .*own data: a folder of images, or a \.npy, \.npz, \.csv/,
    );
  });
});
