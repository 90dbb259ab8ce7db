import { Random } from '@onnx-forge/infer';
import { type DataSet, type Recipe, tf, useBackend } from '@onnx-forge/train';
import { dataFacts, type FieldArray, TrainingBatches } from '@onnx-forge/train/data';
import { CompiledEngine, EagerEngine, type EngineOptions, WeightAverages } from '@onnx-forge/train/engine';
import { seededInitializers } from '@onnx-forge/train/layers';
import type { Reading, Runner } from '../benchmark.js';
import { recipeNamed } from '../recipes.js';
import type { NoNumber } from '../report/result.js';
import { workloadData, workloadOptions } from '../workloads.js';
import { project, SMALL_BATCHES } from './projection.js';
import type { SpecOf } from './protocol.js';
import { clock, timeCalls } from './timing.js';
import { onnxruntimeVersion } from './versions.js';

/** A step longer than this is projected from {@link SMALL_BATCHES}. */
const PATIENCE_MS = 20_000;

/**
 * Whole training steps of a recipe with the options of its workload: random numbers, loss, gradients, update, running
 * averages where it has them, and the metrics back in JavaScript. The batch is ready before: reading data is no part of the step.
 */
export async function steps({
  recipe: name,
  engine: kind,
  threads,
  budgetMs,
  clock: by,
}: SpecOf<'steps'>): Promise<Runner> {
  const recipe = await recipeNamed(name);
  await useBackend(kind === 'compiled' ? 'cpu' : kind);
  const open = (batchSize: number): Promise<Steps> => openSteps(recipe, kind === 'compiled', threads, batchSize);
  const { batchSize } = workloadOptions(recipe);
  const whole = await open(batchSize);
  const small = kind === 'cpu' ? [await open(SMALL_BATCHES[0]), await open(SMALL_BATCHES[1])] : [];
  let first = true;

  /** The time of a step; projected when it is too long to wait for. */
  const measureStep = async (step: string): Promise<{ ms: number; slow: boolean; note?: string }> => {
    if (first && small.length === 2) {
      await small[0]!.run(step); // the JavaScript compiler warms up
      const times = [await clock(() => small[0]!.run(step)), await clock(() => small[1]!.run(step))] as const;
      const ms = project(SMALL_BATCHES, times, batchSize);
      if (ms > PATIENCE_MS) return { ms, slow: true, note: `projected from batches of ${SMALL_BATCHES.join(' and ')}` };
    }
    return timeCalls(() => whole.run(step), { budgetMs, warmUpMs: first ? 500 : 100, clock: by });
  };

  return {
    version: kind === 'compiled' ? onnxruntimeVersion() : `tfjs ${tf.version.tfjs}`,
    // The JavaScript backend has no threads, and tfjs starts no WebAssembly threads in Node.
    threads: kind === 'cpu' || kind === 'wasm' ? 1 : threads,
    async measure(): Promise<Reading> {
      const values: Record<string, number | NoNumber> = {};
      const notes: Record<string, string[]> = {};
      let last = false;
      for (const step of Object.keys(recipe.steps)) {
        const id = `${name}/step/${step}`;
        try {
          const { ms, slow, note } = await measureStep(step);
          values[id] = ms;
          if (note !== undefined) notes[id] = [note];
          last ||= slow;
        } catch (error) {
          values[id] = missingKernel(error);
        }
      }
      first = false;
      return { values, notes, last };
    },
    close: () => whole.dispose(),
  };
}

export interface Steps {
  run(step: string): Promise<unknown>;
  /** Of each compiled step; none of eager ones. */
  multiplyAdds(): Readonly<Record<string, number>>;
  dispose(): Promise<void>;
}

/** A recipe's steps on networks of their own, with a batch of the embedded data. */
export async function openSteps(recipe: Recipe, compiled: boolean, threads: number, batchSize: number): Promise<Steps> {
  const options = workloadOptions(recipe, { batchSize });
  const data = await workloadData(recipe, options);
  const parts = partsOf(recipe, options, data);
  const engine = compiled
    ? await CompiledEngine.compile(parts, { batchSize, device: 'cpu', threads })
    : new EagerEngine(parts);
  const batch: Readonly<Record<string, FieldArray>> = new TrainingBatches(data.splits.train, {
    batchSize,
    seed: 1,
  }).next().fields;
  return {
    run: (step) => engine.run(step, batch),
    multiplyAdds: () => (engine instanceof CompiledEngine ? engine.multiplyAdds() : {}),
    dispose: () => engine.dispose(),
  };
}

type Options = ReturnType<typeof workloadOptions>;

/** New networks of a recipe, and what else its engines need. */
export function partsOf(recipe: Recipe, options: Options, data: DataSet): EngineOptions {
  const random = new Random(1);
  const makeNets = () => recipe.nets(options, seededInitializers(random.fork('weights')), dataFacts(data));
  const nets = makeNets();
  const averages = options.averaging > 0 ? new WeightAverages(nets, makeNets(), options.averaging) : undefined;
  return { recipe, nets, averages, options, random: random.fork('steps') };
}

/** tfjs's backends lack kernels; any other error is rethrown. */
function missingKernel(error: unknown): NoNumber {
  const [, kernel] = /Kernel '(\w+)' not registered/.exec(error instanceof Error ? error.message : '') ?? [];
  if (kernel === undefined) throw error;
  const reason = /^Conv.*Backprop/.test(kernel) ? `can't train convolutions (no ${kernel})` : `no ${kernel}`;
  return { status: 'cannot', reason };
}
