import { exportOnnx, families, tf } from '@onnx-forge/export';
import { openSession, Random, sizeOf, type Tensor } from '@onnx-forge/infer';
import { recipes } from '@onnx-forge/models';
import { dataFacts } from '@onnx-forge/train/data';
import { CompiledEngine } from '@onnx-forge/train/engine';
import type { GraphInput } from '@onnx-forge/train/kinds';
import { seededInitializers } from '@onnx-forge/train/layers';
import { recipeData, recipeOptions } from '@onnx-forge/train/recipe';
import { inputsOf } from '../../export/case-inputs.js';

/** A graph with inputs and what it must give. */
export interface ExportedGraph {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly expected: Readonly<Record<string, Tensor>>;
  /** Largest error allowed, relative to the number or to 1, whichever is larger. */
  readonly tolerance: number;
}

type Traced = (inputs: Record<string, tf.Tensor>) => Record<string, tf.Tensor>;

/** Every case of every lowering, beside tfjs's cpu backend; those that are complex or strings have no graph. */
export async function* loweringCases(): AsyncGenerator<ExportedGraph> {
  for (const [family, lowerings] of Object.entries(families)) {
    for (const { kernel, cases } of lowerings) {
      for (const testCase of cases) {
        const tensors = inputsOf(testCase);
        const run: Traced = (inputs) => {
          const results = [testCase.run(inputs)].flat().map((result, i) => [`output_${i}`, result] as const);
          return Object.fromEntries(results);
        };
        const expected = tf.tidy(() => run(tensors));
        if (Object.values(expected).some(({ dtype }) => dtype === 'complex64' || dtype === 'string')) continue;
        const signature = Object.entries(tensors).map(([name, { shape, dtype }]) => {
          return [name, { shape, dtype: dtype as 'float32' }] as const;
        });
        const { bytes } = exportOnnx(run, { inputs: Object.fromEntries(signature) });
        const name = `${family}/${kernel}, ${testCase.name}`;
        const tolerance = testCase.tolerance ?? 1e-5;
        yield { name, bytes, inputs: await read(tensors), expected: await read(expected), tolerance };
        tf.dispose([tensors, expected]);
      }
    }
  }
}

/** The recipes' inference graphs beside tfjs, and their training steps beside onnxruntime-node. */
export async function* recipeGraphs(): AsyncGenerator<ExportedGraph> {
  const tolerance = 1e-4;
  for (const [recipeName, open] of Object.entries(recipes)) {
    const recipe = (await open()).default;
    const options = recipeOptions(recipe, { set: { batchSize: 4 } });
    const facts = dataFacts(await recipeData(recipe, { data: 'embedded', options }));
    const nets = recipe.nets(options, seededInitializers(new Random(1)), facts);
    for (const [graph, { inputs: ports, run }] of Object.entries(recipe.serves(nets, options, facts).graphs)) {
      const random = new Random(2);
      const signature = Object.entries(ports).map(([name, input]) => [name, typeOf(input)] as const);
      const inputs = Object.fromEntries(
        Object.entries(ports).map(([name, input]) => [name, sample(input, random)] as const),
      );
      const traced: Traced = (tensors) => ({ ...run(tensors) });
      const { bytes } = exportOnnx(traced, { inputs: Object.fromEntries(signature) });
      const results = tf.tidy(() => traced(write(inputs)));
      yield { name: `${recipeName}/${graph}`, bytes, inputs, expected: await read(results), tolerance };
      tf.dispose(results);
    }
    const parts = { recipe, nets, options, random: new Random(1) };
    const engine = await CompiledEngine.compile(parts, { batchSize: 4, device: 'cpu' });
    for (const [step, { bytes }] of Object.entries(engine.portableSteps())) {
      await using session = await openSession(bytes, { device: 'cpu', optimization: 'basic' });
      const random = new Random(3);
      const state = await engine.state();
      const inputs = Object.fromEntries(
        Object.entries(session.inputs).map(([name, { dtype: type, shape }]) => {
          const weight = name.startsWith('slot/') ? undefined : state[name];
          if (weight) return [name, { type, dims: shape, data: weight.data } as Tensor] as const;
          // Optimizers' moments must not be 0: a step would be the sign of a gradient's rounding error.
          const numbers = Array.from({ length: sizeOf(shape as number[]) }, () => 0.01 + 0.1 * random.uniform());
          const data = type === 'float32' ? Float32Array.from(numbers) : new Int32Array(numbers.length);
          return [name, { type, dims: shape, data } as Tensor] as const;
        }),
      );
      const expected = await session.run(inputs);
      yield { name: `${recipeName}/step-${step}`, bytes, inputs, expected, tolerance };
    }
    await engine.dispose();
    for (const net of Object.values(nets)) net.dispose();
  }
}

/** Free dimensions have this size. */
const FREE_SIZE = 3;

function typeOf(input: GraphInput) {
  return 'dtype' in input ? { shape: input.shape, dtype: input.dtype } : { shape: input };
}

function sample(input: GraphInput, random: Random): Tensor {
  const { shape } = typeOf(input);
  const dims = shape.map((n) => (typeof n === 'number' ? n : FREE_SIZE));
  const length = sizeOf(dims);
  if (!('dtype' in input)) {
    return { type: 'float32', dims, data: Float32Array.from({ length }, () => random.uniform()) };
  }
  const data = Int32Array.from({ length }, () => random.integer(input.below));
  return { type: input.dtype, dims, data } as Tensor;
}

function write(inputs: Readonly<Record<string, Tensor>>): Record<string, tf.Tensor> {
  const tensors = Object.entries(inputs).map(([name, { type, dims, data }]) => {
    return [name, tf.tensor(data as Float32Array, [...dims], type as 'float32')] as const;
  });
  return Object.fromEntries(tensors);
}

async function read(tensors: Readonly<Record<string, tf.Tensor>>): Promise<Record<string, Tensor>> {
  const list = Object.entries(tensors).map(async ([name, tensor]) => {
    const values = await tensor.data();
    // tfjs's cpu backend casts between dtypes without converting the array.
    const kind = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }[tensor.dtype as 'float32'];
    const data = kind.from(values);
    return [name, { type: tensor.dtype, dims: tensor.shape, data } as Tensor] as const;
  });
  return Object.fromEntries(await Promise.all(list));
}
