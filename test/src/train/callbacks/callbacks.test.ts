import { cpSync } from 'node:fs';
import { cp, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { decodeSafetensors, loadManifest } from '@onnx-forge/infer';
import {
  bestCheckpoint,
  type Callback,
  defineCallback,
  earlyStopping,
  type TrainRequest,
  type TrainResult,
  train,
  verifyRun,
} from '@onnx-forge/train';
import { checkpointPath, loadCheckpoint } from '@onnx-forge/train/run';
import type { EpochEvent } from '@onnx-forge/train/trainer';
import { expect } from 'chai';
import { rejection } from '../rejects.js';
import { readJsonl } from '../sinks/read-logs.js';
import { inTemporaryFolder, tinyData, tinyRecipe } from '../tiny.js';

const tiny = (request: Partial<TrainRequest> & { out: string }): Promise<TrainResult> =>
  train({ recipe: tinyRecipe, data: tinyData(), evaluate: false, figures: false, device: 'cpu', ...request });

/** The divergence rises as the model learns, so that its least value is an early one. */
const LEAST_KL = { monitor: 'validation.kl', direction: 'lower' } as const;

/** Epochs of a metric, handed to a callback one after the other. */
function drive<State>(callback: Callback<State>, values: readonly number[]) {
  let { initial: state } = callback;
  let stopped: number | undefined;
  const kept: number[] = [];
  for (const [index, elbo] of values.entries()) {
    const event: EpochEvent = {
      ...{ type: 'epoch', epoch: index + 1, epochs: values.length, step: index + 1 },
      ...{ train: {}, validation: { elbo } },
    };
    const control = {
      stop: () => {
        stopped ??= index + 1;
      },
      keep: () => void kept.push(index + 1),
    };
    // As a resumed run has it.
    state = callback.on(event, control, JSON.parse(JSON.stringify(state)) as State);
  }
  return { stopped, kept };
}

describe('early stopping', () => {
  const stopAfter = (values: readonly number[], options: { patience: number; minDelta?: number }) =>
    drive(earlyStopping({ monitor: 'validation.elbo', ...options }), values).stopped;

  it('ends after so many epochs without an improvement, counted from the best', () => {
    expect(stopAfter([-5, -4, -3, -2], { patience: 1 })).to.equal(undefined);
    expect(stopAfter([-5, -5], { patience: 1 })).to.equal(2);
    expect(stopAfter([-5, -6, -4, -6, -5], { patience: 2 })).to.equal(5);
    expect(stopAfter([-5, -6, -7, -4.9, -6, -7], { patience: 3 })).to.equal(undefined);
    expect(stopAfter([-5, -6, -7, -8], { patience: 3 })).to.equal(4);
  });

  it('takes a change of minDelta or less for none', () => {
    expect(stopAfter([-5, -4.5, -4, -3.5], { patience: 2, minDelta: 0.5 })).to.equal(undefined);
    expect(stopAfter([-5, -4.5, -4.5], { patience: 2, minDelta: 0.5 })).to.equal(3);
  });

  it('knows which values are better, or is told', async () => {
    const values = [1, 2, 3];
    const last = (metric: string, direction?: 'higher' | 'lower') => {
      const callback = bestCheckpoint({ monitor: `validation.${metric}`, ...(direction && { direction }) });
      const event = (value: number): EpochEvent => ({
        ...{ type: 'epoch', epoch: value, epochs: 3, step: value, train: {} },
        validation: { [metric]: value },
      });
      let state: unknown = callback.initial;
      let best = 0;
      for (const value of values) {
        const keep = () => {
          best = value;
        };
        state = (callback as Callback).on(event(value), { stop: () => {}, keep }, state);
      }
      return best;
    };
    expect(['accuracy', 'elbo', 'auc'].map((metric) => last(metric))).to.deep.equal([3, 3, 3]);
    expect(['crossEntropy', 'equalErrorRate', 'x/loss'].map((metric) => last(metric))).to.deep.equal([1, 1, 1]);
    expect([last('kl', 'lower'), last('kl', 'higher'), last('accuracy', 'lower')]).to.deep.equal([1, 3, 1]);
    const error = await rejection(async () => bestCheckpoint({ monitor: 'validation.kl' }));
    expect(error.message).to.equal(
      "which values of 'validation.kl' are better is not known: give the direction, higher or lower",
    );
  });
});

describe('a monitored training', () => {
  it('stops by itself, and exports the best epoch as if it had been the last', () =>
    inTemporaryFolder(async (folder) => {
      const [out, short] = [join(folder, 'out'), join(folder, 'short')];
      const set = { epochs: 8, averaging: 0.5, learningRate: 0.02 };
      const result = await tiny({ out, set, ...LEAST_KL, patience: 2, saveStep: true });
      const log = await readJsonl(out);
      const divergences = log.filter(({ kind }) => kind === 'validation').map(({ metrics }) => metrics.kl!);
      const least = divergences.indexOf(Math.min(...divergences));
      expect(divergences)
        .to.have.length(least + 3)
        .and.length.below(8);
      const best = { step: 10 * (least + 1), epoch: least + 1, monitor: 'validation.kl', value: divergences[least]! };
      const reason = `validation.kl has not improved on ${Number(divergences[least]!.toPrecision(5))} for 2 epochs`;
      expect(result).to.deep.include({
        ...{ status: 'finished', steps: 10 * divergences.length },
        ...{ best: { by: 'best-checkpoint', ...best }, stopped: { by: 'early-stopping', reason } },
      });
      const manifest = await loadManifest(out);
      expect(manifest).to.deep.include({
        steps: 10 * divergences.length,
        chosen: { checkpoint: 'best', ...best },
        stopped: { by: 'early-stopping', reason },
      });
      const arraysOf = async (file: string) => decodeSafetensors(await readFile(file)).arrays;
      const saved = await arraysOf(join(out, 'graphs', 'training.safetensors'));
      expect(saved).to.deep.equal(await arraysOf(checkpointPath(out, 'best')));
      await tiny({ out: short, set: { ...set, epochs: least + 1 } });
      const { graphs, chosen, stopped } = await loadManifest(short);
      expect(manifest.graphs).to.deep.equal(graphs);
      expect(chosen).to.deep.equal({ checkpoint: 'last', step: best.step, epoch: best.epoch });
      expect(stopped).to.equal(undefined);
      for (const { worst } of await verifyRun({ recipe: tinyRecipe, run: out })) expect(worst).to.be.below(1e-3);
    }));

  it('goes on after an interruption as if there had been none: patience and the best are remembered', () =>
    inTemporaryFolder(async (folder) => {
      const [whole, parts] = [join(folder, 'whole'), join(folder, 'parts')];
      const set = { epochs: 8, learningRate: 0.02 };
      const expected = await tiny({ out: whole, engine: 'eager', set, ...LEAST_KL, patience: 3 });
      const controller = new AbortController();
      const stopAt = expected.steps - 15;
      const interrupted = await tiny({
        ...{ out: parts, engine: 'eager', set, ...LEAST_KL, patience: 3, signal: controller.signal },
        onEvent: (event) => event.type === 'step' && event.step === stopAt && controller.abort(),
      });
      expect(interrupted).to.include({ status: 'interrupted', steps: stopAt });
      const { seconds: _, out: __, metrics: ___, ...result } = await tiny({ out: parts, resume: true });
      const { seconds: ____, out: _____, metrics: ______, ...want } = expected;
      expect(result).to.deep.equal(want);
      const [one, two] = [await loadManifest(whole), await loadManifest(parts)];
      expect(two.graphs).to.deep.equal(one.graphs);
      expect((await loadCheckpoint(parts))!.callbacks).to.deep.equal((await loadCheckpoint(whole))!.callbacks);
      expect(await readJsonl(parts)).to.deep.equal(await readJsonl(whole));

      // What has stopped stays so, until it is asked for more.
      expect(await tiny({ out: parts, resume: true, set })).to.include({ steps: expected.steps });
      const more = await tiny({ out: parts, resume: true, patience: 4 });
      expect(more.steps).to.equal(expected.steps + 10);
      expect(more.stopped?.reason).to.include('for 4 epochs');
      const without = await tiny({ out: parts, resume: true, monitor: 'none', maxSteps: more.steps + 1 });
      expect(without)
        .to.include({ steps: more.steps + 1 })
        .and.not.have.any.keys('best', 'stopped');
      expect((await loadManifest(parts)).chosen).to.include({ checkpoint: 'last' });
    }));

  it('killed between the best checkpoint and the last one, it goes on to the same end', () =>
    inTemporaryFolder(async (folder) => {
      const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
      const request = { engine: 'eager', set: { epochs: 3 }, ...LEAST_KL } as const;
      await tiny({
        ...{ ...request, out: whole },
        onEvent: (event) => {
          if (event.type !== 'checkpoint' || event.name !== 'best' || event.step !== 20) return;
          cpSync(whole, killed, { recursive: true, filter: (path) => !basename(path).startsWith('.training') });
        },
      });
      expect((await loadCheckpoint(killed))!.best).to.include({ step: 10 });
      // Ended there, it exports the best one that its last checkpoint tells of.
      const ended = join(folder, 'ended');
      cpSync(killed, ended, { recursive: true });
      await tiny({ ...request, set: { epochs: 1 }, out: ended, resume: true, extend: true });
      expect((await loadManifest(ended)).chosen).to.include({ checkpoint: 'best', step: 10 });
      for (const { worst } of await verifyRun({ recipe: tinyRecipe, run: ended })) expect(worst).to.be.below(1e-3);
      await tiny({ ...request, out: killed, resume: true });
      const [one, two] = [await loadManifest(whole), await loadManifest(killed)];
      expect(two.chosen).to.deep.equal(one.chosen).and.include({ checkpoint: 'best', step: 30 });
      expect(two.graphs).to.deep.equal(one.graphs);
      expect(await readJsonl(killed)).to.deep.equal(await readJsonl(whole));
    }));

  it('says what is there when the metric is not, and refuses a best checkpoint that is another one', () =>
    inTemporaryFolder(async (folder) => {
      const [out, other] = [join(folder, 'out'), join(folder, 'other')];
      const unknown = await rejection(() => tiny({ out, monitor: 'validation.ebo', direction: 'higher' }));
      expect(unknown.code).to.equal('metric-unknown');
      expect(unknown.message).to.include("did you mean 'validation.elbo'?");
      await tiny({ out, force: true, ...LEAST_KL, set: { learningRate: 0.05 } });
      await cp(out, other, { recursive: true });
      await rm(checkpointPath(other, 'best'));
      await cp(checkpointPath(other), checkpointPath(out, 'best'));
      for (const run of [out, other]) {
        const error = await rejection(() => tiny({ out: run, resume: true }));
        expect(error.code).to.equal('checkpoint-invalid');
        expect(error.message).to.match(/best\.safetensors is (missing|of iteration 20, not 10); .*--monitor none/);
      }
      const refusals: [Partial<TrainRequest>, string][] = [
        [{ patience: 3 }, 'name it by monitor'],
        [{ monitor: 'elbo' }, "not 'elbo'"],
        [{ monitor: 'validation.elbo', minDelta: 1 }, 'give patience'],
        [{ monitor: 'validation.elbo', patience: 0.5 }, 'patience must be a whole number of at least 1, not 0.5'],
        [{ monitor: 'validation.elbo', patience: 1, minDelta: -1 }, 'minDelta must be a number of at least 0, not -1'],
        [{ log: ['tensorbord' as never] }, "did you mean 'tensorboard'?"],
      ];
      for (const [request, message] of refusals) {
        expect((await rejection(() => tiny({ out, force: true, ...request }))).message).to.include(message);
      }
    }));
});

describe("callbacks of a user's own", () => {
  it('see every event, keep their states in the checkpoint, and end the training', () =>
    inTemporaryFolder(async (out) => {
      const counter = () =>
        defineCallback({
          name: 'counter',
          initial: { steps: 0, evaluations: 0, checkpoints: 0, starts: 0 },
          onStart: (_, __, state) => ({ ...state, starts: state.starts + 1 }),
          onStep: (_, control, state) => {
            if (state.steps === 12) control.stop('thirteen');
            return { ...state, steps: state.steps + 1 };
          },
          onEvaluate: (_, __, state) => ({ ...state, evaluations: state.evaluations + 1 }),
          onCheckpoint: (_, __, state) => ({ ...state, checkpoints: state.checkpoints + 1 }),
        });
      const result = await tiny({ out, callbacks: [counter()] });
      expect(result).to.deep.include({ status: 'finished', steps: 13, stopped: { by: 'counter', reason: 'thirteen' } });
      // The last checkpoint does not know of itself.
      const counted = { steps: 13, evaluations: 1, checkpoints: 2, starts: 1 };
      expect((await loadCheckpoint(out))!.callbacks.counter?.state).to.deep.equal(counted);
      // Without the callback nobody has stopped it.
      expect(await tiny({ out, resume: true })).to.include({ steps: 20 });
    }));

  it('can change nothing that others see', () =>
    inTemporaryFolder(async (out) => {
      const seen: number[] = [];
      const spoiler: Callback = {
        name: 'spoiler',
        initial: { secret: 1 },
        on(event, _, state) {
          if (event.type === 'step') {
            expect(() => Object.assign(event, { step: -1 })).to.throw(TypeError);
            expect(() => Object.assign(event.metrics, { 'elbo/loss': -1 })).to.throw(TypeError);
          }
          return state;
        },
      };
      const watcher: Callback = {
        name: 'watcher',
        initial: null,
        on(event, _, state) {
          expect(state).to.equal(null);
          if (event.type === 'step') seen.push(event.step);
          return state;
        },
      };
      await tiny({ out, callbacks: [spoiler, watcher], maxSteps: 3 });
      expect(seen).to.deep.equal([1, 2, 3]);
    }));

  it('are refused if two have one name, a state is no JSON, or a checkpoint is kept that is not of now', () =>
    inTemporaryFolder(async (out) => {
      const callback = (name: string, on: Callback['on']): Callback => ({ name, initial: 0, on });
      const same = (_: unknown, __: unknown, state: unknown) => state;
      const refusals: [readonly Callback[], string][] = [
        [[callback('a', same), callback('a', same)], "two callbacks have the name 'a'"],
        [[callback('a', () => Number.NaN)], "the state of callback 'a' is no plain JSON"],
        [[callback('a', () => undefined)], "the state of callback 'a' is no plain JSON"],
        [[callback('a', () => new Map())], "the state of callback 'a' is no plain JSON"],
        [[callback('a', (_, control) => control.keep('best'))], 'keep() is for the events step, validation, epoch'],
      ];
      for (const [callbacks, message] of refusals) {
        expect((await rejection(() => tiny({ out, force: true, callbacks, maxSteps: 1 }))).message).to.include(message);
      }
    }));
});
