import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { floats, type ModelSpec } from '../../infer/onnx.js';
import { type RunSpec, writeRun } from '../../infer/run-folder.js';
import { complaints, inFolder, onnxForge } from './onnx-forge.js';

/** embedding = x: three pixels, the vector itself. */
const embed: ModelSpec = {
  inputs: { x: ['batch', 3] },
  outputs: { embedding: ['batch', 3] },
  nodes: [['MatMul', ['x', 'E'], 'embedding']],
  constants: { E: floats([1, 0, 0, 0, 1, 0, 0, 0, 1], [3, 3]) },
};
const image = { height: 1, width: 3, channels: 1, range: [0, 1] } as const;
const serve = { embeddingDim: 3, image, metric: 'euclidean' as const };
const run: RunSpec = { kind: 'embedding', serve: { ...serve, threshold: 0.5 }, graphs: { embed } };

/** A binary PGM of one row. */
const row = (...levels: number[]) => Buffer.concat([Buffer.from(`P5 ${levels.length} 1 255\n`), Buffer.from(levels)]);

/** A run and images: black and white differ by sqrt 3, black and grey by 0.2 sqrt 3 = 0.346. */
async function writeAll(folder: string): Promise<void> {
  writeRun(join(folder, 'faces'), run);
  writeRun(join(folder, 'bare'), { ...run, serve });
  await writeFile(join(folder, 'black.pgm'), row(0, 0, 0));
  await writeFile(join(folder, 'grey.pgm'), row(51, 51, 51));
  await writeFile(join(folder, 'white.pgm'), row(255, 255, 255));
  await writeFile(join(folder, 'wide.pgm'), row(0, 0, 0, 0));
  await writeFile(join(folder, 'text.png'), 'no image');
}

describe('onnx-forge compare and embed', () => {
  it("say how unlike two images are, and decide by the run's threshold or by one's own", async () => {
    await inFolder(async (folder) => {
      await writeAll(folder);
      const same = await onnxForge('compare faces black.pgm grey.pgm --device cpu', folder);
      expect(same.stdout).to.equal('dissimilarity 0.3464: the same (threshold 0.5000)\n');
      const json = await onnxForge('compare faces black.pgm white.pgm --device cpu --json', folder);
      const found = JSON.parse(json.stdout) as { dissimilarity: number; same: boolean; threshold: number };
      expect(found.dissimilarity).to.be.closeTo(Math.sqrt(3), 1e-6);
      expect([found.same, found.threshold]).to.deep.equal([false, 0.5]);
      const own = await onnxForge('compare faces black.pgm grey.pgm --threshold 0.3 --device cpu', folder);
      expect(own.stdout).to.include('different (threshold 0.3000)');
      const bare = await onnxForge('compare bare black.pgm grey.pgm --device cpu', folder);
      expect(bare.stdout).to.equal('dissimilarity 0.3464\n');
    });
  });

  it('print vectors, one line of JSON an image', async () => {
    await inFolder(async (folder) => {
      await writeAll(folder);
      const { stdout } = await onnxForge('embed faces white.pgm black.pgm --device cpu', folder);
      expect(
        stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)),
      ).to.deep.equal([
        { file: 'white.pgm', embedding: [1, 1, 1] },
        { file: 'black.pgm', embedding: [0, 0, 0] },
      ]);
      const json = await onnxForge('embed faces white.pgm --device cpu --json', folder);
      expect(JSON.parse(json.stdout).vectors).to.deep.equal([{ file: 'white.pgm', embedding: [1, 1, 1] }]);
    });
  });

  it('say what is wrong in one line', async () => {
    await inFolder(async (folder) => {
      await writeAll(folder);
      const cases: readonly (readonly [string, string])[] = [
        ['compare faces black.pgm wide.pgm', 'wide.pgm is 4 x 1 pixels in grey, but'],
        ['compare faces black.pgm text.png', 'text.png: at byte 0: expected a PNG, JPEG or binary PGM image'],
        ['compare faces black.pgm none.pgm', "none.pgm can't be read"],
        ['compare missing black.pgm grey.pgm', 'missing'],
        ['embed faces', 'there is nothing to embed'],
      ];
      for (const [line, complaint] of cases) {
        const ended = await onnxForge(`${line} --device cpu`, folder);
        expect(ended.code, line).to.be.at.least(1);
        expect(complaints(ended), line).to.have.length(1);
        expect(complaints(ended)[0]).to.include(complaint);
      }
    });
  });
});
