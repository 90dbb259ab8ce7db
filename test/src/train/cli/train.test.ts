import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load } from '@onnx-forge/infer';
import { expect } from 'chai';
import { complaints, inFolder, onnxForge, start } from './onnx-forge.js';

/** A training of seconds: few iterations, small networks. */
const TINY = '--device cpu --max-steps 4 --set latentDim=3 hiddenDim=8 --samples 2 --no-figures'.split(' ');

interface RunReport {
  readonly name: string;
  readonly status?: string;
  readonly steps?: number;
  readonly error?: { readonly code: string };
}

const runsOf = (stdout: string) => (JSON.parse(stdout) as { runs: RunReport[] }).runs;

/** Resolves once the child has printed `text` on stderr. */
async function said(child: ChildProcess, text: string): Promise<void> {
  let seen = '';
  while (!seen.includes(text)) seen += String((await once(child.stderr!, 'data'))[0]);
}

describe('onnx-forge train', () => {
  it('trains into a run folder, which it then neither overwrites nor loses', () =>
    inFolder(async (folder) => {
      const first = await onnxForge(['train', 'vae', ...TINY, '--json'], folder);
      expect(first.code, first.stderr).to.equal(0);
      const [run] = runsOf(first.stdout);
      expect(run).to.include({ name: 'vae', status: 'finished', steps: 4, out: 'runs/vae' });
      expect(first.stderr)
        .to.match(/^vae: .*iterations on synthetic-digits/m)
        .and.not.include('\u001b');
      const path = join(folder, 'runs/vae');
      expect(await readdir(path)).to.include.members(['manifest.json', 'graphs', 'metrics.jsonl', 'checkpoint']);
      const manifest = await readFile(join(path, 'manifest.json'), 'utf8');

      const second = await onnxForge(['train', 'vae', ...TINY], folder);
      expect(second.code).to.equal(1);
      expect(complaints(second)[0]).to.match(/runs\/vae holds a run already: .*--resume.*--force/);
      const unavailable = await onnxForge(
        'train vae --force --engine eager --backend tensorflow --max-steps 1',
        folder,
      );
      if (unavailable.code !== 0) {
        expect(await readFile(join(path, 'manifest.json'), 'utf8')).to.equal(manifest);
      }
    }));

  it('trains a batch file: a failure stops no other run, and the same seed gives the same model', () =>
    inFolder(async (folder) => {
      const tiny = { maxSteps: 3, evaluate: false, figures: false, device: 'cpu', set: { latentDim: 3, hiddenDim: 8 } };
      const batch = {
        defaults: tiny,
        runs: [
          { model: 'vae', out: 'one' },
          { model: 'vae', out: 'wrong', data: 'mnist', dataDir: 'none' },
          { model: 'vae', out: 'two' },
          { model: 'vae', out: 'other', seed: 2 },
        ],
      };
      await writeFile(join(folder, 'batch.json'), JSON.stringify(batch));
      const ended = await onnxForge('train --config batch.json', folder);
      expect(ended.code).to.equal(1);
      expect(complaints(ended)).to.have.length(1);
      expect(complaints(ended)[0]).to.match(/^onnx-forge: wrong: data set mnist: .* is missing/);
      const rows = ended.stdout.trim().split('\n').slice(2);
      expect(rows.map((row) => row.split(/\s+/).slice(0, 2))).to.deep.equal([
        ['one', 'finished'],
        ['wrong', 'FAILED'],
        ['two', 'finished'],
        ['other', 'finished'],
      ]);
      const decoded = async (run: string) => {
        await using model = await load(join(folder, run), { device: 'cpu' });
        return model.kind === 'latent' ? Array.from((await model.decode(Float32Array.of(1, -1, 0))).data) : [];
      };
      expect(await decoded('one')).to.deep.equal(await decoded('two'));
      expect(await decoded('one')).not.to.deep.equal(await decoded('other'));
    }));

  it('ends with a checkpoint on Ctrl-C, says how to go on, and goes on', () =>
    inFolder(async (folder) => {
      const args = ['train', 'vae', '--device', 'cpu', '--set', 'hiddenDim=8', '--no-figures', '--no-evaluate'];
      const { child, ended } = start([...args, '--out', 'a run'], folder);
      // Ends too early: then the expectations below tell.
      await Promise.race([ended, said(child, 'vae: training')]);
      child.kill('SIGINT');
      const { code, stderr, stdout } = await ended;
      expect([code, stdout]).to.deep.equal([130, '']);
      expect(stderr).to.include('go on with: npx onnx-forge train vae --device cpu');
      expect(stderr).to.match(/--out 'a run' --resume$/m);

      const unfinished = await onnxForge(['sample', 'a run'], folder);
      expect(unfinished.code).to.equal(1);
      expect(complaints(unfinished)[0]).to.match(/a run has no manifest\.json.*not finished/);

      const steps = Number(/stopped after iteration (\d+)/.exec(stderr)![1]);
      const resumed = await onnxForge(
        [...args, '--out', 'a run', '--resume', '--max-steps', `${steps + 3}`, '--json'],
        folder,
      );
      expect(resumed.code, resumed.stderr).to.equal(0);
      expect(resumed.stderr).to.include(`going on after iteration ${steps} of ${steps + 3}`);
      expect(runsOf(resumed.stdout)[0]).to.include({ status: 'finished', steps: steps + 3 });
    }));

  it("trains and measures a user's own recipe file, eagerly", () =>
    inFolder(async (folder) => {
      const vae = fileURLToPath(new URL('../../../../models/dist/vae.js', import.meta.url));
      const text = `import vae from ${JSON.stringify(vae)};\nexport default { ...vae, name: 'mine' };\n`;
      await writeFile(join(folder, 'mine.mjs'), text);
      const trained = await onnxForge(['train', './mine.mjs', '--backend', 'cpu', ...TINY], folder);
      expect(trained.code, trained.stderr).to.equal(0);
      expect(trained.stderr).to.include('eager on tfjs-cpu');
      const without = await onnxForge('eval runs/mine', folder);
      expect([without.code, complaints(without)[0]]).to.deep.equal([
        2,
        "onnx-forge: runs/mine was trained from the recipe 'mine', which is not installed; name its file by --recipe",
      ]);
      const measured = await onnxForge('eval runs/mine --recipe ./mine.mjs --samples 2 --split test --json', folder);
      expect(measured.code, measured.stderr).to.equal(0);
      expect(runsOf(measured.stdout)[0]).to.have.nested.property('measurements[0].split', 'test');
    }));
});
