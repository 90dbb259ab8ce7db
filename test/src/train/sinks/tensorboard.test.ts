import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { samples, tensorBoardSink, train } from '@onnx-forge/train';
import type { SinkRun } from '@onnx-forge/train/metrics';
import { expect } from 'chai';
import { PNG } from 'pngjs';
import { skip } from '../../mocha/skip.js';
import { inTemporaryFolder, tinyData, tinyRecipe } from '../tiny.js';
import { readEvents, readJsonl } from './read-logs.js';

const run = promisify(execFile);
const PYTHON = process.env.PYTHON ?? 'python3';
const SCRIPT = fileURLToPath(new URL('../../../fixtures/read-events.py', import.meta.url));

interface Read {
  readonly scalars: Readonly<Record<string, readonly [step: number, wallTime: number, value: number][]>>;
  readonly images: Readonly<
    Record<string, readonly [step: number, width: number, height: number, decoded: readonly number[] | null][]>
  >;
  readonly texts: Readonly<Record<string, readonly string[]>>;
}

/** By TensorBoard itself. */
async function read(folder: string): Promise<Read> {
  const { stdout } = await run(PYTHON, [SCRIPT, folder], { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout) as Read;
}

describe("TensorBoard's own reader", () => {
  before(async function () {
    const reason = await run(PYTHON, ['-c', 'import tensorboard']).then(
      () => undefined,
      () => `${PYTHON} has no tensorboard (pip install tensorboard; PYTHON names another Python)`,
    );
    if (reason !== undefined) skip(this, reason);
  });

  it('finds every number, step and time, the pictures and the settings of a training', () =>
    inTemporaryFolder(async (out) => {
      const recipe = { ...tinyRecipe, figures: { samples: samples as (typeof tinyRecipe.figures)[string] } };
      const request = { recipe, data: tinyData(), out, device: 'cpu', evaluate: false, logEvery: 3 } as const;
      await train({ ...request, maxSteps: 7, log: ['tensorboard'] });
      // Goes on in a second file.
      await train({ ...request, maxSteps: 12, resume: true });
      const { scalars, images, texts } = await read(out);
      const times = (await readEvents(out)).flatMap(({ step, wallTime, summary }) =>
        (summary?.value ?? []).map(({ tag }) => [`${tag} ${step}`, wallTime] as const),
      );
      const timeOf = new Map(times);
      const expected: Record<string, [number, number, number][]> = {};
      for (const { kind, step, metrics } of await readJsonl(out)) {
        for (const [metric, value] of Object.entries(metrics)) {
          const tag = `${kind}/${metric}`;
          expected[tag] ??= [];
          expected[tag].push([step, timeOf.get(`${tag} ${step}`)!, Math.fround(value)]);
        }
      }
      expect(scalars).to.deep.equal(expected);
      expect(Object.keys(images)).to.have.members(['snapshots', 'figures/samples']);
      expect(images.snapshots!.map(([step]) => step)).to.deep.equal([0, 7, 10, 12]);
      expect(images['figures/samples']!.map(([step]) => step)).to.deep.equal([12]);
      for (const [, width, height, decoded] of Object.values(images).flat()) {
        if (decoded !== null) expect(decoded.slice(0, 2)).to.deep.equal([width, height]);
      }
      expect(texts.settings).to.have.length(1);
      expect(texts.settings![0]).to.include('| latentDim | 2 |').and.include('| recipe | tiny |');
    }));

  it('keeps the pixels, and forgets what a killed training wrote after its checkpoint', () =>
    inTemporaryFolder(async (folder) => {
      const about: SinkRun = { folder, settings: {}, step: 0, onNotice: () => {} };
      let time = 1_700_000_000.25;
      const clock = () => time++;
      const line = (step: number) => ({ kind: 'train', step, epoch: 0, metrics: { loss: 1 / step } }) as const;
      const png = new PNG({ width: 5, height: 3 });
      png.data.fill(255);
      png.data.fill(0, 0, 3);
      const first = await tensorBoardSink({ clock }).open(about);
      await first.image?.({ name: 'white', step: 0, png: PNG.sync.write(png) });
      await first.append(line(1));
      const mark = await first.flush();
      for (const step of [2, 3]) await first.append(line(step));
      await first.close('failed');
      const second = await tensorBoardSink({ clock }).open({ ...about, step: 1 }, mark);
      for (const step of [2, 3, 4]) await second.append(line(step));
      await second.close('finished');
      const { scalars, images } = await read(folder);
      // Version, settings, picture, then the lines; version and session, then the lines, after the two that are lost.
      const times = [1, 2, 3, 4].map((step) => [step, time - (step === 1 ? 9 : 5 - step), Math.fround(1 / step)]);
      expect(scalars).to.deep.equal({ 'train/loss': times });
      const [[step, width, height, decoded]] = images.white as [Read['images'][string][number]];
      expect([step, width, height]).to.deep.equal([0, 5, 3]);
      if (decoded !== null) expect(decoded).to.deep.equal([5, 3, (255 * 14) / 15]);
    }));
});
