import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ForgeError, loadManifest, Random } from '@onnx-forge/infer';
import { likelihood, type Measure, train } from '@onnx-forge/train';
import { openReference, referTo } from '@onnx-forge/train/data';
import type { Launcher } from '@onnx-forge/train/launch';
import {
  bestTrial,
  drawSweep,
  evaluateBest,
  launchSweep,
  recipeTrial,
  runTrial,
  type SweepEvent,
  SweepFolder,
  type SweepSpec,
  standardError,
  sweep,
  sweepSchema,
  type TrainTrial,
} from '@onnx-forge/train/sweep';
import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import { npyBytes } from '../data/npy-bytes.js';
import { rejection } from '../rejects.js';
import { inTemporaryFolder, tinyData, tinyRecipe } from '../tiny.js';

function spec(others: Partial<Record<keyof SweepSpec, unknown>> = {}): SweepSpec {
  return sweepSchema.parse({
    model: 'tiny',
    space: { x: { min: -1, max: 1 }, kind: ['a', 'b'] },
    target: 'validation.loss',
    goal: 'minimise',
    trials: 12,
    ...others,
  });
}

/** A training that is a formula: the value falls to x^2 (+ 1 for kind b, + the seed's hundredth) over nine epochs. */
const formula: TrainTrial = async ({ settings, seed, onEpoch }) => {
  const end = Number(settings.x) ** 2 + (settings.kind === 'b' ? 1 : 0) + seed / 100;
  for (let epoch = 1; epoch <= 9; epoch += 1) {
    const value = end + (9 - epoch);
    if (onEpoch(epoch, value)) return { finished: epoch === 9, value, seconds: epoch };
  }
  return { finished: true, value: end, seconds: 9 };
};

async function recordsOf(path: string) {
  const records = [];
  for await (const record of (await SweepFolder.open(path)).records()) records.push(record);
  return records;
}

describe('sweep', () => {
  it('runs every trial and records settings and values; results.csv says the same', () =>
    inTemporaryFolder(async (folder) => {
      const out = join(folder, 'sweep');
      const summary = await sweep({ out, spec: spec({ seeds: 3 }) }, formula);
      expect(summary).to.include({ trials: 12, finished: 12, stopped: 0, failed: 0, open: 0 });
      const records = await recordsOf(out);
      for (const { settings, values } of records) {
        const end = Number(settings.x) ** 2 + (settings.kind === 'b' ? 1 : 0);
        expect(values).to.deep.equal([end + 0.01, end + 0.02, end + 0.03]);
      }
      const rows = parse(await readFile(join(out, 'results.csv')), { columns: true }) as Record<string, string>[];
      expect(rows.length).to.equal(12);
      for (const [index, row] of rows.entries()) {
        const { settings, values } = records[index]!;
        expect(Number(row.x)).to.equal(settings.x);
        expect(row.kind).to.equal(settings.kind);
        expect(Number(row['validation.loss'])).to.be.closeTo(values[1]!, 1e-12);
        // Standard deviation of 0.01, 0.02, 0.03 is 0.01.
        expect(Number(row['standard error'])).to.be.closeTo(0.01 / Math.sqrt(3), 1e-12);
      }
      const best = await bestTrial(await SweepFolder.open(out));
      expect(best.value).to.equal(Math.min(...rows.map((row) => Number(row['validation.loss']))));
      expect(best.among).to.equal(12);
    }));

  it('trains each seed on each fold of data of ones own, and measures the best on all of them', async function () {
    this.timeout(240_000);
    await inTemporaryFolder(async (folder) => {
      const file = join(folder, 'images.npy');
      const random = new Random(5);
      const levels = Uint8Array.from({ length: 60 * 16 }, () => 255 * random.integer(2));
      await writeFile(file, npyBytes('|u1', [60, 4, 4], levels));
      const data = await referTo(file);
      const space = { learningRate: [0.01] };
      const folded = spec({ space, target: 'validation.elbo', goal: 'maximise', search: 'grid', trials: 1, folds: 3 });
      const request = {
        recipe: { ...tinyRecipe, evaluate: likelihood({ samples: 2 }) as Measure },
        data,
        engine: 'eager',
      } as const;
      const path = join(folder, 'sweep');
      const trial = recipeTrial({ ...request, set: { epochs: 1 } }, folded.target);
      expect(await sweep({ out: path, spec: folded }, trial)).to.include({ finished: 1, failed: 0 });
      const opened = await SweepFolder.open(path);
      const tested = new Set<string>();
      for (const run of opened.runFolders(0)) {
        const { data: own } = await loadManifest(run);
        expect(own.reference!.options!.split).to.equal(`fold=${basename(run).slice('fold-'.length)}/3`);
        const { splits } = await openReference(own.reference!);
        for (let index = 0; index < splits.test.size; index++) {
          const row = new Float32Array(16);
          splits.test.fields.x!.read(index, row, 0);
          tested.add(String(row));
        }
      }
      expect(tested.size).to.equal(60);
      const [record] = await recordsOf(path);
      expect(new Set(record!.values).size).to.equal(3);
      const [head] = (await readFile(join(path, 'results.csv'), 'utf8')).split('\r\n');
      expect(head).to.include('validation.elbo fold 0,validation.elbo fold 1,validation.elbo fold 2');
      const measured = await evaluateBest(opened, request);
      const elbo = measured.find(({ name }) => name === 'elbo')!;
      expect(new Set(elbo.values).size).to.equal(3);
      expect(elbo.mean).to.be.closeTo(elbo.values.reduce((sum, value) => sum + value, 0) / 3, 1e-9);
      const named = recipeTrial({ recipe: tinyRecipe, data: tinyData() }, folded.target);
      const refused = await runTrial(await SweepFolder.begin(join(folder, 'other'), folded), 0, named);
      expect(refused.error).to.match(/^folds are for data of your own: give their path as settings.data$/);
    });
  });

  it('maximises where it should', () =>
    inTemporaryFolder(async (folder) => {
      const out = join(folder, 'sweep');
      await sweep({ out, spec: spec({ goal: 'maximise' }) }, formula);
      const values = (await recordsOf(out)).map(({ values }) => values[0]!);
      expect((await bestTrial(await SweepFolder.open(out))).value).to.equal(Math.max(...values));
    }));

  it('draws the same trials in any order and in parts, also when the search learns', () =>
    inTemporaryFolder(async (folder) => {
      const tpe = spec({ search: 'tpe', batch: 4, trials: 24 });
      const [one, parts] = [join(folder, 'one'), join(folder, 'parts')];
      await sweep({ out: one, spec: tpe }, formula);
      const begun = await SweepFolder.begin(parts, tpe);
      // Each batch backwards, as if four machines ran it.
      for (let first = 0; first < 24; first += 4) {
        for (const number of [3, 1, 2, 0]) await runTrial(begun, first + number, formula);
      }
      expect(await recordsOf(parts)).to.deep.equal(await recordsOf(one));
    }));

  it('repeats nothing that has ended, goes on with more trials, and refuses another sweep', () =>
    inTemporaryFolder(async (folder) => {
      const out = join(folder, 'sweep');
      await sweep({ out, spec: spec({ trials: 5 }) }, formula);
      const before = await recordsOf(out);
      let trained = 0;
      const counting: TrainTrial = (training) => {
        trained += 1;
        return formula(training);
      };
      await sweep({ out, spec: spec({ trials: 8 }) }, counting);
      expect(trained).to.equal(3);
      expect((await recordsOf(out)).slice(0, 5)).to.deep.equal(before);
      const refused = await rejection(() => sweep({ out, spec: spec({ seed: 2 }) }, formula));
      expect(refused.code).to.equal('sweep-differs');
    }));

  it('tpe draws no trial while one of an earlier batch is open: it is refused, and the sweep goes on with that one', () =>
    inTemporaryFolder(async (folder) => {
      const tpe = spec({ search: 'tpe', batch: 4, trials: 24 });
      const [whole, broken] = [join(folder, 'whole'), join(folder, 'broken')];
      await sweep({ out: whole, spec: tpe }, formula);
      const begun = await SweepFolder.begin(broken, tpe);
      const stop = new AbortController();
      const interrupted: TrainTrial = (training) => {
        stop.abort();
        return formula(training);
      };
      // Of the third batch, trial 9 is lost and trial 10 was never begun.
      for (const number of [0, 1, 2, 3, 4, 5, 6, 7, 8]) await runTrial(begun, number, formula);
      expect((await runTrial(begun, 9, interrupted, stop.signal)).state).to.equal('open');
      await runTrial(begun, 11, formula);
      const refused = await rejection(() => runTrial(begun, 12, formula));
      expect(refused.code).to.equal('sweep-open');
      expect(refused.message).to.include('trial 0012').and.to.include('trials 0009, 0010');
      expect(await begun.record(12)).to.equal(undefined);
      await sweep({ out: broken, spec: tpe }, formula);
      expect(await recordsOf(broken)).to.deep.equal(await recordsOf(whole));
    }));

  it('a launcher whose tpe trial never ends gets no later batch', () =>
    inTemporaryFolder(async (folder) => {
      const out = join(folder, 'sweep');
      const tpe = spec({ search: 'tpe', batch: 3, trials: 9 });
      const submitted: number[] = [];
      const launcher: Launcher = {
        name: 'in this process',
        refusal: async () => undefined,
        async submit(jobs) {
          const begun = await SweepFolder.open(out);
          for (const { name } of jobs) {
            const trial = Number(name.slice('trial-'.length));
            submitted.push(trial);
            // The machine of trial 4 is lost each time.
            if (trial !== 4) await runTrial(begun, trial, formula);
          }
          return jobs.map(({ name }) => name);
        },
        states: async (ids) => ids.map((id) => ({ state: id === 'trial-0004' ? 'lost' : 'finished' })),
        cancel: async () => {},
      };
      const notices: string[] = [];
      const job = () => ({ argv: [], folder, needs: { threads: 1 } });
      const onEvent = (event: SweepEvent) => event.type === 'notice' && notices.push(event.text);
      const summary = await launchSweep({ out, spec: tpe, launcher, job, onEvent });
      expect(submitted).to.deep.equal([0, 1, 2, 3, 4, 5, 4, 4]);
      expect(summary).to.include({ finished: 5, open: 4 });
      expect(notices.at(-1)).to.equal('no further batch is drawn: trial 0004 did not end');
    }));

  it('asha in one process takes the same decisions after interruptions as without any', () =>
    inTemporaryFolder(async (folder) => {
      const asha = spec({ trials: 30, stopping: { name: 'asha', eta: 3, min: 1 } });
      const [whole, broken] = [join(folder, 'whole'), join(folder, 'broken')];
      await sweep({ out: whole, spec: asha }, formula);
      let trained = 0;
      for (let left = 30; left > 0; ) {
        const stop = new AbortController();
        // Every fourth training is broken off after its reports.
        const interrupting: TrainTrial = async (training) => {
          trained += 1;
          const result = await formula(training);
          if (trained % 4 === 0) stop.abort();
          return result;
        };
        left = (await sweep({ out: broken, spec: asha, signal: stop.signal }, interrupting)).open;
      }
      expect(trained).to.be.above(30);
      expect(await recordsOf(broken)).to.deep.equal(await recordsOf(whole));
    }));

  it('tries failed trials again when asked to: with their settings, from the beginning, keeping the seeds that had ended', () =>
    inTemporaryFolder(async (folder) => {
      const out = join(folder, 'sweep');
      const three = spec({ trials: 6, seeds: 3 });
      const failing: TrainTrial = async (training) => {
        await mkdir(training.out, { recursive: true });
        if (training.settings.kind === 'b' && training.seed === 2) throw new Error('no room');
        return formula(training);
      };
      const { failed } = await sweep({ out, spec: three }, failing);
      const before = await recordsOf(out);
      const numbers = before.filter(({ state }) => state === 'failed').map(({ number }) => number);
      expect(numbers.length).to.equal(failed).and.to.be.above(0);
      const again: [number, number][] = [];
      const mended: TrainTrial = (training) => {
        const [trial, seed] = [Number(basename(dirname(training.out))), training.seed];
        again.push([trial, seed]);
        expect(existsSync(training.out), `${trial} ${seed}`).to.equal(seed === 1);
        return formula(training);
      };
      await sweep({ out, spec: three }, mended);
      expect(again).to.deep.equal([]);
      const summary = await sweep({ out, spec: three, retryFailed: true }, mended);
      expect(summary).to.include({ finished: 6, failed: 0 });
      expect(again).to.deep.equal(numbers.flatMap((number) => [1, 2, 3].map((seed) => [number, seed])));
      const after = await recordsOf(out);
      expect(after.map(({ settings }) => settings)).to.deep.equal(before.map(({ settings }) => settings));
    }));

  it('a trial that fails is recorded with its reason and does not stop the others', () =>
    inTemporaryFolder(async (folder) => {
      const out = join(folder, 'sweep');
      const failing: TrainTrial = (training) => {
        if (training.settings.kind === 'b') throw new Error('kind b diverged');
        return formula(training);
      };
      const { finished, failed } = await sweep({ out, spec: spec() }, failing);
      const records = await recordsOf(out);
      const b = records.filter(({ settings }) => settings.kind === 'b');
      expect(b.length).to.be.above(0);
      expect([finished, failed]).to.deep.equal([12 - b.length, b.length]);
      expect(b.every(({ state, error }) => state === 'failed' && error === 'kind b diverged')).to.equal(true);
    }));

  it('without a finished trial there is no best one', () =>
    inTemporaryFolder(async (folder) => {
      const out = join(folder, 'sweep');
      await sweep({ out, spec: spec({ trials: 2 }) }, () => Promise.reject(new Error('no')));
      const refused = await rejection(async () => bestTrial(await SweepFolder.open(out)));
      expect(refused.code).to.equal('sweep-unfinished');
    }));

  it('asha stops poor trials early, and the best one comes to its end', () =>
    inTemporaryFolder(async (folder) => {
      const out = join(folder, 'sweep');
      const summary = await sweep(
        { out, spec: spec({ trials: 30, stopping: { name: 'asha', eta: 3, min: 1 } }) },
        formula,
      );
      expect(summary.stopped).to.be.above(10);
      const records = await recordsOf(out);
      const ends = records.map(({ settings }) => Number(settings.x) ** 2 + (settings.kind === 'b' ? 1 : 0));
      const best = ends.indexOf(Math.min(...ends));
      expect(records[best]!.state).to.equal('finished');
      // A stopped trial ended at a rung.
      expect(
        records.filter(({ state }) => state === 'stopped').every(({ epochs }) => [1, 3, 9].includes(epochs!)),
      ).to.equal(true);
    }));

  it('a folder that is none, and files that are damaged, are refused by name', () =>
    inTemporaryFolder(async (folder) => {
      expect((await rejection(() => SweepFolder.open(folder))).code).to.equal('sweep-missing');
      await sweep({ out: folder, spec: spec({ trials: 1 }) }, formula);
      await writeFile(join(folder, 'trials', '0000.json'), '{"number": 0');
      const damaged = await rejection(async () => (await SweepFolder.open(folder)).record(0));
      expect(damaged.message).to.include('0000.json');
    }));

  it('draws what there is: nothing of one trial, three figures of several, conditions and choices too', async () => {
    await inTemporaryFolder(async (folder) => {
      const space = {
        x: { min: -1, max: 1 },
        kind: ['a', 'b'],
        rest: { min: 1, max: 9, log: true, when: { kind: 'b' } },
      };
      await sweep({ out: folder, spec: spec({ space, trials: 1 }) }, formula);
      expect(await drawSweep(await SweepFolder.open(folder))).to.deep.equal([]);
      await sweep({ out: folder, spec: spec({ space, trials: 9 }) }, formula);
      const files = await drawSweep(await SweepFolder.open(folder));
      expect(files.length).to.equal(6);
      const parallel = await readFile(join(folder, 'figures', 'parallel.svg'), 'utf8');
      for (const word of [
        'validation.loss by all parameters',
        'tiny, 9 trials of a random search, seed 1',
        'kind',
        'rest',
      ]) {
        expect(parallel).to.include(word);
      }
    });
  });

  it('knows in which direction most measures are better, and asks for the goal of others', () => {
    const parsed = (target: string) =>
      sweepSchema.safeParse({ model: 'tiny', space: { x: [1, 2] }, search: 'grid', target: `validation.${target}` });
    expect(parsed('elbo').data!.goal).to.equal('maximise');
    expect(parsed('crossEntropy').data!.goal).to.equal('minimise');
    expect(parsed('warmth').error!.issues[0]!.message).to.include('which validation.warmth is better is not known');
  });

  it('goes on with a sweep whose file leaves the goal out, or has its keys in another order', () =>
    inTemporaryFolder(async (out) => {
      const file = { model: 'tiny', space: { x: [1, 2] }, search: 'grid', target: 'validation.loss' };
      await sweep({ out, spec: sweepSchema.parse({ ...file, settings: { epochs: 1, data: 'a' } }) }, formula);
      const other = sweepSchema.parse({ settings: { data: 'a', epochs: 1 }, ...file, goal: 'minimise' });
      expect((await sweep({ out, spec: other }, formula)).finished).to.equal(2);
      const space = { kind: ['a'], x: [1, 2] };
      const refused = await rejection(() => sweep({ out, spec: sweepSchema.parse({ ...file, space }) }, formula));
      expect(refused.code).to.equal('sweep-differs');
    }));

  it('the standard error is that of the mean', () => {
    // 1, 2, 3, 4: variance 5/3.
    expect(standardError([1, 2, 3, 4])).to.be.closeTo(Math.sqrt(5 / 3 / 4), 1e-15);
    expect(standardError([1])).to.equal(undefined);
  });

  it('a trial of a recipe that was interrupted goes on to the same weights as an unbroken one', async function () {
    this.timeout(240_000);
    await inTemporaryFolder(async (folder) => {
      const out = join(folder, 'sweep');
      const recipe = tinyRecipe;
      const space = { learningRate: { min: 1e-3, max: 1e-1, log: true } };
      const tiny = spec({ space, target: 'validation.elbo', goal: 'maximise', trials: 1 });
      const request = { recipe, data: tinyData(), logEvery: 5 };
      const stop = new AbortController();
      const interrupting = recipeTrial(
        { ...request, onEvent: (event) => event.type === 'step' && event.step === 7 && stop.abort() },
        tiny.target,
      );
      const begun = await SweepFolder.begin(out, tiny);
      expect((await runTrial(begun, 0, interrupting, stop.signal)).state).to.equal('open');
      const record = await runTrial(begun, 0, recipeTrial(request, tiny.target));
      expect(record.state).to.equal('finished');
      const whole = join(folder, 'whole');
      await train({ ...request, out: whole, set: record.settings, evaluate: false, figures: false });
      for (const file of ['graphs/decode.onnx', 'metrics.jsonl']) {
        const [ours, unbroken] = await Promise.all(
          [begun.runFolder(0, 1), whole].map((run) => readFile(join(run, file))),
        );
        expect(ours!.equals(unbroken!), file).to.equal(true);
      }
    });
  });

  it('a trial that was killed between its last checkpoint and its record has the value of its last epoch', async function () {
    this.timeout(180_000);
    await inTemporaryFolder(async (out) => {
      const space = { learningRate: { min: 1e-3, max: 1e-1, log: true } };
      const tiny = spec({ space, target: 'validation.elbo', goal: 'maximise', trials: 1 });
      const trial = recipeTrial({ recipe: tinyRecipe, data: tinyData() }, tiny.target);
      const folder = await SweepFolder.begin(out, tiny);
      const record = await runTrial(folder, 0, trial);
      await folder.writeRecord({ ...record, state: 'open', values: [] });
      const { state, values } = await runTrial(folder, 0, trial);
      expect([state, values]).to.deep.equal(['finished', record.values]);
    });
  });

  it('a trial that was killed between the decision to stop it and its record does not go on past it', async function () {
    this.timeout(180_000);
    await inTemporaryFolder(async (out) => {
      const space = { learningRate: { min: 1e-3, max: 1e-1, log: true } };
      const asha = spec({
        space,
        target: 'validation.elbo',
        goal: 'maximise',
        trials: 1,
        stopping: { name: 'asha', min: 1 },
      });
      const trial = recipeTrial({ recipe: tinyRecipe, data: tinyData(), set: { epochs: 3 } }, asha.target);
      const folder = await SweepFolder.begin(out, asha);
      folder.report({ trial: 7, resource: 1, loss: Number.NEGATIVE_INFINITY });
      const record = await runTrial(folder, 0, trial);
      expect(record).to.include({ state: 'stopped', epochs: 1 });
      const log = join(folder.runFolder(0, 1), 'metrics.jsonl');
      const before = await readFile(log, 'utf8');
      // Killed just before its record; others have reported since, and it would not be stopped any more.
      await folder.writeRecord({ ...record, state: 'open', values: [], epochs: undefined });
      for (let other = 8; other < 16; other++) folder.report({ trial: other, resource: 1, loss: 1e9 });
      const again = await runTrial(folder, 0, trial);
      expect(again).to.include({ state: 'stopped', epochs: 1 });
      expect(again.values).to.deep.equal(record.values);
      expect(await readFile(log, 'utf8')).to.equal(before);
      // Killed before the checkpoint of that epoch, too: the epoch is done again, and is the last one.
      await rm(folder.runFolder(0, 1), { recursive: true });
      await folder.writeRecord({ ...record, state: 'open', values: [], epochs: undefined });
      expect(await runTrial(folder, 0, trial)).to.deep.include({ state: 'stopped', epochs: 1, values: record.values });
      expect(await readFile(log, 'utf8')).to.equal(before);
    });
  });

  it('a trial that the machine has no room for stays open, and the sweep says why', () =>
    inTemporaryFolder(async (out) => {
      const full: TrainTrial = () => {
        const cause = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
        throw new ForgeError('run-write', 'the disk is full', {}, { cause });
      };
      expect((await rejection(() => sweep({ out, spec: spec({ trials: 2 }) }, full))).message).to.equal(
        'the disk is full',
      );
      expect((await recordsOf(out)).map(({ state }) => state)).to.deep.equal(['open']);
      expect(await sweep({ out, spec: spec({ trials: 2 }) }, formula)).to.include({ finished: 2, failed: 0 });
    }));

  it('an error of the system at a file of the sweep is one line with a code', () =>
    inTemporaryFolder(async (out) => {
      const folder = await SweepFolder.begin(out, spec({ trials: 1, stopping: { name: 'asha' } }));
      // Where a folder should be, there is a file.
      await writeFile(join(out, 'reports'), '');
      const { code, message } = await rejection(() => runTrial(folder, 0, formula));
      expect(code).to.equal('sweep-files');
      expect(message).to.match(/a file of the sweep can't be read or written: E(NOTDIR|EXIST)/);
    }));

  it('goes on although the file leaves out what the folder spells out', () =>
    inTemporaryFolder(async (out) => {
      const file = { model: 'tiny', space: { x: [1, 2] }, target: 'validation.loss', trials: 2 };
      await SweepFolder.begin(out, sweepSchema.parse(file));
      const { spec: again } = await SweepFolder.begin(out, sweepSchema.parse({ ...file, trials: 3 }));
      expect([again.goal, again.trials]).to.deep.equal(['minimise', 3]);
      const other = await rejection(() => SweepFolder.begin(out, sweepSchema.parse({ ...file, goal: 'maximise' })));
      expect(other).to.have.property('code', 'sweep-differs');
    }));

  it('a target that the recipe does not measure is refused with those that it does', () =>
    inTemporaryFolder(async (folder) => {
      const tiny = spec({
        space: { latentDim: [2] },
        target: 'validation.accuracy',
        search: 'grid',
        trials: undefined,
      });
      await sweep({ out: folder, spec: tiny }, recipeTrial({ recipe: tinyRecipe, data: tinyData() }, tiny.target));
      const [record] = await recordsOf(folder);
      expect(record!.error).to.match(/does not measure 'accuracy'.*elbo/);
    }));
});
