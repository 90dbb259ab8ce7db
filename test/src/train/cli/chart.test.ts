import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { decode } from '../../viz/pixels.js';
import { inFolder, onnxForge } from './onnx-forge.js';

async function writeRun(folder: string, values: readonly number[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const lines = values.map((knn, epoch) => ({ kind: 'validation', step: 10 * epoch, epoch, metrics: { knn } }));
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
});
