import { InputError } from '@onnx-forge/infer';
import { type Recipe, readLog, train } from '@onnx-forge/train';
import { TrainingBatches } from '@onnx-forge/train/data';
import { loadCheckpoint } from '@onnx-forge/train/run';
import { expect } from 'chai';
import { inTemporaryFolder, tinyData, tinyRecipe } from './tiny.js';

/** The step of the tiny recipe, `times` in each iteration. */
function repeating(times: number): Recipe {
  const { elbo } = tinyRecipe.steps;
  return { ...tinyRecipe, steps: { elbo: { ...elbo!, times: () => times } } };
}

const quick = { data: tinyData(), evaluate: false, figures: false, device: 'cpu' } as const;

describe('steps that run several times in an iteration', () => {
  it('take a new batch every time: three times make a third of the iterations, and the same updates', () =>
    inTemporaryFolder((one) =>
      inTemporaryFolder(async (three) => {
        // 10 batches an epoch: 3 iterations of 3 batches, the last batch is dropped.
        const result = await train({ ...quick, recipe: repeating(3), out: three, set: { epochs: 1 } });
        expect(result).to.include({ steps: 3, epochs: 1 });
        await train({ ...quick, recipe: tinyRecipe, out: one, maxSteps: 9 });
        const weights = async (run: string) => (await loadCheckpoint(run))!.state;
        expect(await weights(three)).to.deep.equal(await weights(one));
      }),
    ));

  it('report the mean over their times', () =>
    inTemporaryFolder((one) =>
      inTemporaryFolder(async (three) => {
        await train({ ...quick, recipe: repeating(3), out: three, maxSteps: 1, logEvery: 1 });
        await train({ ...quick, recipe: tinyRecipe, out: one, maxSteps: 3, logEvery: 3 });
        const loss = async (run: string) => (await readLog(`${run}/metrics.jsonl`))[0]!.metrics['elbo/loss'];
        expect(await loss(three)).to.equal(await loss(one));
      }),
    ));

  it('go on after an interruption as if there had been none', () =>
    inTemporaryFolder((whole) =>
      inTemporaryFolder(async (parts) => {
        const recipe = repeating(3);
        await train({ ...quick, recipe, out: whole, maxSteps: 5 });
        await train({ ...quick, recipe, out: parts, maxSteps: 2 });
        await train({ ...quick, recipe, out: parts, maxSteps: 5, resume: true });
        const [one, other] = [(await loadCheckpoint(whole))!, (await loadCheckpoint(parts))!];
        expect(other.position).to.deep.equal(one.position);
        expect(other.state).to.deep.equal(one.state);
      }),
    ));

  it('need enough examples for one iteration', () => {
    const { train: split } = tinyData().splits;
    const make = () => new TrainingBatches(split, { batchSize: 20, seed: 1, group: 5 });
    expect(make).to.throw(InputError, "an iteration of 5 batches of 20 can't be filled from 80 training examples");
  });
});
