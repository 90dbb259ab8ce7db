import { type DataSet, useBackend } from '@onnx-forge/train';
import { type FieldArray, type Split, TrainingBatches } from '@onnx-forge/train/data';
import { CompiledEngine } from '@onnx-forge/train/engine';
import type { Runner } from '../benchmark.js';
import { recipeNamed } from '../recipes.js';
import { workloadData, workloadOptions } from '../workloads.js';
import { nodesOf } from './nodes-of.js';
import type { SpecOf } from './protocol.js';
import { partsOf } from './steps.js';
import { clock, timeCalls } from './timing.js';
import { onnxruntimeVersion } from './versions.js';

/**
 * A recipe with some of its options, in a process that has done nothing else yet: from the trace to the end of the first run of every
 * step; then an iteration, which is the next batch and each step once; and the peak memory of it all.
 */
export async function growing({
  recipe: name,
  id,
  set,
  examples,
  threads,
  budgetMs,
  clock: by,
}: SpecOf<'growth'>): Promise<Runner> {
  const recipe = await recipeNamed(name);
  await useBackend('cpu');
  return {
    version: onnxruntimeVersion(),
    threads,
    async measure() {
      const options = workloadOptions(recipe, set);
      const given = await workloadData(recipe, options);
      const data = examples === undefined ? given : withExamples(given, examples);
      const batches = new TrainingBatches(data.splits.train, { batchSize: options.batchSize, seed: 1 });
      const steps = Object.keys(recipe.steps);
      const { fields } = batches.next();
      const parts = partsOf(recipe, options, data);
      let compiled: CompiledEngine | undefined;
      const compile = await clock(async () => {
        compiled = await CompiledEngine.compile(parts, { batchSize: options.batchSize, device: 'cpu', threads });
        for (const step of steps) await compiled.run(step, fields);
      }, by);
      const engine = compiled!;
      const iteration = async (): Promise<void> => {
        const { fields } = batches.next();
        for (const step of steps) await engine.run(step, fields);
      };
      const { ms } = await timeCalls(iteration, { budgetMs, warmUpMs: budgetMs / 3, clock: by });
      const memory = process.resourceUsage().maxRSS / 1000;
      const models = Object.values(engine.portableSteps());
      const nodes = models.reduce((sum, { bytes }) => sum + nodesOf(bytes), 0);
      await engine.dispose();
      return {
        values: {
          [`${id}/iteration`]: ms,
          [`${id}/memory`]: memory,
          [`${id}/compile`]: compile,
          [`${id}/nodes`]: nodes,
        },
        notes: { [`${id}/compile`]: [`${nodes} nodes of standard operators`] },
      };
    },
    close: async () => {},
  };
}

/** So many training examples, each a copy in memory: the given ones over and over. */
function withExamples(data: DataSet, size: number): DataSet {
  const { train } = data.splits;
  const fields = Object.entries(train.fields).map(([name, field]) => {
    const length = field.shape.reduce((product, n) => product * n, 1);
    const values: FieldArray = new (field.dtype === 'int32' ? Int32Array : Float32Array)(size * length);
    for (let i = 0; i < size; i++) field.read(i % train.size, values, i * length);
    const read = (index: number, out: FieldArray, offset: number): void =>
      out.set(values.subarray(index * length, (index + 1) * length), offset);
    return [name, { ...field, read }] as const;
  });
  const split: Split = { size, fields: Object.fromEntries(fields) };
  return { ...data, splits: { ...data.splits, train: split } };
}
