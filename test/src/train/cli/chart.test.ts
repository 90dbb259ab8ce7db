import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { decode } from '../../viz/pixels.js';
import { inFolder, onnxForge } from './onnx-forge.js';

async function writeRun(folder: string, values: readonly number[], seed?: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  const lines = values.map((knn, epoch) => ({ kind: 'validation', step: 10 * epoch, epoch, metrics: { knn } }));
  if (seed !== undefined) {
    const sizes = { steps: 20, stepsPerEpoch: 10, began: '2026-01-01T00:00:00.000Z' };
    const status = { format: 1, state: 'finished', recipe: 'simsiam', data: 'cifar10', options: {}, seed, ...sizes };
    await writeFile(join(folder, 'status.json'), JSON.stringify({ ...status, engine: 'compiled', device: 'cpu' }));
  }
  await writeFile(join(folder, 'metrics.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

describe('onnx-forge chart', () => {
  it('draws runs that are named by their folders or by hand, and gives their last values', () =>
    inFolder(async (folder) => {
      await writeRun(join(folder, 'runs/a'), [0.1, 0.2, 0.4]);
      await writeRun(join(folder, 'runs/b'), [0.1, 0.15]);
      const { code, stdout, stderr } = await onnxForge(
        ['chart', 'runs/a', 'second one=runs/b', '--metrics', 'knn', '-o', 'charts/knn.png', '--json'],
        folder,
      );
      expect(code, stderr).to.equal(0);
      expect(JSON.parse(stdout)).to.deep.equal({
        file: 'charts/knn.png',
        runs: [
          { name: 'a', last: { knn: { step: 20, epoch: 2, value: 0.4 } } },
          { name: 'second one', last: { knn: { step: 10, epoch: 1, value: 0.15 } } },
        ],
      });
      expect(decode(await readFile(join(folder, 'charts/knn.png'))).width).to.equal(2 * 680);
      const against = ['--against', 'step', '--title', 'Two runs'];
      const again = await onnxForge(
        ['chart', 'runs/a', 'runs/b', '--metric', 'knn', '-o', 'knn.svg', ...against],
        folder,
      );
      expect(again.code, again.stderr).to.equal(0);
      const svg = await readFile(join(folder, 'knn.svg'), 'utf8');
      for (const word of ['Two runs', 'training iterations']) expect(svg).to.include(word);
    }));

  it('says below its title what was trained, on which data, from which seeds', () =>
    inFolder(async (folder) => {
      await writeRun(join(folder, 'runs/a'), [0.1, 0.2], 4);
      await writeRun(join(folder, 'runs/b'), [0.1, 0.2], 5);
      const draw = (...more: string[]) =>
        onnxForge(['chart', 'runs/a', 'runs/b', '--metrics', 'knn', '-o', 'knn.svg', ...more], folder);
      const svg = () => readFile(join(folder, 'knn.svg'), 'utf8');
      const { code, stderr } = await draw();
      expect(code, stderr).to.equal(0);
      expect(await svg()).to.include('simsiam, cifar10, seeds 4, 5');
      await draw('--subtitle', 'my own words');
      expect(await svg())
        .to.include('my own words')
        .and.not.include('cifar10');
    }));
});
