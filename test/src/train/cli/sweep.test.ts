import { existsSync } from 'node:fs';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '@onnx-forge/infer';
import { expect } from 'chai';
import { zipSync } from 'fflate';
import { npyBytes } from '../data/npy-bytes.js';
import { complaints, eachOf, inFolder, onnxForge } from './onnx-forge.js';

const MODULES = fileURLToPath(new URL('../../../../node_modules', import.meta.url));

/** Softmax regression. */
const RECIPE = `import { classification, classifierModel, crossEntropy, defineRecipe, mlp, positive, tf } from '@onnx-forge/train';

export default defineRecipe({
  name: 'softmax',
  task: 'softmax regression',
  source: 'a test',
  data: { real: 'mnist', embedded: 'synthetic-digits' },
  options: { learningRate: positive(0.1), batchSize: 20, epochs: 1 },
  batch: { x: { shape: [784] }, label: { shape: [], dtype: 'int32' } },
  nets: (_, init) => ({ net: mlp([784, 10], { activation: 'relu', kernel: init.glorotUniform }) }),
  steps: {
    fit: {
      updates: ['net'],
      optimizer: ({ learningRate }) => tf.train.sgd(learningRate),
      loss: ({ net }, { x, label }) => ({ loss: crossEntropy(net.apply(x), label) }),
    },
  },
  serves: ({ net }) =>
    classifierModel({
      classes: [...'0123456789'],
      image: { height: 28, width: 28, channels: 1, range: [0, 1] },
      featureDim: 784,
      features: (x) => x,
      logits: (x) => net.apply(x),
    }),
  evaluate: classification,
  figures: {},
});
`;

const SWEEP = `model: ./softmax.mjs
settings: {device: cpu, threads: 1, data: ./stripes.npz}
space:
  learningRate: {min: 1e-3, max: 1, log: true}
target: validation.accuracy
goal: maximise
trials: 2
`;

/** 400 images of ten classes: the row of a class is white, with some noise. */
function stripes(): Uint8Array {
  const random = new Random(1);
  const images = Uint8Array.from({ length: 400 * 784 }, (_, i) => {
    const [image, row] = [Math.floor(i / 784), Math.floor((i % 784) / 28)];
    return row === 2 * (image % 10) || random.uniform() < 0.1 ? 255 : 0;
  });
  const labels = Int32Array.from({ length: 400 }, (_, image) => image % 10);
  return zipSync({
    'images.npy': npyBytes('|u1', [400, 28, 28], images),
    'labels.npy': npyBytes('<i4', [400], labels),
  });
}

async function inProject<T>(sweep: string, use: (folder: string) => Promise<T>): Promise<T> {
  return inFolder(async (folder) => {
    await symlink(MODULES, join(folder, 'node_modules'), 'junction');
    await writeFile(join(folder, 'softmax.mjs'), RECIPE);
    await writeFile(join(folder, 'sweep.yaml'), sweep);
    await writeFile(join(folder, 'tpe.yaml'), `${sweep}search: tpe\n`);
    await writeFile(join(folder, 'stripes.npz'), stripes());
    return use(folder);
  });
}

describe('onnx-forge sweep', () => {
  it('gives the same trials in one process and in several, shows where it stands, and names the best', async function () {
    this.timeout(120_000);
    await inProject(SWEEP, async (folder) => {
      const results = async (name: string) => {
        const lines = (await readFile(join(folder, name, 'results.csv'), 'utf8')).trim().split('\n');
        const seconds = lines[0]!.split(',').indexOf('seconds');
        return lines.map((line) => line.split(',').toSpliced(seconds, 1));
      };
      const here = await onnxForge('sweep sweep.yaml --out here', folder);
      expect(here.code, here.stderr).to.equal(0);
      const local = await onnxForge('sweep sweep.yaml --out local --launcher local --processes 2 --cpus 1', folder);
      expect(local.code, local.stderr).to.equal(0);
      const table = await results('here');
      expect(await results('local')).to.deep.equal(table);
      expect(table.length).to.equal(3);

      const best = await onnxForge('sweep best here --json', folder);
      const { trial, value, among, runs } = JSON.parse(best.stdout) as Record<string, unknown>;
      const accuracies = table.slice(1).map((row) => Number(row[2]));
      expect(value).to.equal(Math.max(...accuracies));
      expect([trial, among]).to.deep.equal([accuracies.indexOf(Math.max(...accuracies)), 2]);
      expect(runs).to.deep.equal([join('here', 'trials', `000${trial}`)]);
      const measured = await onnxForge('sweep best here --evaluate --json', folder);
      expect(measured.code, measured.stderr).to.equal(0);
      const { measured: measures } = JSON.parse(measured.stdout) as { measured: { name: string; values: number[] }[] };
      const manifest = JSON.parse(await readFile(join(folder, (runs as string[])[0]!, 'manifest.json'), 'utf8'));
      expect(manifest.selection).to.deep.equal({ among: 2, target: 'validation.accuracy', value, trial });
      const accuracy = manifest.metrics.find(
        (one: { name: string; split: string }) => one.name === 'accuracy' && one.split === 'test',
      );
      expect(measures.find(({ name }) => name === 'accuracy')!.values).to.deep.equal([accuracy.value]);
      expect((await onnxForge('sweep status here', folder)).stdout).to.include('finished 2, stopped early 0, failed 0');
    });
  });

  it('refuses a sweep file with one line that names the place', async () => {
    const wrong: Readonly<Record<string, RegExp>> = {
      [SWEEP.replace('validation.accuracy', 'test.accuracy')]:
        /line 5: target must be .*the test split chooses nothing/,
      [SWEEP.replace('max: 1,', 'max: 1e-4,')]: /line 4: space.learningRate: min must be below max/,
      [SWEEP.replace('learningRate:', 'learninRate:')]:
        /line 4: space.learninRate: softmax has no option.*learningRate/,
      [SWEEP.replace('min: 1e-3, ', 'min: -1, ').replace(', log: true', '')]:
        /line 4: .*softmax takes a number above 0/,
      [SWEEP.replace('trials: 2', 'trails: 2')]: /line 7: the file has no setting 'trails'; did you mean 'trials'/,
      [SWEEP.replace('trials: 2', '')]: /trials: a random search needs a number of trials/,
      [SWEEP.replace('device: cpu', 'device: cpu, seed: 3')]: /line 2: settings.seed: a sweep decides this itself/,
      [SWEEP.replace('min: 1e-3', 'min: 0')]: /line 4: .*a log range needs a min above 0, not 0/,
      [SWEEP.replace('{min: 1e-3, max: 1, log: true}', '[]')]:
        /line 4: .* must be a list of one value or more, not \[\]/,
      [SWEEP.replace('log: true', 'lg: true')]: /line 4: space.learningRate has no setting 'lg'; did you mean 'log'/,
      [SWEEP.replace('log: true', 'when: {decay: 1}')]: /line 4: .*so 'decay' must stand above it/,
      [SWEEP.replace('space:', 'space:\n  batchSize: [10]').replace('log: true', 'when: {batchSize: 9}')]:
        /line 5: .*'batchSize' is never 9/,
      [SWEEP.replace('goal: maximise', 'goal: maximize')]: /line 6: goal must be maximise or minimise, not "maximize"/,
      [SWEEP.replace('trials: 2', 'trials: 0')]: /line 7: trials must be a whole number of at least 1, not 0/,
      [`${SWEEP}seeds: 0`]: /line 8: seeds must be a whole number of at least 1, or a list of seeds, not 0/,
      [`${SWEEP}seeds: [1, 2, 1]`]: /line 8: seeds: 1 stands twice/,
      [`${SWEEP}search: bayes`]: /line 8: search must be one of grid, random, tpe, not "bayes"/,
      [`${SWEEP}search: grid`]: /a grid takes learningRate at some points: say how many/,
      [SWEEP.replace('device: cpu', 'epoch: 3')]: /line 2: settings has no setting 'epoch'; did you mean 'epochs'/,
      [SWEEP.replace('device: cpu', 'set: {learningRate: 1}')]: /'learningRate' is both a setting and in the space/,
    };
    await inProject(SWEEP, async (folder) => {
      const files = Object.keys(wrong).map((text, index) => [`wrong-${index}.yaml`, text] as const);
      for (const [file, text] of files) await writeFile(join(folder, file), text);
      const ends = await eachOf(
        files.map(([file]) => `sweep ${file}`),
        folder,
      );
      for (const [index, [file, text]] of files.entries()) {
        expect(ends[index]!.code, text).to.equal(2);
        expect(complaints(ends[index]!).join('\n')).to.include(`sweep file ${file}`).and.to.match(wrong[text]!);
      }
    });
  });

  it('refuses a target that no trial would measure before anything runs, and --dry-run too', () =>
    inProject(SWEEP, async (folder) => {
      const files = {
        'unknown.yaml': SWEEP.replace('validation.accuracy', 'validation.acuracy'),
        'short.yaml': SWEEP.replace('device: cpu', 'device: cpu, maxSteps: 3'),
      };
      for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
      const ends = await eachOf(
        ['sweep unknown.yaml', 'sweep unknown.yaml --dry-run', 'sweep short.yaml', 'sweep sweep.yaml --dry-run --json'],
        folder,
      );
      expect(ends.map(({ code }) => code)).to.deep.equal([1, 1, 1, 0]);
      const said = ends.map((ended) => complaints(ended).join('\n'));
      for (const line of said.slice(0, 2)) {
        expect(line).to.match(/softmax does not measure 'acuracy' on the validation split; it measures .*accuracy/);
      }
      expect(said[2]).to.include('a training of 3 iterations ends before its first epoch').and.to.include('maxSteps');
      expect(existsSync(join(folder, 'sweeps'))).to.equal(false);
      const { trials, settings, seconds } = JSON.parse(ends[3]!.stdout) as {
        trials: number;
        settings: object[];
        seconds: number;
      };
      expect([trials, settings.length]).to.deep.equal([2, 2]);
      expect(seconds).to.be.above(0);
    }));

  it('names failed trials with their reason and where to look, and tries them again when asked to', async function () {
    this.timeout(300_000);
    await inProject(SWEEP, async (folder) => {
      const out = join(folder, 's');
      await onnxForge('sweep sweep.yaml --out s', folder);
      const before = await readFile(join(out, 'trials', '0000.json'), 'utf8');
      const failed = { ...JSON.parse(before), number: 1, state: 'failed', values: [], error: 'the disk was full' };
      await writeFile(join(out, 'trials', '0001.json'), JSON.stringify(failed));
      const status = await onnxForge('sweep status s', folder);
      expect(status.stdout).to.match(/trial 0001 failed: the disk was full; see s.trials.0001/);
      expect(status.stdout).to.include('--retry-failed');
      await onnxForge('sweep sweep.yaml --out s', folder);
      expect(JSON.parse(await readFile(join(out, 'trials', '0001.json'), 'utf8')).state).to.equal('failed');
      const again = await onnxForge('sweep sweep.yaml --out s --retry-failed', folder);
      expect(again.code, again.stderr).to.equal(0);
      const record = JSON.parse(await readFile(join(out, 'trials', '0001.json'), 'utf8'));
      expect(record.state).to.equal('finished');
      expect(record.settings).to.deep.equal(failed.settings);
      expect(await readFile(join(out, 'trials', '0000.json'), 'utf8')).to.equal(before);
    });
  });

  it('--print writes scripts whose jobs are there, and submits nothing', () =>
    inProject(SWEEP, async (folder) => {
      const [printed, learning] = await eachOf(
        ['sweep sweep.yaml --out s --launcher slurm --print', 'sweep tpe.yaml --launcher slurm --print'],
        folder,
      );
      expect(printed!.stdout).to.include('#SBATCH --array=0-1').and.to.include('names=(trial-0000 trial-0001)');
      const job = JSON.parse(await readFile(join(folder, 's', 'jobs', 'trial-0001.json'), 'utf8')) as {
        argv: string[];
      };
      expect(job.argv.slice(2)).to.deep.equal(['sweep', 'trial', join(folder, 's'), '1']);
      expect(learning!.code).to.equal(2);
      expect(complaints(learning!).join('')).to.include('depend on each other');
    }));

  it('refuses options that the launcher would not heed, and folders without a sweep', () =>
    inProject(SWEEP, async (folder) => {
      const lines = [
        'sweep sweep.yaml --partition p',
        'sweep sweep.yaml --processes 2',
        'sweep status',
        'sweep best none',
      ];
      const ends = await eachOf(lines, folder);
      expect(ends.map(({ code }) => code)).to.deep.equal([2, 2, 2, 1]);
      const said = ends.map((ended) => complaints(ended).join('\n'));
      expect(said[0]).to.include('--partition needs --launcher slurm');
      expect(said[1]).to.include('--processes needs --launcher local');
      expect(said[2]).to.include('needs a sweep folder');
      expect(said[3]).to.include('there is no sweep in none');
    }));
});
