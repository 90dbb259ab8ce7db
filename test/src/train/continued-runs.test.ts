import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { InputError, loadManifest } from '@onnx-forge/infer';
import { type Recipe, type TrainEvent, type TrainRequest, type TrainResult, train } from '@onnx-forge/train';
import { loadCheckpoint } from '@onnx-forge/train/run';
import { expect } from 'chai';
import { rejection } from './rejects.js';
import { inTemporaryFolder, tinyData, tinyRecipe } from './tiny.js';

/** Adam moves each weight by about the learning rate: by nothing, in float32. */
const STILL = { learningRate: 1e-30 };

/** Without the samples on the way: their graphs take longer than the training. */
const recipe: Recipe = { ...tinyRecipe, snapshots: () => ({}) };

const tiny = (request: Partial<TrainRequest> & { out: string }): Promise<TrainResult> =>
  train({ recipe, data: tinyData(), evaluate: false, figures: false, engine: 'eager', ...request });

/** A training that a signal ends after some iterations, with what it had to say: no graph is exported, which takes longest. */
async function stopped(request: Parameters<typeof tiny>[0], after: number): Promise<string[]> {
  const controller = new AbortController();
  const notices: string[] = [];
  await tiny({
    ...request,
    signal: controller.signal,
    onEvent: (event) => {
      if (event.type === 'step' && event.step === after) controller.abort();
      if (event.type === 'notice') notices.push(event.text);
    },
  });
  return notices;
}

const stateOf = async (run: string) => (await loadCheckpoint(run))!.state;
const statusOf = async (run: string) =>
  JSON.parse(await readFile(join(run, 'status.json'), 'utf8')) as Record<string, unknown>;

describe('a run that goes on to another length', () => {
  const cosine = { schedule: 'cosine' };

  it('under a schedule that follows the length is another run: refused, and nothing has changed', () =>
    inTemporaryFolder(async (out) => {
      await stopped({ out, set: cosine, maxSteps: 8 }, 4);
      const before = [await stateOf(out), await readFile(join(out, 'metrics.jsonl'), 'utf8')];
      for (const other of [{ maxSteps: 16 }, { maxSteps: 5 }, { set: { epochs: 2 } }]) {
        const error = await rejection(() => tiny({ out, resume: true, ...other }));
        expect(error.code).to.equal('checkpoint-mismatch');
        expect(error.message).to.match(
          /started for 8 iterations and its cosine schedule .* so (16|5|20) are another run/,
        );
      }
      // (1 + cos(3 pi / 8)) / 2 and (1 + cos(4 pi / 16)) / 2.
      const { message } = await rejection(() => tiny({ out, resume: true, maxSteps: 16 }));
      expect(message).to.match(/--extend, where the learning rate jumps from 0\.691 .* in iteration 4 to 0\.854 .* 5$/);
      expect([await stateOf(out), await readFile(join(out, 'metrics.jsonl'), 'utf8')]).to.deep.equal(before);
    }));

  it('does so with extend, and the run says so from then on', () =>
    inTemporaryFolder(async (out) => {
      await stopped({ out, set: cosine, maxSteps: 8 }, 2);
      const [notice] = await stopped({ out, resume: true, extend: true, maxSteps: 4 }, 3);
      expect(notice).to.match(/extended from 8 to 4 iterations: .*will not be those of 4 iterations in one go/);
      // It is a run of 4 iterations now.
      expect(await stopped({ out, resume: true }, 99)).to.deep.equal([]);
      const { steps, extended } = await loadManifest(out);
      const [last, next] = [(1 + Math.cos(Math.PI / 8)) / 2, (1 + Math.cos(Math.PI / 2)) / 2];
      expect([steps, extended]).to.deep.equal([4, [{ after: 2, from: 8, to: 4, last, next }]]);
    }));

  it('keeps its length where none is given, and is then the same as in one go, bit for bit', () =>
    inTemporaryFolder(async (folder) => {
      const [whole, parts] = [join(folder, 'whole'), join(folder, 'parts')];
      await stopped({ out: whole, set: cosine, maxSteps: 8 }, 6);
      await stopped({ out: parts, set: cosine, maxSteps: 8 }, 3);
      await stopped({ out: parts, resume: true }, 6);
      expect(await stateOf(parts)).to.deep.equal(await stateOf(whole));
    }));

  it('is the same run where the schedule does not follow the length', () =>
    inTemporaryFolder(async (folder) => {
      const [whole, parts] = [join(folder, 'whole'), join(folder, 'parts')];
      const step = { schedule: 'step', decayEpochs: 1, warmupSteps: 3 };
      await stopped({ out: whole, set: step, maxSteps: 14 }, 8);
      await stopped({ out: parts, set: step, maxSteps: 7 }, 5);
      expect(await stopped({ out: parts, resume: true, maxSteps: 14 }, 8)).to.deep.equal([]);
      expect(await stateOf(parts)).to.deep.equal(await stateOf(whole));
    }));
});

describe('a run that begins with the weights of another one', () => {
  const networks = (state: Awaited<ReturnType<typeof stateOf>>) =>
    Object.fromEntries(Object.entries(state).filter(([name]) => /^(en|de)coder\//.test(name)));

  for (const engine of ['eager', 'compiled'] as const) {
    it(`has all of them, a new optimizer, and that run's settings as defaults: ${engine}`, () =>
      inTemporaryFolder(async (folder) => {
        const [first, second] = [join(folder, 'first'), join(folder, 'second')];
        await stopped({ out: first, engine, set: { latentDim: 3 }, seed: 5 }, 6);
        // The engine is that run's, too.
        const request = { recipe, data: tinyData(), out: second, from: first, set: STILL, maxSteps: 1 };
        const notices: string[] = [];
        const onEvent = (event: TrainEvent) => event.type === 'notice' && notices.push(event.text);
        await train({ ...request, evaluate: false, figures: false, onEvent });
        expect(notices[0]).to.match(
          /^begins with all 8 weights of .*first \(tiny, iteration 6\): encoder 4, decoder 4; /,
        );
        const source = networks(await stateOf(first));
        expect(networks(await stateOf(second))).to.deep.equal(source);
        const manifest = await loadManifest(second);
        const { options, seed } = manifest;
        expect([options.latentDim, options.learningRate, seed, manifest.engine]).to.deep.equal([3, 1e-30, 5, engine]);
        const hash = createHash('sha256');
        for (const [name, { data }] of Object.entries(source).sort(([one], [other]) => (one < other ? -1 : 1))) {
          hash.update(name).update(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
        }
        const origin = { run: resolve(first), recipe: 'tiny', step: 6, sha256: hash.digest('hex'), anew: [] };
        expect(manifest.from).to.deep.equal(origin);
      }));
  }

  it('refuses weights of other shapes by name; others than those that are left out are taken', () =>
    inTemporaryFolder(async (folder) => {
      const [first, second, fresh] = [join(folder, 'first'), join(folder, 'second'), join(folder, 'fresh')];
      await stopped({ out: first }, 6);
      const wide = { out: second, from: first, set: { latentDim: 3, ...STILL } };
      const error = await rejection(() => tiny(wide));
      expect(error.code).to.equal('weights-unfit');
      const says = /^'encoder\/1\/kernel' is \[8,4\] in .*first and \[8,6\] here \(and 2 more do not fit\)/;
      expect(error.message).to.match(says);
      const offered = /--from-except '(.*)'$/.exec(error.message)![1]!;
      const [notice] = await stopped({ ...wide, fromExcept: offered }, 1);
      const taken = /^begins with 5 of 8 weights .*anew: encoder\/1\/kernel, encoder\/1\/bias, decoder\/0\/kernel;/;
      expect(notice).to.match(taken);
      await stopped({ out: fresh, set: wide.set }, 1);
      const [source, started, begun] = [await stateOf(first), await stateOf(second), await stateOf(fresh)];
      for (const name of Object.keys(networks(begun))) {
        const expected = offered.split(',').includes(name) ? begun[name]! : source[name]!;
        for (const [i, value] of expected.data.entries()) {
          // A bias is 0 at first, and one step moves it by the learning rate.
          expect(started[name]!.data[i], name).to.be.closeTo(value, 1e-20);
        }
      }
      expect((await loadCheckpoint(second))?.from?.anew).to.have.length(3);
    }));

  it('takes the averages of a run that has them, which are what it exports', () =>
    inTemporaryFolder(async (folder) => {
      const [first, second] = [join(folder, 'first'), join(folder, 'second')];
      await stopped({ out: first, set: { averaging: 0.5 } }, 6);
      const [notice] = await stopped({ out: second, from: first, set: { averaging: 0, ...STILL } }, 1);
      expect(notice).to.include('its running averages');
      const [source, started] = [await stateOf(first), await stateOf(second)];
      expect(started['encoder/0/kernel']).to.deep.equal(source['average/encoder/0/kernel']);
      expect(started['encoder/0/kernel']).not.to.deep.equal(source['encoder/0/kernel']);
    }));

  it('refuses a pattern that fits nothing or everything, a run without checkpoint, and itself', () =>
    inTemporaryFolder(async (folder) => {
      const [first, out] = [join(folder, 'first'), join(folder, 'second')];
      await stopped({ out: first }, 2);
      const cases: [Partial<TrainRequest>, RegExp][] = [
        [{ from: first, fromExcept: 'encodr/*' }, /'encodr\/\*' fits no weight; weights: encoder\/0\/kernel/],
        [{ from: first, fromExcept: '*' }, /leaves out all 8 weights/],
        [{ from: join(folder, 'none') }, /there is no run folder .*none/],
        [{ from: out }, /is the run folder itself/],
      ];
      for (const [request, says] of cases) {
        const error = await rejection(() => tiny({ out, ...request }));
        expect(error.code).to.equal('weights-unfit');
        expect(error.message).to.match(says);
      }
    }));

  it('goes on as itself: its origin stays, and another one is refused', () =>
    inTemporaryFolder(async (folder) => {
      const [first, second, whole] = [join(folder, 'first'), join(folder, 'second'), join(folder, 'whole')];
      await stopped({ out: first }, 2);
      await stopped({ out: whole, from: first }, 6);
      await stopped({ out: second, from: first }, 3);
      const error = await rejection(() => tiny({ out: second, resume: true, from: whole }));
      expect(error.message).to.match(/second began from .*first, not from .*whole/);
      await stopped({ out: second, resume: true, from: first }, 6);
      expect(await stateOf(second)).to.deep.equal(await stateOf(whole));
      expect((await loadCheckpoint(second))?.from).to.deep.equal((await loadCheckpoint(whole))?.from);
    }));
});

describe('status.json', () => {
  it('says how the training stands: running, interrupted, finished', () =>
    inTemporaryFolder(async (out) => {
      const seen: unknown[] = [];
      const controller = new AbortController();
      let reading: Promise<unknown> = Promise.resolve();
      await tiny({
        out,
        maxSteps: 6,
        signal: controller.signal,
        onEvent: (event) => {
          if (event.type !== 'step' || event.step !== 2) return;
          reading = statusOf(out).then(({ state }) => seen.push(state));
          controller.abort();
        },
      });
      await reading;
      seen.push((await statusOf(out)).state);
      await tiny({ out, resume: true });
      const { state, recipe: name, steps, device, error } = await statusOf(out);
      seen.push(state);
      expect(seen).to.deep.equal(['running', 'interrupted', 'finished']);
      expect([name, steps, device, error]).to.deep.equal(['tiny', 6, 'tfjs-cpu', undefined]);
    }));

  it('has the error of a training that failed, and of a finished one whose evaluation did', () =>
    inTemporaryFolder(async (folder) => {
      const [out, other] = [join(folder, 'one'), join(folder, 'other')];
      await rejection(() => tiny({ out, set: { learningRate: 1e30 } }));
      expect(await statusOf(out))
        .to.include({ state: 'failed' })
        .and.to.have.nested.property('error.code', 'not-finite');
      const evaluate = async () => {
        throw new InputError('no judge');
      };
      await rejection(() => tiny({ out: other, maxSteps: 2, evaluate: true, recipe: { ...recipe, evaluate } }));
      const error = { code: 'bad-input', message: 'no judge' };
      expect(await statusOf(other)).to.deep.include({ state: 'finished', error });
    }));
});
