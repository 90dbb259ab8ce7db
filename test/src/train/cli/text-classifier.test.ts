import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { PNG } from 'pngjs';
import { complaints, onnxForge } from './onnx-forge.js';

describe('onnx-forge: classify, table', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'onnx-forge-text-'));
    const set = { embeddingDim: 4, filters: 4 };
    const runs = ['max', 'average'].flatMap((pooling) =>
      [1, 2].map((seed) => ({ model: 'text-cnn', out: `${pooling}-${seed}`, seed, set: { ...set, pooling } })),
    );
    const batch = { defaults: { maxSteps: 3, figures: false, device: 'cpu' }, runs };
    await writeFile(join(folder, 'batch.json'), JSON.stringify(batch));
    const ended = await onnxForge('train --config batch.json', folder);
    expect(ended.code, ended.stderr).to.equal(0);
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it('classify prints class, probability and unknown words of texts and of the lines of a file', async () => {
    await writeFile(join(folder, 'texts'), 'a dull plot\n\nthe film is good\n');
    const { stdout } = await onnxForge(['classify', 'max-1', 'Good, qux', '--file', 'texts'], folder);
    const [heading, , ...rows] = stdout.trimEnd().split('\n');
    expect(heading).to.match(/^class +probability +text +unknown words$/);
    expect(rows).to.have.length(3);
    expect(rows[0]).to.match(/^(negative|positive) +0\.[5-9]\d{3} +Good, qux +qux$/);
    const { texts } = JSON.parse((await onnxForge(['classify', 'max-1', 'good', '--json'], folder)).stdout) as {
      texts: { class: string; probabilities: Record<string, number> }[];
    };
    const { negative, positive } = texts[0]!.probabilities;
    expect(negative! + positive!).to.be.closeTo(1, 1e-6);
    expect(texts[0]!.class).to.equal(positive! > negative! ? 'positive' : 'negative');
  });

  it('classify says in one line what it can not classify', async () => {
    const complaint = async (...args: string[]) => complaints(await onnxForge(['classify', ...args], folder))[0];
    expect(await complaint('max-1')).to.match(/nothing to classify/);
    expect(await complaint('max-1', '')).to.match(/text 0 \(''\) holds no word/);
    expect(await complaint('max-1', '--file', 'none')).to.match(/--file none can't be read/);
    await writeFile(join(folder, 'latin'), Uint8Array.of(0x67, 0xe9, 0x0a));
    expect(await complaint('max-1', '--file', 'latin')).to.match(/latin: at byte 0: expected utf-8 text in line 1/);
  });

  it('table sets a number of the runs by their options, as text and as a chart', async () => {
    const runs = ['max-1', 'max-2', 'average-1', 'average-2'];
    const args = ['--metric', 'accuracy', '--rows', 'pooling', '--columns', 'kernelSize'];
    const { stdout, stderr } = await onnxForge(['table', ...runs, ...args, '-o', 'table.png'], folder);
    expect(stdout, stderr).to.match(/^accuracy, test split\npooling +kernelSize 5\n/);
    const accuracy = async (run: string) => {
      const { metrics } = JSON.parse(await readFile(join(folder, run, 'manifest.json'), 'utf8')) as {
        metrics: { name: string; value: number }[];
      };
      return metrics.find(({ name }) => name === 'accuracy')!.value;
    };
    const mean = ((await accuracy('max-1')) + (await accuracy('max-2'))) / 2;
    expect(stdout).to.match(new RegExp(`\nmax +${mean.toPrecision(4)} \\+- [\\d.e-]+ \\(2 runs\\)\n`));
    expect(PNG.sync.read(await readFile(join(folder, 'table.png'))).width).to.be.above(100);
  });

  it('table names an option or a number that a run has not, and a cell without a run', async () => {
    const complaint = async (args: string) => complaints(await onnxForge(`table ${args}`, folder))[0];
    expect(await complaint('max-1 --metric accuracy --rows poling')).to.match(
      /no option 'poling'; did you mean 'pooling'/,
    );
    expect(await complaint('max-1 --metric elbo --rows pooling')).to.match(
      /'elbo' was not measured .* it has accuracy/,
    );
    expect(await complaint('max-1 average-2 --metric accuracy --rows pooling --columns speed')).to.match(
      /no option 'speed'/,
    );
  });
});
