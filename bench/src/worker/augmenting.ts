import { Random } from '@onnx-forge/infer';
import { tf, useBackend } from '@onnx-forge/train';
import { TrainingBatches } from '@onnx-forge/train/data';
import type { Runner } from '../benchmark.js';
import { recipeNamed } from '../recipes.js';
import { workloadData, workloadOptions } from '../workloads.js';
import type { SpecOf } from './protocol.js';
import { openSteps } from './steps.js';
import { timeCalls } from './timing.js';

/**
 * The augmentation of a recipe's batches: images a second (every view counts), and its part of an iteration: augmentation
 * and the recipe's compiled steps, one after the other, as the trainer has them.
 */
export async function augmenting({ recipe: name, threads, budgetMs }: SpecOf<'augment'>): Promise<Runner> {
  const recipe = await recipeNamed(name);
  await useBackend('cpu');
  const options = workloadOptions(recipe);
  const { batchSize } = options;
  const changes = Object.entries(recipe.batch(options)).flatMap(([input, { augment }]) =>
    augment ? [[input, augment] as const] : [],
  );
  if (changes.length === 0) throw new TypeError(`recipe '${name}' augments nothing`);
  const { train } = (await workloadData(recipe, options)).splits;
  const { fields } = new TrainingBatches(train, { batchSize, seed: 1 }).next();
  const random = new Random(1);
  const inputs = changes.map(([input, augment]) => ({
    augment,
    original: fields[input]!.slice(),
    view: fields[input]!,
  }));
  const augmentBatch = (): void => {
    for (const { augment, original, view } of inputs) {
      view.set(original);
      const size = view.length / batchSize;
      for (let row = 0; row < batchSize; row++) augment(view.subarray(row * size, (row + 1) * size), random);
    }
  };
  const engine = await openSteps(recipe, true, threads, batchSize);
  const [rate, share] = [`${name}/augmentation/rate`, `${name}/augmentation/share`];
  const images = changes.length * batchSize;
  return {
    version: `tfjs ${tf.version.tfjs}`,
    threads: 1,
    async measure() {
      const time = (call: () => unknown) => timeCalls(async () => call(), { budgetMs, warmUpMs: 200 });
      const { ms } = await time(augmentBatch);
      let steps = 0;
      for (const step of Object.keys(recipe.steps)) steps += (await time(() => engine.run(step))).ms;
      const fact = `${images} views ${ms.toFixed(1)} ms, steps ${steps.toFixed(1)} ms`;
      return {
        values: { [rate]: images / (ms / 1000), [share]: (100 * ms) / (ms + steps) },
        notes: { [share]: [fact] },
      };
    },
    close: () => engine.dispose(),
  };
}
