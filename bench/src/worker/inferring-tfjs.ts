import { type GraphInput, inputType, Random } from '@onnx-forge/infer';
import { tf, useBackend } from '@onnx-forge/train';
import { dataFacts } from '@onnx-forge/train/data';
import { seededInitializers } from '@onnx-forge/train/layers';
import type { Runner } from '../benchmark.js';
import { recipeNamed } from '../recipes.js';
import { workloadData, workloadOptions } from '../workloads.js';
import { percentilesOf } from './inferring.js';
import type { SpecOf } from './protocol.js';

/** Tokens of a text; other free sizes are the batch. */
const LENGTH = 20;

/** The same networks run by tfjs: the functions that the run's graphs were exported from, their outputs read. */
export async function inferringTfjs(spec: SpecOf<'inference-tfjs'>): Promise<Runner> {
  const { recipe: name, methods, batches, backend, set } = spec;
  const recipe = await recipeNamed(name);
  await useBackend(backend);
  const options = workloadOptions(recipe, set);
  const data = await workloadData(recipe, options);
  const random = new Random(1);
  const nets = recipe.nets(options, seededInitializers(random), dataFacts(data));
  const { graphs } = recipe.serves(nets, options, dataFacts(data));
  const calls = methods.flatMap((method) =>
    batches.map((batch) => {
      const { inputs, run } = graphs[method]!;
      const given = Object.fromEntries(
        Object.entries(inputs).map(([input, type]) => [input, randomInput(type, batch, random)]),
      );
      const call = async (): Promise<void> => {
        const outputs = tf.tidy(() => ({ ...run(given) }));
        for (const tensor of Object.values(outputs)) await tensor.data();
        tf.dispose(outputs);
      };
      return [`${method}-${batch}`, call] as const;
    }),
  );
  return {
    version: `tfjs ${tf.version.tfjs}`,
    threads: 1,
    measure: () => percentilesOf(name, Object.fromEntries(calls), spec),
    close: async () => {
      for (const net of Object.values(nets)) net.dispose();
    },
  };
}

function randomInput(input: GraphInput, batch: number, random: Random): tf.Tensor {
  const { shape, dtype } = inputType(input);
  const sizes = shape.map((size) => (typeof size === 'number' ? size : size === 'batch' ? batch : LENGTH));
  const count = sizes.reduce((product, size) => product * size, 1);
  const below = 'dtype' in input ? input.below : 1;
  const number = () => (dtype === 'int32' ? random.integer(below) : random.uniform());
  return tf.tensor(Array.from({ length: count }, number), sizes, dtype);
}
