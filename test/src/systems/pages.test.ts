import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { Random } from '@onnx-forge/infer';
import { recipes } from '@onnx-forge/models';
import { DNet, GNet } from '@onnx-forge/models/gan';
import { buildEncoder } from '@onnx-forge/models/simsiam';
import { type Network, tf } from '@onnx-forge/train';
import { seededInitializers } from '@onnx-forge/train/layers';
import { assert } from 'chai';

const FOLDER = new URL('../../../docs/systems/', import.meta.url);
const LARGEST = 100_000;

/** The questions of each document. */
const QUESTIONS: Readonly<Record<string, readonly string[]>> = {
  '000-eecs498-homework-3.md': ['1.1', '1.2', '1.3', '1.4', '2.1', '2.2', '2.3', '3.1', '3.2', '3.3', '4'],
  '001-eecs498-answers.md': ['1.1', '1.5', '2.2', '3.1', '3.2', '3.3', '4'],
  '002-cs446-homework-5.md': [
    ...[...'abcdefghij'].map((letter) => `1${letter}`),
    ...[...'abcde'].map((letter) => `2${letter}`),
    ...[...'abcde'].map((letter) => `3${letter}`),
    ...[...'abcdef'].map((letter) => `4${letter}`),
  ],
  '003-mva-assignment-1.md': Array.from({ length: 17 }, (_, index) => `Q${index + 1}`),
  '004-ift6135-homework-3.md': [
    '1.1',
    '1.2',
    '1.3',
    '1.4',
    '1.5',
    '1.6',
    '1.7',
    '2.1',
    '2.2',
    '2.3',
    '2.4',
    '3.1',
    '3.2',
    '3.3',
    '3.4',
    '3.5',
  ],
};

const read = (page: string) => readFile(new URL(page, FOLDER), 'utf8');

/** Where an answer begins: in bold, as a heading, or as a row's first cell. */
const beginsWith = (question: string) =>
  new RegExp(`(\\*\\*|^#+ |^\\| |, )([\\w.]+(, | to ))*${question.replace('.', '\\.')}\\b`, 'm');

function weightsIn({ weights }: Network): number {
  return weights.filter(({ trainable }) => trainable).reduce((sum, { variable }) => sum + variable.size, 0);
}

describe('docs/systems', () => {
  for (const [page, questions] of Object.entries(QUESTIONS)) {
    it(`${page} answers every question`, async () => {
      const text = await read(page);
      const missing = questions.filter((question) => !beginsWith(question).test(text));
      assert.deepEqual(missing, []);
    });
  }

  it('has a page for each document, and lists them', async () => {
    const files = (await readdir(FOLDER)).filter((file) => /^\d/.test(file));
    assert.sameMembers(files, Object.keys(QUESTIONS));
    const list = await read('README.md');
    for (const file of files) assert.include(list, `(${file})`);
  });

  it('has links, pictures and paths that exist, and pictures of less than 100 kB', async () => {
    const shown = new Set<string>();
    for (const page of [...Object.keys(QUESTIONS), 'README.md']) {
      const text = await read(page);
      for (const [, target] of text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
        assert(existsSync(new URL(target!, FOLDER)), `${page}: ${target}`);
        shown.add(target!);
      }
      for (const [, path] of text.matchAll(/`((?:packages|test|bench|models|docs)\/[\w./-]+)`/g)) {
        assert(existsSync(new URL(`../../${path}`, FOLDER)), `${page}: ${path}`);
      }
    }
    const pictures = (await readdir(FOLDER)).filter((file) => /\.(png|svg)$/.test(file));
    for (const picture of pictures) {
      assert(shown.has(picture), `${picture} is in no page`);
      assert.isBelow((await stat(new URL(picture, FOLDER))).size, LARGEST, picture);
    }
  });

  it('anchors of links to other pages are headings there', async () => {
    const anchor = (heading: string) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, '')
        .replaceAll(' ', '-');
    for (const page of Object.keys(QUESTIONS)) {
      for (const [, target, name] of (await read(page)).matchAll(/\]\(([^)#]+\.md)#([^)]+)\)/g)) {
        const headings = [...(await read(target!)).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchor(heading!));
        assert.include(headings, name, `${page}: ${target}`);
      }
    }
  });

  it('each step of a derivation has the test of its name', async () => {
    const rows = [
      ...(await read('000-eecs498-homework-3.md')).matchAll(
        /^\| (3\.[12] [a-h]) \|.*[^\\]\| ([^|]*(?:\\\|[^|]*)*) \|$/gm,
      ),
    ];
    const steps = rows.map(([, step, why]) => `${step}: ${why!.replaceAll('\\|', '|')}`);
    const source = await readFile(new URL('../../test/src/systems/derivations.test.ts', FOLDER), 'utf8');
    const titles = [...source.matchAll(/^ {2}step\('(.*)', /gm)].map(([, title]) => title);
    assert.isAbove(titles.length, 12);
    assert.deepEqual(steps, titles);
  });

  it('the networks have as many weights as the pages say', async () => {
    await tf.setBackend('cpu');
    const init = seededInitializers(new Random(1));
    const { latentDim } = (await recipes.gan()).default.options;
    const [discriminator, generator] = [DNet(init), GNet(latentDim!.default as number, init)];
    const page = await read('002-cs446-homework-5.md');
    for (const net of [discriminator, generator]) assert.include(page, weightsIn(net).toLocaleString('en'));
    const { options } = (await recipes.simsiam()).default;
    const size = { width: options.width!.default, stages: options.stages!.default, blocks: options.blocks!.default };
    const encoder = buildEncoder(
      { ...(size as { width: number; stages: number; blocks: number }), zeroInit: true, stem: 'imagenet' },
      init,
    );
    // torchvision's resnet18 without its last layer: 11,689,512 - 513,000.
    assert.equal(weightsIn(encoder), 11_176_512);
    assert.include(await read('004-ift6135-homework-3.md'), weightsIn(encoder).toLocaleString('en'));
    for (const net of [discriminator, generator, encoder]) net.dispose();
  });
});
