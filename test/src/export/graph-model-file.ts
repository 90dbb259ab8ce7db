import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tf } from '@onnx-forge/export';

type Attribute = object;

export interface GraphNodeEntry {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: Readonly<Record<string, Attribute>>;
}

/** A number, a list or a matrix of numbers that the graph holds. */
export interface Weight {
  readonly dtype: 'float32' | 'int32';
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

export const type = (name: 'FLOAT' | 'INT32' | 'BOOL'): Attribute => ({ type: `DT_${name}` });
export const int = (value: number): Attribute => ({ i: String(value) });

const dimensions = (shape: readonly number[]) => ({ dim: shape.map((size) => ({ size: String(size) })) });

export const placeholder = (name: string, shape: readonly number[]): GraphNodeEntry => ({
  name,
  op: 'Placeholder',
  attr: { dtype: type('FLOAT'), shape: { shape: dimensions(shape) } },
});

/** One element of a vector: x[i]. `first`, `next` and `one` are names of weights: [i], [i + 1], [1]. */
export const element = (name: string, x: string, first: string, next: string, one: string): GraphNodeEntry => ({
  name,
  op: 'StridedSlice',
  input: [x, first, next, one],
  attr: {
    T: type('INT32'),
    Index: type('INT32'),
    begin_mask: int(0),
    end_mask: int(0),
    ellipsis_mask: int(0),
    new_axis_mask: int(0),
    shrink_axis_mask: int(1),
  },
});

/** A tfjs graph model as the converter writes it, made by hand. */
export class GraphModelFile {
  readonly json: object;
  readonly #bytes: Buffer;

  constructor(
    nodes: readonly GraphNodeEntry[],
    weights: Readonly<Record<string, Weight>>,
    outputs: Readonly<Record<string, string>>,
  ) {
    const inputs = nodes.filter(({ op }) => op === 'Placeholder');
    const constants = Object.entries(weights).map(([name, { dtype }]) => ({
      name,
      op: 'Const',
      attr: { dtype: type(dtype === 'float32' ? 'FLOAT' : 'INT32') },
    }));
    this.json = {
      format: 'graph-model',
      signature: {
        inputs: Object.fromEntries(inputs.map(({ name }) => [name, { name: `${name}:0` }])),
        outputs: Object.fromEntries(Object.entries(outputs).map(([key, name]) => [key, { name }])),
      },
      modelTopology: { node: [...constants, ...nodes], versions: { producer: 1882 } },
      weightsManifest: [
        {
          paths: ['group1-shard1of1.bin'],
          weights: Object.entries(weights).map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
        },
      ],
    };
    this.#bytes = Buffer.concat(
      Object.values(weights).map(({ dtype, values }) =>
        Buffer.from((dtype === 'float32' ? Float32Array : Int32Array).from(values).buffer),
      ),
    );
  }

  /** Writes model.json and its weights into a folder. */
  async save(folder: string): Promise<void> {
    await writeFile(join(folder, 'model.json'), JSON.stringify(this.json));
    await writeFile(join(folder, 'group1-shard1of1.bin'), this.#bytes);
  }

  async load(): Promise<tf.GraphModel> {
    const { weightsManifest, ...rest } = this.json as {
      weightsManifest: [{ weights: tf.io.WeightsManifestEntry[] }];
    };
    const weightData = new Uint8Array(this.#bytes).buffer;
    return tf.loadGraphModel({
      load: async () => ({ ...rest, weightSpecs: weightsManifest[0].weights, weightData }),
    });
  }
}

/**
 * Flattens pictures [n, 2, 2] by their own shape and weighs the pixels: score = flat [n, 4] times [4, 2]. n is free.
 * Its shape is computed in the graph, from `Shape`, as converters write it.
 */
export const SCORES: GraphModelFile = new GraphModelFile(
  [
    placeholder('picture', [-1, 2, 2]),
    { name: 'shape', op: 'Shape', input: ['picture'], attr: { T: type('FLOAT'), out_type: type('INT32') } },
    element('rows', 'shape', 'zero', 'one', 'one'),
    { name: 'flat_shape', op: 'Pack', input: ['rows', 'rest'], attr: { T: type('INT32'), N: int(2), axis: int(0) } },
    {
      name: 'flat',
      op: 'Reshape',
      input: ['picture', 'flat_shape'],
      attr: { T: type('FLOAT'), Tshape: type('INT32') },
    },
    {
      name: 'product',
      op: 'MatMul',
      input: ['flat', 'weights'],
      attr: { T: type('FLOAT'), transpose_a: { b: false }, transpose_b: { b: false } },
    },
  ],
  {
    zero: { dtype: 'int32', shape: [1], values: [0] },
    one: { dtype: 'int32', shape: [1], values: [1] },
    rest: { dtype: 'int32', shape: [], values: [-1] },
    weights: { dtype: 'float32', shape: [4, 2], values: [1, 10, 2, 20, 3, 30, 4, 40] },
  },
  { score: 'product:0' },
);

/** `condition ? 10 x : -x` as tf.cond is converted: Switch sends x to one side, Merge takes what comes from it. */
export function branching(inputs: readonly GraphNodeEntry[], condition: readonly GraphNodeEntry[]): GraphModelFile {
  const float = { T: type('FLOAT') };
  return new GraphModelFile(
    [
      ...inputs,
      ...condition,
      { name: 'switch', op: 'Switch', input: ['x', 'condition'], attr: float },
      { name: 'negative', op: 'Neg', input: ['switch'], attr: float },
      { name: 'large', op: 'Mul', input: ['switch:1', 'ten'], attr: float },
      { name: 'merge', op: 'Merge', input: ['negative', 'large'], attr: { ...float, N: int(2) } },
      { name: 'more', op: 'AddV2', input: ['merge', 'small'], attr: float },
    ],
    {
      zero: { dtype: 'int32', shape: [1], values: [0] },
      one: { dtype: 'int32', shape: [1], values: [1] },
      two: { dtype: 'int32', shape: [], values: [2] },
      nothing: { dtype: 'float32', shape: [], values: [0] },
      ten: { dtype: 'float32', shape: [], values: [10] },
      small: { dtype: 'float32', shape: [], values: [0.5] },
    },
    { y: 'more:0' },
  );
}
