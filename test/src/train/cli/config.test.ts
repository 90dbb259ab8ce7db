import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { recipes } from '@onnx-forge/models';
import { expect } from 'chai';
import { planRuns } from '../../../../packages/train/dist/cli/batch/plan.js';
import { settingsYaml } from '../../../../packages/train/dist/cli/batch/settings-yaml.js';
import { recipeOptions } from '../../../../packages/train/dist/recipe/recipe.js';
import { rejection } from '../rejects.js';
import { inFolder, onnxForge } from './onnx-forge.js';

/** The training that a command line comes to, with the defaults that a file may state written out. */
async function planned(input: Partial<Parameters<typeof planRuns>[0]>): Promise<Record<string, unknown>> {
  const [run, ...others] = await planRuns({ models: [], settings: {}, ...input });
  expect(others).to.deep.equal([]);
  const { recipe, set = {}, preset, ...request } = run!.request;
  const defaults = { data: 'embedded', seed: 1, engine: 'compiled', device: 'auto', forms: 'default', saveStep: false };
  const after = { evaluate: true, figures: true };
  return { ...defaults, ...after, ...request, recipe: recipe.name, options: recipeOptions(recipe, { set, preset }) };
}

describe('onnx-forge config', () => {
  it('prints settings of which every recipe trains as without them', async () => {
    await inFolder(async (folder) => {
      for (const read of Object.values(recipes)) {
        const recipe = (await read()).default;
        const text = await settingsYaml({ model: recipe.name, recipe, options: recipeOptions(recipe) });
        const file = join(folder, `${recipe.name}.yaml`);
        await writeFile(file, text);
        expect(await planned({ config: file }), recipe.name).to.deep.equal(await planned({ models: [recipe.name] }));
        // All of it: each option has a line, and so has each setting, be it as a comment.
        for (const option of Object.keys(recipe.options)) expect(text).to.match(new RegExp(`^ *${option}: `, 'm'));
        for (const setting of ['maxSteps', 'out', 'backend', 'from'])
          expect(text).to.match(new RegExp(`^# ${setting}:$`, 'm'));
        expect(text.split('\n').every((line) => line.length <= 110)).to.equal(true);
      }
    });
  });

  it('comments say meaning, range and default, of the recipe also when a preset is asked for', async () => {
    const { code, stdout, stderr } = await onnxForge('config vae-conv --preset small', '.');
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(stdout).to.match(
      /# Passes over the training data\. Accepts a whole number of at least 1\. Default: 80\.\nepochs: \d/,
    );
    const { default: recipe } = await recipes['vae-conv']!();
    for (const [option, value] of Object.entries(recipe.presets.small!)) {
      expect(stdout).to.match(new RegExp(`^ *${option}: ${value}$`, 'm'));
    }
  });
});

describe('onnx-forge train --config', () => {
  it('is of one run: the command line wins over it, by either name of an option', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'vae.yaml');
      await writeFile(file, 'model: vae\nepochs: 7\nseed: 3\nout: there\nset: { latentDim: 5, batchSize: 16 }\n');
      const plain = await planned({ config: file, models: ['vae'] });
      expect(plain).to.deep.include({ seed: 3, out: 'there' });
      expect(plain.options).to.include({ epochs: 7, latentDim: 5, batchSize: 16 });
      const settings = { seed: 4, set: { epochs: '2' }, batchSize: 32 };
      const changed = await planned({ config: file, settings, out: 'here' });
      expect(changed).to.deep.include({ seed: 4, out: 'here' });
      expect(changed.options).to.include({ epochs: 2, latentDim: 5, batchSize: 32 });
    }));

  it('is a batch: the file wins over the command line; YAML is as good as JSON, with a byte order mark too', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'batch.yaml');
      await writeFile(
        file,
        '\uFEFFdefaults: { epochs: 7, set: { latentDim: 5 } }\nruns:\n  - model: vae\n    set: { hiddenDim: 9 }\n',
      );
      const { options, seed } = await planned({
        config: file,
        settings: { epochs: 2, seed: 8, set: { latentDim: 1 } },
      });
      expect(options).to.include({ epochs: 7, latentDim: 5, hiddenDim: 9 });
      expect(seed).to.equal(8);
      // The same keys with JSON's tabs.
      await writeFile(file, '{\n\t"runs": [\n\t\t{ "model": "vae", "epochs": 7 }\n\t]\n}\n');
      expect((await planned({ config: file })).options).to.include({ epochs: 7 });
    }));

  it('takes the manifest of a run, or its folder: the same training, from the same data', () =>
    inFolder(async (folder) => {
      const manifest = JSON.parse(
        await readFile(new URL('../../../../models/pretrained/vae-2d/manifest.json', import.meta.url), 'utf8'),
      );
      const run = join(folder, 'run');
      await mkdir(run);
      const write = (change: object) =>
        writeFile(join(run, 'manifest.json'), JSON.stringify({ ...manifest, ...change }));
      await write({});
      for (const config of [run, join(run, 'manifest.json')]) {
        const plan = await planned({ config });
        expect(plan).to.include({
          recipe: 'vae-2d',
          data: manifest.data.name,
          seed: manifest.seed,
          engine: manifest.engine,
        });
        expect(plan.options).to.deep.include(manifest.options);
        expect(plan).not.to.have.any.keys('maxSteps', 'from');
      }
      // Ended early, eager, and from another run's weights.
      const origin = { run: '/first', recipe: 'vae-2d', step: 1, sha256: '', anew: ['encoder/0/kernel'] };
      await write({ steps: 20, epochs: 0.5, engine: 'eager', device: 'tfjs-wasm', from: origin });
      const early = { maxSteps: 20, engine: 'eager', backend: 'wasm', from: '/first', fromExcept: 'encoder/0/kernel' };
      expect(await planned({ config: run })).to.deep.include(early);
      // Other epochs are another end.
      expect(await planned({ config: run, settings: { epochs: 3 } })).not.to.have.property('maxSteps');
      await write({ options: { ...manifest.options, latentDimm: 3 } });
      const { message } = await rejection(() => planned({ config: run }));
      expect(message).to.match(/manifest\.json, line 1: recipe 'vae-2d' has no option 'latentDimm'/);
    }));

  it('of a run on data of its own asks for the same content', () =>
    inFolder(async (folder) => {
      const manifest = JSON.parse(
        await readFile(new URL('../../../../models/pretrained/vae-2d/manifest.json', import.meta.url), 'utf8'),
      );
      const path = join(folder, 'poem.txt');
      await writeFile(path, 'a text\n'.repeat(99));
      const reference = { format: 'text', path, sha256: 'f'.repeat(64) };
      const file = join(folder, 'manifest.json');
      await writeFile(file, JSON.stringify({ ...manifest, data: { ...manifest.data, reference } }));
      expect(await planned({ config: file })).to.have.deep.nested.property('data', reference);
      // Data of the command line are others.
      const other = await planned({ config: file, settings: { data: path } });
      expect(other.data).not.to.have.property('sha256');
    }));

  it('refuses what is nested too deeply, and aliases that grow without end, in one line', () =>
    inFolder(async (folder) => {
      const bomb = [
        'a: &a [x,x,x,x,x,x,x,x,x]',
        ...[...'bcdefghi'].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[i]}`)}]`),
      ];
      const texts = [`{"model": ${'['.repeat(20_000)}${']'.repeat(20_000)}}`, `${bomb.join('\n')}\nmodel: vae\n`];
      for (const [index, text] of texts.entries()) {
        const file = join(folder, `${index}.yaml`);
        await writeFile(file, text);
        const error = await rejection(() => planned({ config: file }));
        expect(error.message).to.match(/nested too deeply|aliases can't be followed/);
      }
    }));
});
