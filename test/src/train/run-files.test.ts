import fs from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeSafetensors, encodeSafetensors, loadManifest } from '@onnx-forge/infer';
import {
  certifyRun,
  drawFigures,
  evaluateRun,
  likelihood,
  type Measure,
  readLog,
  type TrainEvent,
  type TrainRequest,
  type TrainResult,
  tf,
  train,
} from '@onnx-forge/train';
import { checkpointPath, loadCheckpoint, RunFolder, readSnapshots } from '@onnx-forge/train/run';
import { expect } from 'chai';
import { requireWritableFolder } from '../../../packages/train/dist/cli/output/files.js';
import { writeAtomically } from '../../../packages/train/dist/run/atomic.js';
import { rejection } from './rejects.js';
import { inTemporaryFolder, tinyData, tinyRecipe } from './tiny.js';

const tiny = (request: Partial<TrainRequest> & { out: string }): Promise<TrainResult> =>
  train({
    recipe: tinyRecipe,
    data: tinyData(),
    evaluate: false,
    figures: false,
    logEvery: 3,
    device: 'cpu',
    ...request,
  });

/** A training, with what it had to say. */
async function withNotices(request: Parameters<typeof tiny>[0]): Promise<string[]> {
  const notices: string[] = [];
  await tiny({ ...request, onEvent: (event) => event.type === 'notice' && notices.push(event.text) });
  return notices;
}

const stateOf = async (run: string) => (await loadCheckpoint(run))!.state;

/** Changes a byte in the middle of a file. */
async function damage(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[Math.floor(bytes.length / 2)]! ^= 1;
  await writeFile(path, bytes);
}

describe("a run's own files", () => {
  it('a damaged checkpoint is known by its hash, and the one before it goes on to the same end', () =>
    inTemporaryFolder(async (folder) => {
      const [whole, damaged] = [join(folder, 'whole'), join(folder, 'damaged')];
      await tiny({ out: whole, set: { epochs: 3 } });
      await tiny({ out: damaged, set: { epochs: 2 } });
      await damage(checkpointPath(damaged));
      const [notice] = await withNotices({ out: damaged, resume: true, set: { epochs: 3 } });
      expect(notice).to.match(/state\.safetensors is no usable checkpoint: .*hash.*: the checkpoint before it is used/);
      expect(await stateOf(damaged)).to.deep.equal(await stateOf(whole));
      expect(await readLog(join(damaged, 'metrics.jsonl'))).to.deep.equal(await readLog(join(whole, 'metrics.jsonl')));
    }));

  it('numbers on fewer examples stand beside those on more; numbers measured the same way are replaced', () =>
    inTemporaryFolder(async (run) => {
      const recipe = { ...tinyRecipe, evaluate: likelihood({ samples: 3 }) as Measure };
      await tiny({ recipe, out: run, set: { epochs: 1 } });
      const request = { recipe, run, data: tinyData(), device: 'cpu' } as const;
      for (const sizes of [{}, { examples: 5 }, { examples: 5, seed: 9 }]) await evaluateRun({ ...request, ...sizes });
      const { metrics } = await loadManifest(run);
      const of = (name: string) => metrics.filter((one) => one.name === name && one.split === 'test');
      expect(of('logLikelihood').map(({ samples, seed }) => [samples, seed])).to.deep.equal([
        [20, 1],
        [5, 9],
      ]);
      expect(of('elbo').map(({ samples, seed }) => [samples, seed])).to.deep.equal([[20, 9]]);
    }));

  it('an error over one example is not known, and is left out', () =>
    inTemporaryFolder(async (run) => {
      const recipe = { ...tinyRecipe, evaluate: likelihood({ samples: 3 }) as Measure };
      await tiny({ recipe, out: run, set: { epochs: 1 } });
      const request = { recipe, run, data: tinyData(), device: 'cpu' } as const;
      const one = await evaluateRun({ ...request, examples: 1 });
      expect(one.find(({ name }) => name === 'logLikelihood')).to.have.property('drawError');
      const sizes = { samples: 2, examples: 2, annealed: 1, steps: 2, chains: 1, compressed: 1 };
      const { measurements } = await certifyRun({ ...request, ...sizes });
      const { metrics } = await loadManifest(run);
      const ofOne = [...one, ...measurements].filter(({ examples }) => examples === 1);
      const recorded = metrics.filter(({ samples }) => samples === 1);
      expect(recorded.map(({ name }) => name)).to.have.members(ofOne.map(({ name }) => name));
      expect(recorded.map(({ name }) => name)).to.include.members(['logLikelihood', 'annealedGain', 'codedElbo']);
      for (const entry of [...ofOne, ...recorded]) expect(entry, entry.name).to.not.have.property('standardError');
    }));

  it('refuses a checkpoint whose facts are nested too deeply, before they exhaust the stack', () =>
    inTemporaryFolder(async (run) => {
      await mkdir(join(run, 'checkpoint'));
      const deep = `{"sinks": {"x": ${'['.repeat(5_000)}${']'.repeat(5_000)}}}`;
      const parts = encodeSafetensors({ arrays: {}, metadata: { 'onnx-forge-checkpoint-2': deep } });
      await writeFile(checkpointPath(run), Buffer.concat(parts));
      expect((await rejection(() => loadCheckpoint(run))).message).to.include('nested too deeply');
    }));

  it('a checkpoint of format 1 goes on, its log too', () =>
    inTemporaryFolder(async (folder) => {
      const [old, whole] = [join(folder, 'old'), join(folder, 'whole')];
      // Of 14 iterations, by version 0.1.0 of 29 November 2026; not of this processor.
      await cp(fileURLToPath(new URL('../../fixtures/checkpoint-1', import.meta.url)), old, { recursive: true });
      const request = { engine: 'eager', set: { epochs: 3 } } as const;
      expect(await withNotices({ ...request, out: old, resume: true })).to.deep.equal([]);
      await tiny({ ...request, out: whole });
      const [have, want] = [await stateOf(old), await stateOf(whole)];
      expect(have).to.have.keys(Object.keys(want));
      for (const [name, { data }] of Object.entries(want)) {
        for (const [i, value] of data.entries()) expect(have[name]!.data[i], name).to.be.closeTo(value, 1e-4);
      }
      const points = async (run: string) =>
        (await readLog(join(run, 'metrics.jsonl'))).map(({ kind, step, epoch }) => ({ kind, step, epoch }));
      expect(await points(old)).to.deep.equal(await points(whole));
    }));

  it('a checkpoint of a later format is refused with what to do', () =>
    inTemporaryFolder(async (out) => {
      await tiny({ out, maxSteps: 1 });
      const { arrays, metadata } = decodeSafetensors(await readFile(checkpointPath(out)));
      const later = { 'onnx-forge-checkpoint-3': Object.values(metadata)[0]! };
      await rm(join(out, 'checkpoint'), { recursive: true });
      await mkdir(join(out, 'checkpoint'));
      await writeFile(checkpointPath(out), encodeSafetensors({ arrays, metadata: later }));
      const error = await rejection(() => tiny({ out, resume: true }));
      expect(error.code).to.equal('checkpoint-invalid');
      expect(error.message).to.include('it is of format 3, and this version reads up to 2: update onnx-forge');
    }));

  it('without a whole checkpoint the run can only begin again', () =>
    inTemporaryFolder(async (out) => {
      await tiny({ out, maxSteps: 4 });
      for (const name of await readdir(join(out, 'checkpoint'))) await damage(join(out, 'checkpoint', name));
      const error = await rejection(() => tiny({ out, resume: true, maxSteps: 6 }));
      expect(error.code).to.equal('checkpoint-invalid');
      expect(error.message).to.include('state.safetensors').and.include('--force');
    }));

  it('a log that was cut keeps its whole lines, a missing one begins anew; nothing is padded', () =>
    inTemporaryFolder(async (out) => {
      await tiny({ out, maxSteps: 9 });
      const log = join(out, 'metrics.jsonl');
      const before = await readLog(log);
      await truncate(log, (await stat(log)).size - 5);
      const [notice] = await withNotices({ out, resume: true, maxSteps: 12 });
      expect(notice).to.match(/metrics\.jsonl ends \d+ bytes before the checkpoint/);
      const after = await readLog(log);
      expect(after.slice(0, 2)).to.deep.equal(before.slice(0, 2));
      expect(after.map(({ step }) => step)).to.deep.equal([3, 6, 10, 10, 12]);
      await rm(log);
      expect(await withNotices({ out, resume: true, maxSteps: 15 })).to.have.length(1);
      expect((await readLog(log)).map(({ step }) => step)).to.deep.equal([15]);
    }));

  it('a damaged line of the log is named', () =>
    inTemporaryFolder(async (out) => {
      const path = join(out, 'metrics.jsonl');
      const good = '{"kind":"train","step":3,"epoch":0.3,"metrics":{"elbo/loss":1}}';
      for (const bad of ['{kind', 'null', '\0\0', '{"kind":"train","step":3,"epoch":1}', good.replace('1}', 'null}')]) {
        await writeFile(path, `${good}\n${bad}\n${good}\n`);
        const error = await rejection(() => readLog(path));
        expect(error.code, bad).to.equal('log-invalid');
        expect(error.message).to.match(/metrics\.jsonl is damaged at line 2 \(/);
      }
      await writeFile(path, `${good}\n{"kind`);
      expect(await readLog(path)).to.have.length(1);
    }));

  it('a damaged snapshot is named', () =>
    inTemporaryFolder(async (out) => {
      await tiny({ out, maxSteps: 1 });
      const folder = new RunFolder(out);
      const [name] = await readdir(join(out, 'snapshots'));
      const whole = await readFile(join(out, 'snapshots', name!));
      for (const bytes of [whole.subarray(0, 300), Buffer.from('\x02\0\0\0\0\0\0\0{}', 'latin1'), Buffer.alloc(0)]) {
        await writeFile(join(out, 'snapshots', name!), bytes);
        const errors = [
          await rejection(() => readSnapshots(folder)),
          await rejection(() => drawFigures({ recipe: tinyRecipe, run: out, data: tinyData(), device: 'cpu' })),
        ];
        for (const { code, message } of errors) {
          expect(code).to.equal('snapshot-invalid');
          expect(message).to.include(name);
        }
      }
    }));

  it('half-written files of a process that is gone are removed, others stay', () =>
    inTemporaryFolder(async (out) => {
      await tiny({ out, maxSteps: 2 });
      // Process ids end below 2^22 on Linux.
      const [gone, alive] = ['state.safetensors.999999999.tmp', `state.safetensors.${process.ppid}.tmp`];
      for (const name of [gone, alive]) await writeFile(join(out, 'checkpoint', name), '');
      await tiny({ out, resume: true, maxSteps: 3 });
      const names = await readdir(join(out, 'checkpoint'));
      expect(names).to.include(alive).and.not.include(gone);
    }));
});

describe('a file that is written atomically', () => {
  it('takes what killed processes left of it, and nothing else', () =>
    inTemporaryFolder(async (folder) => {
      const [gone, alive] = ['a.png.999999999.tmp', `a.png.${process.ppid}.tmp`];
      const others = ['b.png.999999999.tmp', 'a.png.x.tmp', 'a.png.999999999.tmp.png'];
      for (const name of [gone, alive, ...others]) await writeFile(join(folder, name), '');
      await writeAtomically(join(folder, 'a.png'), 'content');
      expect((await readdir(folder)).sort()).to.deep.equal(['a.png', alive, ...others].sort());
      expect(await readFile(join(folder, 'a.png'), 'utf8')).to.equal('content');
    }));
});

describe('a folder that is tried before the work', () => {
  it('loses what a killed process left of its own try, and nothing else', () =>
    inTemporaryFolder(async (folder) => {
      const [gone, alive] = ['.onnx-forge.999999999.tmp', `.onnx-forge.${process.ppid}.tmp`];
      for (const name of [gone, alive]) await writeFile(join(folder, name), '');
      await requireWritableFolder(join(folder, 'later'));
      expect(await readdir(folder)).to.deep.equal([alive]);
    }));
});

describe('a run folder', () => {
  it('is trained in by one process at a time, with --force too', () =>
    inTemporaryFolder(async (out) => {
      let second: Promise<unknown> | undefined;
      const onEvent = ({ type }: TrainEvent): void => {
        if (type !== 'step' || second) return;
        second = Promise.all([
          rejection(() => tiny({ out, resume: true })),
          rejection(() => tiny({ out, force: true })),
        ]).then((errors) => {
          for (const { code, message } of errors) {
            expect(code).to.equal('run-locked');
            expect(message).to.include(`process ${process.pid} on ${hostname()}`);
          }
        });
      };
      await tiny({ out, onEvent });
      expect(second).to.be.instanceOf(Promise);
      await second;
      expect((await readdir(out)).filter((name) => name.startsWith('.'))).to.deep.equal([]);
      await tiny({ out, resume: true, set: { epochs: 3 } });
    }));

  it('is taken over from a process of this machine that is gone, not from another machine', () =>
    inTemporaryFolder(async (out) => {
      const lockOf = async (owner: object): Promise<void> => {
        await mkdir(join(out, '.training.lock'), { recursive: true });
        await writeFile(join(out, '.training.json'), JSON.stringify(owner));
      };
      await lockOf({ pid: 1, host: 'elsewhere', began: 0 });
      const error = await rejection(() => tiny({ out, maxSteps: 1 }));
      expect(error.code).to.equal('run-locked');
      expect(error.message).to.include('process 1 on elsewhere');
      await lockOf({ pid: 999_999_999, host: hostname(), began: 0 });
      await tiny({ out, maxSteps: 1 });
      // It exited by itself: its lock is gone, its name is still there.
      await lockOf({ pid: 999_999_999, host: hostname(), began: 0 });
      await rm(join(out, '.training.lock'), { recursive: true });
      await tiny({ out, resume: true, maxSteps: 2 });
      // The same id, as in a container that was started again.
      await lockOf({ pid: process.pid, host: hostname(), began: 0 });
      await tiny({ out, resume: true, maxSteps: 3 });
    }));
});

/** Does work while files of an ending can't be looked at: `rm` calls `fs.lstat` before it removes one. */
async function unseen(ending: string, work: () => Promise<unknown>): Promise<void> {
  const { lstat } = fs;
  const failing = (path: fs.PathLike, ...rest: never[]): void => {
    const [done] = rest.slice(-1) as unknown as [(error: Error) => void];
    if (String(path).endsWith(ending)) done(Object.assign(new Error('EIO'), { code: 'EIO' }));
    else (lstat as (...all: unknown[]) => void)(path, ...rest);
  };
  fs.lstat = failing as typeof lstat;
  try {
    await work();
  } finally {
    fs.lstat = lstat;
  }
}

describe('where files can be removed but not looked at', () => {
  it('no lock, no half file and no file of a try is left behind', () =>
    inTemporaryFolder(async (out) => {
      const hidden = async () => (await readdir(out)).filter((name) => /^\.|\.tmp$/.test(name));
      await unseen('.training.json', () => tiny({ out, maxSteps: 1 }));
      expect(await hidden(), 'a training').to.deep.equal([]);
      const fails = () => Promise.reject(new Error('full'));
      await unseen('.tmp', () => rejection(() => writeAtomically(join(out, 'file'), 'new', fails)));
      expect(await hidden(), 'a write').to.deep.equal([]);
      await unseen('.tmp', () => requireWritableFolder(out));
      expect(await hidden(), 'a try').to.deep.equal([]);
    }));
});

describe('a lock without the name of its owner', () => {
  it('is that of a process that was killed before it wrote it, and is taken over', () =>
    inTemporaryFolder(async (out) => {
      await mkdir(join(out, '.training.lock'));
      await tiny({ out, maxSteps: 1 });
      expect((await readdir(out)).filter((name) => name.startsWith('.'))).to.deep.equal([]);
    }));

  it('is left alone when the name comes a moment later', () =>
    inTemporaryFolder(async (out) => {
      await mkdir(join(out, '.training.lock'));
      const later = setTimeout(
        () => writeFile(join(out, '.training.json'), JSON.stringify({ pid: 1, host: 'elsewhere', began: 0 })),
        300,
      );
      const error = await rejection(() => tiny({ out, maxSteps: 1 }));
      clearTimeout(later);
      expect(error.code).to.equal('run-locked');
    }));
});

describe('a training that diverges', () => {
  it('is not finished when its last update spoiled the model, and keeps the checkpoint before', () =>
    inTemporaryFolder(async (out) => {
      const error = await rejection(() => tiny({ out, maxSteps: 1, set: { learningRate: 1e30 } }));
      expect(error.code).to.equal('not-finite');
      expect(error.message)
        .to.match(/NaN|Infinity/)
        .and.include('the last checkpoint is kept');
      expect((await loadCheckpoint(out))?.step).to.equal(0);
      expect(await readdir(out)).to.not.include('manifest.json');
    }));

  it('is stopped by the validation of an epoch that spoiled the model, before the checkpoint is replaced', () =>
    inTemporaryFolder(async (out) => {
      // One iteration is the epoch: no loss tells of it.
      const error = await rejection(() => tiny({ out, set: { learningRate: 1e30, batchSize: 80 } }));
      expect(error.code).to.equal('not-finite');
      expect(error.message).to.match(/^validation gave \w+ = NaN at iteration 1: .*last checkpoint is kept/);
      expect((await readLog(join(out, 'metrics.jsonl'))).every(({ kind }) => kind === 'train')).to.equal(true);
      expect((await loadCheckpoint(out))?.step).to.equal(0);
    }));

  it('logs no validation that is not finite', () =>
    inTemporaryFolder(async (out) => {
      const served = (nets: Parameters<typeof tinyRecipe.serves>[0], options: object, facts: object) => ({
        ...tinyRecipe.serves(nets, options as never, facts as never),
        validation: async () => [
          { name: 'elbo', value: Number.NEGATIVE_INFINITY, unit: 'nats', split: 'validation', examples: 1 },
        ],
      });
      const recipe = { ...tinyRecipe, serves: served as typeof tinyRecipe.serves };
      const error = await rejection(() => tiny({ out, recipe }));
      expect(error.message).to.include('validation gave elbo = -Infinity at iteration 10');
      expect((await readLog(join(out, 'metrics.jsonl'))).every(({ kind }) => kind === 'train')).to.equal(true);
      expect((await loadCheckpoint(out))?.step).to.equal(0);
    }));
});

describe('a training in a program', () => {
  for (const engine of ['eager', 'compiled'] as const) {
    it(`leaves no tensor and no variable behind: ${engine}`, () =>
      inTemporaryFolder(async (folder) => {
        const held = () => [tf.memory().numTensors, Object.keys(tf.engine().registeredVariables).length];
        await tiny({ out: join(folder, 'first'), engine, maxSteps: 2 });
        const before = held();
        await tiny({ out: join(folder, 'second'), engine, maxSteps: 2 });
        expect(held()).to.deep.equal(before);
      }));
  }
});
