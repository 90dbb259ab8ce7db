import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { load, loadManifest, Random, VERSION } from '@onnx-forge/infer';
import {
  curves,
  drawFigures,
  evaluateRun,
  likelihood,
  progress,
  type Recipe,
  readLog,
  reconstructions,
  samples,
  type TrainEvent,
  type TrainRequest,
  type TrainResult,
  tf,
  train,
} from '@onnx-forge/train';
import type { Field } from '@onnx-forge/train/data';
import type { EngineName } from '@onnx-forge/train/engine';
import { checkpointPath, loadCheckpoint, RunFolder, readSnapshots } from '@onnx-forge/train/run';
import { expect } from 'chai';
import onnxProto from 'onnx-proto';
import { rejection } from './rejects.js';
import { readCsv, readJsonl, readTensorBoard } from './sinks/read-logs.js';
import { inTemporaryFolder, tinyData, tinyRecipe } from './tiny.js';

const quick = {
  recipe: tinyRecipe,
  data: tinyData(),
  evaluate: false,
  figures: false,
  logEvery: 3,
  device: 'cpu',
} as const;

const tiny = (request: Partial<TrainRequest> & { out: string }): Promise<TrainResult> =>
  train({ ...quick, ...request });

/** All that must be the same in two runs that are the same: state, log, snapshots. */
async function outcome(run: string) {
  const { seconds: _, options: __, sinks: ___, ...checkpoint } = (await loadCheckpoint(run))!;
  const folder = new RunFolder(run);
  return { checkpoint, log: await readLog(folder.file('log')), snapshots: await readSnapshots(folder) };
}

describe('train', () => {
  it('refuses numbers that are not finite before it learns from them, with their place', () =>
    inTemporaryFolder(async (out) => {
      const data = tinyData();
      for (const [split, bad] of [
        ['train', Number.NaN],
        ['test', Number.POSITIVE_INFINITY],
      ] as const) {
        const { x } = data.splits[split].fields;
        const read: Field['read'] = (index, array, offset) => {
          x!.read(index, array, offset);
          if (index === 13) array[offset + 5] = bad;
        };
        const splits = { ...data.splits, [split]: { ...data.splits[split], fields: { x: { ...x!, read } } } };
        const error = await rejection(() => tiny({ out, data: { ...data, splits }, maxSteps: 1 }));
        expect(error).to.include({ code: 'data-format' });
        expect(error.message).to.match(new RegExp(`^data set 'tiny', split '${split}', example 13: 'x' holds ${bad}`));
        expect(await readdir(out)).to.deep.equal([]);
      }
    }));

  for (const engine of ['eager', 'compiled'] satisfies EngineName[]) {
    describe(`with the ${engine} engine`, () => {
      it('learns, and leaves a run that infer loads', () =>
        inTemporaryFolder(async (out) => {
          const events: TrainEvent[] = [];
          const result = await tiny({ out, engine, set: { epochs: 8 }, onEvent: (event) => events.push(event) });
          expect(result).to.include({ status: 'finished', steps: 80, epochs: 8 });
          const log = await readLog(join(out, 'metrics.jsonl'));
          const bounds = log.filter(({ kind }) => kind === 'validation').map(({ metrics }) => metrics.elbo!);
          expect(bounds).to.have.length(8);
          expect(bounds.at(-1)).to.be.greaterThan(bounds[0]! + 1);
          expect(result.metrics.elbo).to.equal(bounds.at(-1));
          const kinds = new Set(events.map(({ type }) => type));
          expect([...kinds]).to.include.members(['start', 'step', 'epoch', 'snapshot', 'checkpoint', 'phase']);
          const steps = events.flatMap((event) => (event.type === 'step' ? [event.step] : []));
          expect(steps).to.deep.equal(Array.from({ length: 80 }, (_, index) => index + 1));
          const manifest = await loadManifest(out);
          expect(manifest).to.deep.include({ model: 'tiny', kind: 'latent', engine, steps: 80, epochs: 8, seed: 1 });
          await using model = await load(out, { device: 'cpu' });
          if (model.kind !== 'latent') throw new Error(model.kind);
          expect((await model.sample(3)).images.dims).to.deep.equal([3, 16]);
        }));

      it('leaves graphs that say where they come from', () =>
        inTemporaryFolder(async (out) => {
          await tiny({ out, engine, maxSteps: 1, seed: 5 });
          const { graphs, options, data } = await loadManifest(out);
          for (const { file } of Object.values(graphs)) {
            const model = onnxProto.onnx.ModelProto.decode(await readFile(join(out, file)));
            expect(model).to.include({ producerName: 'onnx-forge', producerVersion: VERSION });
            const facts = Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value]));
            expect(facts).to.include({ recipe: 'tiny', seed: '5', engine, data: data.name });
            const { epochs: _, ...settings } = options;
            expect(JSON.parse(facts.options!)).to.deep.equal(settings);
          }
        }));

      it('gives the same bits for the same seed', () =>
        inTemporaryFolder(async (folder) => {
          for (const name of ['one', 'two']) await tiny({ out: join(folder, name), engine });
          expect(await outcome(join(folder, 'two'))).to.deep.equal(await outcome(join(folder, 'one')));
          const hashes = async (name: string) =>
            Object.values((await loadManifest(join(folder, name))).graphs).map(({ sha256 }) => sha256);
          expect(await hashes('two')).to.deep.equal(await hashes('one'));
        }));

      it('goes on to 2n epochs from n as if it had never stopped, bit for bit', () =>
        inTemporaryFolder(async (folder) => {
          const [whole, parts] = [join(folder, 'whole'), join(folder, 'parts')];
          await tiny({ out: whole, engine, set: { epochs: 4 } });
          await tiny({ out: parts, engine, set: { epochs: 2 } });
          await tiny({ out: parts, resume: true, set: { epochs: 4 } });
          const [one, two] = [await outcome(whole), await outcome(parts)];
          // The end of the first part had a snapshot of its own, as every end has.
          const snapshots = two.snapshots.filter(({ step }) => step !== 20);
          expect({ ...two, snapshots }).to.deep.equal(one);
        }));

      it('is interrupted by a signal in the middle of an epoch and goes on from there, bit for bit', () =>
        inTemporaryFolder(async (folder) => {
          const [whole, parts] = [join(folder, 'whole'), join(folder, 'parts')];
          await tiny({ out: whole, engine });
          const controller = new AbortController();
          const result = await tiny({
            out: parts,
            engine,
            signal: controller.signal,
            onEvent: (event) => {
              if (event.type === 'step' && event.step === 14) controller.abort();
            },
          });
          expect(result).to.include({ status: 'interrupted', steps: 14 });
          expect((await rejection(() => load(parts))).code).to.equal('run-incomplete');
          await tiny({ out: parts, resume: true });
          expect(await outcome(parts)).to.deep.equal(await outcome(whole));
        }));

      it('survives kill -9 at any moment', async () => {
        await inTemporaryFolder(async (folder) => {
          const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
          const best = { monitor: 'validation.kl', direction: 'lower' } as const;
          await tiny({ out: whole, engine, set: { epochs: 3 }, log: ['csv', 'tensorboard'], ...best });
          const random = new Random(engine.length);
          // Killed after some iterations and a fraction of another, three times; then to the end.
          for (const lines of [0, 7, 9]) await killedAfter(lines, random.uniform() * 20, [killed, engine, '3']);
          const before = await loadCheckpoint(killed);
          expect(before?.step).to.be.greaterThan(0).and.lessThan(30);
          await tiny({ out: killed, engine, resume: true, set: { epochs: 3 } });
          expect(await outcome(killed)).to.deep.equal(await outcome(whole));
          const [csv, curves] = [await readCsv(whole), await readTensorBoard(whole)];
          expect(csv).to.deep.equal(await readJsonl(whole));
          expect(curves.map(({ kind, step }) => [kind, step])).to.deep.equal(csv.map(({ kind, step }) => [kind, step]));
          expect(await readCsv(killed)).to.deep.equal(csv);
          expect(await readTensorBoard(killed)).to.deep.equal(curves);
          const [one, two] = [await loadManifest(whole), await loadManifest(killed)];
          expect(two.chosen).to.deep.equal(one.chosen).and.include({ checkpoint: 'best' });
          const bytes = (run: string) => readFile(join(run, 'graphs', 'decode.onnx'));
          expect((await bytes(killed)).equals(await bytes(whole))).to.equal(true);
        });
      });

      it('stops at a loss that is not a number, naming the step', () =>
        inTemporaryFolder(async (out) => {
          const error = await rejection(() => tiny({ out, engine, recipe: diverging() }));
          expect(error.code).to.equal('not-finite');
          expect(error.message).to.match(/step 'elbo' gave loss = (NaN|Infinity) at iteration \d+/);
          expect((await loadCheckpoint(out))?.step).to.be.a('number');
        }));
    });
  }

  it('runs both engines to nearly the same weights', () =>
    inTemporaryFolder(async (folder) => {
      const state = async (engine: EngineName) => {
        const out = join(folder, engine);
        await tiny({ out, engine });
        return (await loadCheckpoint(out))!.state;
      };
      const [eager, compiled] = [await state('eager'), await state('compiled')];
      for (const name of Object.keys(eager).filter((key) => !key.includes('optimizer'))) {
        const [one, other] = [eager[name]!.data, compiled[name]!.data];
        for (const [index, value] of one.entries()) {
          expect(other[index], name).to.be.closeTo(value, 1e-4 * Math.max(1, Math.abs(value)));
        }
      }
    }));

  it('needs --resume or --force for a folder that holds a run, and loses nothing without', () =>
    inTemporaryFolder(async (out) => {
      await writeFile(join(out, 'notes.txt'), 'mine');
      await tiny({ out, maxSteps: 5 });
      const before = await outcome(out);
      const error = await rejection(() => tiny({ out, maxSteps: 5 }));
      expect(error.code).to.equal('run-exists');
      expect(error.message).to.include('--resume').and.include('--force');
      expect(await outcome(out)).to.deep.equal(before);
      await tiny({ out, maxSteps: 4, force: true, seed: 2 });
      expect((await loadCheckpoint(out))?.step).to.equal(4);
      expect(await readFile(join(out, 'notes.txt'), 'utf8')).to.equal('mine');
    }));

  it('refuses to resume as something else', () =>
    inTemporaryFolder(async (out) => {
      await tiny({ out, maxSteps: 3 });
      const attempts: [Partial<TrainRequest>, string][] = [
        [{ seed: 2 }, 'seed = 1, not 2'],
        [{ set: { latentDim: 3 } }, 'latentDim = 2, not 3'],
        [{ engine: 'eager' }, 'engine = compiled, not eager'],
        [{ data: { ...tinyData(), name: 'other' } }, 'dataSet = tiny, not other'],
        [{ recipe: { ...tinyRecipe, name: 'other' } }, 'recipe = tiny, not other'],
      ];
      for (const [change, what] of attempts) {
        const error = await rejection(() => tiny({ out, resume: true, ...change }));
        expect(error.code).to.equal('checkpoint-mismatch');
        expect(error.message).to.include(what);
      }
    }));

  it('says that a damaged checkpoint is damaged, if no earlier one is left', () =>
    inTemporaryFolder(async (folder) => {
      const whole = join(folder, 'whole');
      await tiny({ out: whole, maxSteps: 3 });
      const { size } = await stat(checkpointPath(whole));
      for (const length of [0, 5, 40, size - 1]) {
        const out = join(folder, `cut-${length}`);
        await cp(whole, out, { recursive: true });
        await truncate(checkpointPath(out), length);
        await rm(join(out, 'checkpoint', 'previous.safetensors'));
        const error = await rejection(() => tiny({ out, resume: true }));
        expect(error.code).to.equal('checkpoint-invalid');
        expect(error.message).to.include('state.safetensors').and.include('--force');
      }
      // What a kill leaves of a checkpoint that was being written is not looked at.
      await writeFile(`${checkpointPath(whole)}.123.tmp`, 'half a checkpo');
      expect((await tiny({ out: whole, resume: true, maxSteps: 6 })).steps).to.equal(6);
    }));

  it('refuses counts that are none and folders that are none', () =>
    inTemporaryFolder(async (out) => {
      for (const wrong of [{ maxSteps: 0 }, { maxSteps: Number.NaN }, { samples: -1 }, { samples: 1.5 }]) {
        expect((await rejection(() => tiny({ out, ...wrong }))).message).to.include('whole number of at least 1');
      }
      expect((await rejection(() => tiny({ out, set: { epochs: '0' } }))).code).to.equal('option-invalid');
      expect((await rejection(() => tiny({ out, set: { batchSize: 81 } }))).message).to.include('81');
      await writeFile(join(out, 'file'), '');
      const error = await rejection(() => tiny({ out: join(out, 'file', 'run') }));
      expect(error.code).to.equal('run-unwritable');
      expect(await readdir(out)).to.deep.equal(['file']);
    }));

  it('refuses to resume a trained run whose checkpoint is gone, rather than begin it again', () =>
    inTemporaryFolder(async (out) => {
      await mkdir(out, { recursive: true });
      await writeFile(join(out, 'manifest.json'), '{}');
      expect((await rejection(() => tiny({ out, resume: true }))).code).to.equal('run-exists');
    }));

  it('evaluates and draws on the exported graphs, and records the numbers', () =>
    inTemporaryFolder(async (out) => {
      const recipe: Recipe = {
        ...tinyRecipe,
        evaluate: likelihood({ samples: 20 }) as NonNullable<Recipe['evaluate']>,
        figures: {
          samples: samples as Recipe['figures'][string],
          progress: progress as Recipe['figures'][string],
          reconstructions: reconstructions as Recipe['figures'][string],
          curves: curves({
            title: 'ELBO',
            y: 'nats',
            lines: [{ name: 'validation', kind: 'validation', metric: 'elbo' }],
          }),
        },
      };
      const result = await tiny({ out, recipe, evaluate: true, figures: true });
      const names = result.measurements.map(({ name, split }) => `${split} ${name}`);
      expect(names).to.include.members(['validation elbo', 'test elbo', 'test logLikelihood']);
      const value = (name: string) =>
        result.measurements.find((one) => one.name === name && one.split === 'test')!.value;
      expect(value('logLikelihood')).to.be.greaterThan(value('elbo'));
      // One measure, the same draws, the same weights: what the last validation logged is what the trained run gives.
      const validated = (await readLog(join(out, 'metrics.jsonl'))).findLast(({ kind }) => kind === 'validation')!;
      for (const name of ['elbo', 'reconstruction', 'kl']) {
        const again = result.measurements.find((one) => one.name === name && one.split === 'validation')!;
        expect(again.value, name).to.equal(validated.metrics[name]);
      }
      const files = ['curves.png', 'curves.svg', 'progress.png', 'reconstructions.png', 'samples.png'];
      expect(await readdir(join(out, 'figures'))).to.have.members(files);
      const svg = await readFile(join(out, 'figures/curves.svg'), 'utf8');
      expect(svg).to.match(/tiny, tiny: 20 validation examples, seed \d/);

      // The same evaluation again replaces its numbers, another one is added.
      const count = (await loadManifest(out)).metrics.length;
      await evaluateRun({ recipe, run: out, data: tinyData(), device: 'cpu' });
      expect((await loadManifest(out)).metrics).to.have.length(count);
      const [train] = await evaluateRun({
        recipe,
        run: out,
        data: tinyData(),
        split: 'train',
        samples: 5,
        device: 'cpu',
      });
      expect(train).to.include({ name: 'elbo', split: 'train', examples: 80 });
      expect((await loadManifest(out)).metrics).to.have.length(count + 6);

      const request = { recipe, run: out, data: tinyData(), device: 'cpu' } as const;
      expect(await drawFigures({ ...request, only: 'samples' })).to.deep.equal([join(out, 'figures', 'samples.png')]);
      const error = await rejection(() => drawFigures({ ...request, only: 'sample' }));
      expect(error.message).to.include("did you mean 'samples'?");
    }));
});

/** The tiny recipe with an update so large that the loss is soon no number. */
function diverging(): Recipe {
  const { elbo } = tinyRecipe.steps;
  return { ...tinyRecipe, steps: { elbo: { ...elbo!, optimizer: () => tf.train.sgd(1e20) } } };
}

/** Starts the run and kills it `ms` after `lines` iterations. */
async function killedAfter(lines: number, ms: number, args: string[]): Promise<void> {
  const script = fileURLToPath(new URL('./killed-run.js', import.meta.url));
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  const exit = once(child, 'exit');
  let seen = 0;
  for await (const _ of createInterface({ input: child.stdout })) {
    seen++;
    if (seen > lines) break;
  }
  await new Promise((resolve) => setTimeout(resolve, ms));
  child.kill('SIGKILL');
  await exit;
}
