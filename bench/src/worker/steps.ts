import { Random } from '@onnx-forge/infer';
import {
  CompiledEngine,
  EagerEngine,
  type Engine,
  recipeData,
  recipeOptions,
  seededInitializers,
  TrainingBatches,
  tf,
  useBackend,
} from '@onnx-forge/train';
import type { Reading, Runner } from '../benchmark.js';
import { recipeNamed } from '../recipes.js';
import type { NoNumber } from '../report/result.js';
import type { SpecOf } from './protocol.js';
import { timeCalls } from './timing.js';
import { onnxruntimeVersion } from './versions.js';

/**
 * Whole training steps of a recipe with its default options: random numbers, loss, gradients, update, and the metrics
 * back in JavaScript. The batch is ready before: reading data is no part of the step.
 */
export async function steps({ recipe: name, engine: kind, threads, budgetMs }: SpecOf<'steps'>): Promise<Runner> {
  const recipe = await recipeNamed(name);
  await useBackend(kind === 'compiled' ? 'cpu' : kind);
  const options = recipeOptions(recipe);
  const { batchSize } = options;
  const random = new Random(1);
  const nets = recipe.nets(options, seededInitializers(random.fork('weights')));
  const parts = { recipe, nets, options, random: random.fork('steps') };
  const engine: Engine =
    kind === 'compiled'
      ? await CompiledEngine.compile(parts, { batchSize, device: 'cpu', threads })
      : new EagerEngine(parts);
  const data = await recipeData(recipe, { data: 'embedded' });
  const batch = new TrainingBatches(data.splits.train, { batchSize, seed: 1 }).next().fields;
  let warmUpMs = 500;
  return {
    version: kind === 'compiled' ? onnxruntimeVersion() : `tfjs ${tf.version.tfjs}`,
    // The JavaScript backend has no threads, and tfjs starts no WebAssembly threads in Node.
    threads: kind === 'cpu' || kind === 'wasm' ? 1 : threads,
    async measure(): Promise<Reading> {
      const values: Record<string, number | NoNumber> = {};
      let last = false;
      for (const step of Object.keys(recipe.steps)) {
        const id = `${name}/step/${step}`;
        try {
          const { ms, slow } = await timeCalls(() => engine.run(step, batch), { budgetMs, warmUpMs });
          values[id] = ms;
          last ||= slow;
        } catch (error) {
          values[id] = missingKernel(error);
        }
      }
      warmUpMs = 100;
      return { values, last };
    },
    close: () => engine.dispose(),
  };
}

/** tfjs's backends lack kernels; any other error is rethrown. */
function missingKernel(error: unknown): NoNumber {
  const [, kernel] = /Kernel '(\w+)' not registered/.exec(error instanceof Error ? error.message : '') ?? [];
  if (kernel === undefined) throw error;
  const reason = /^Conv.*Backprop/.test(kernel) ? `can't train convolutions (no ${kernel})` : `no ${kernel}`;
  return { status: 'cannot', reason };
}
