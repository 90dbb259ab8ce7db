import { type ExportableFunction, exportOnnx, type OnnxExport, type Signature, tf, verify } from '@onnx-forge/export';
import { openSession, Random, sizeOf, type Tensor } from '@onnx-forge/infer';
import { assert } from 'chai';
import onnxProto from 'onnx-proto';

const seeded = (seed: number) => tf.initializers.randomUniform({ minval: -0.7, maxval: 0.7, seed });
const weights = { kernelInitializer: seeded(1), recurrentInitializer: seeded(2), biasInitializer: seeded(3) };
const cells = {
  lstm: (args: object) => tf.layers.lstm({ units: 3, ...weights, ...args }),
  gru: (args: object) => tf.layers.gru({ units: 3, ...weights, ...args }),
  simpleRNN: (args: object) => tf.layers.simpleRNN({ units: 3, ...weights, ...args }),
};

/** A model over [batch, any, 2]. */
const over = (...layers: ((x: tf.SymbolicTensor) => tf.SymbolicTensor | tf.SymbolicTensor[])[]): tf.LayersModel => {
  const series = tf.input({ shape: [null, 2], name: 'series' });
  let x: tf.SymbolicTensor | tf.SymbolicTensor[] = series;
  for (const layer of layers) x = layer(x as tf.SymbolicTensor);
  return tf.model({ inputs: series, outputs: x });
};
const applied =
  (layer: tf.layers.Layer) =>
  (x: tf.SymbolicTensor): tf.SymbolicTensor =>
    layer.apply(x) as tf.SymbolicTensor;
const stackedCells = () => [
  tf.layers.lstmCell({ units: 4, ...weights }),
  tf.layers.gruCell({ units: 3, ...weights }),
  tf.layers.simpleRNNCell({ units: 2, ...weights }),
];

/** h' = tanh(x + h / 2), and an output that is no state. */
class LeakyCell extends tf.layers.Layer {
  readonly stateSize = 2;
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor[] {
    const [x, h] = inputs as [tf.Tensor, tf.Tensor];
    const next = tf.tanh(tf.add(x, tf.div(h, 2)));
    return [tf.square(next), next];
  }
  static className = 'LeakyCell';
}

/** Does something else at every other step. */
class CountingCell extends LeakyCell {
  #calls = 0;
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor[] {
    this.#calls++;
    const [output, state] = super.call(inputs) as [tf.Tensor, tf.Tensor];
    return this.#calls % 2 === 1 ? [output, state] : [tf.mul(output, 2), state];
  }
}

/** Models over sequences of any length, with the number of Scans that they become. */
const MODELS: Record<string, { readonly model: () => tf.LayersModel; readonly scans: number }> = {
  ...Object.fromEntries(
    Object.entries(cells).flatMap(([name, layer]) => [
      [`${name}, last`, { model: () => over(applied(layer({}))), scans: 1 }],
      [`${name}, sequences`, { model: () => over(applied(layer({ returnSequences: true }))), scans: 1 }],
      [`${name}, backwards`, { model: () => over(applied(layer({ goBackwards: true }))), scans: 1 }],
      [
        `${name}, masked`,
        {
          model: () => over(applied(tf.layers.masking({ maskValue: 0.5 })), applied(layer({ returnSequences: true }))),
          scans: 1,
        },
      ],
    ]),
  ),
  'lstm, backwards, masked, sequences': {
    model: () =>
      over(
        applied(tf.layers.masking({ maskValue: 0.5 })),
        applied(cells.lstm({ returnSequences: true, goBackwards: true })),
      ),
    scans: 1,
  },
  'lstm, other activations, no bias': {
    model: () => over(applied(cells.lstm({ activation: 'relu', recurrentActivation: 'sigmoid', useBias: false }))),
    scans: 1,
  },
  'lstm with dropout, which inference leaves out': {
    model: () => over(applied(cells.lstm({ dropout: 0.5, recurrentDropout: 0.5 }))),
    scans: 1,
  },
  'lstm, one unit': { model: () => over(applied(cells.lstm({ units: 1 }))), scans: 1 },
  'lstm, its states': {
    model: () => over((x) => cells.lstm({ returnState: true }).apply(x) as tf.SymbolicTensor[]),
    scans: 1,
  },
  'gru, sequences and its state': {
    model: () => over((x) => cells.gru({ returnState: true, returnSequences: true }).apply(x) as tf.SymbolicTensor[]),
    scans: 1,
  },
  ...Object.fromEntries(
    (['concat', 'sum', 'mul', 'ave'] as const).map((mergeMode, i) => {
      const returnSequences = i % 2 === 0;
      const model = () =>
        over(applied(tf.layers.bidirectional({ layer: cells.gru({ returnSequences }) as tf.RNN, mergeMode })));
      return [`bidirectional, ${mergeMode}, ${returnSequences ? 'sequences' : 'last'}`, { model, scans: 2 }];
    }),
  ),
  'two layers': {
    model: () => over(applied(cells.lstm({ returnSequences: true })), applied(cells.gru({}))),
    scans: 2,
  },
  'stacked cells': { model: () => over(applied(tf.layers.rnn({ cell: stackedCells() }))), scans: 1 },
  'stacked cells, sequences and states': {
    model: () =>
      over(
        (x) =>
          tf.layers
            .rnn({ cell: stackedCells(), returnSequences: true, returnState: true })
            .apply(x) as tf.SymbolicTensor[],
      ),
    scans: 1,
  },
  'a cell of one’s own, whose output is no state': {
    model: () => over(applied(tf.layers.rnn({ cell: new LeakyCell({}) as never }))),
    scans: 1,
  },
  'the same layer twice': {
    model: () => {
      const layer = cells.simpleRNN({ units: 2, returnSequences: true });
      return over(applied(layer), applied(layer));
    },
    scans: 2,
  },
  'a dense layer at every step': {
    model: () => over(applied(tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 3, ...dense }) }))),
    scans: 1,
  },
  'a state that comes from another sequence': {
    model: () => {
      const series = tf.input({ shape: [null, 2], name: 'series' });
      const [, h, c] = cells.lstm({ returnState: true }).apply(series) as tf.SymbolicTensor[];
      const decoder = cells.lstm({ returnSequences: true });
      const output = decoder.apply(series, { initialState: [h, c] }) as tf.SymbolicTensor;
      return tf.model({ inputs: series, outputs: output });
    },
    scans: 2,
  },
};
const dense = { kernelInitializer: seeded(4) };

/** Numbers of both signs; some steps are all 0.5, which is what masks look for. */
function fed(dims: readonly number[], random: Random): Tensor {
  const data = Float32Array.from({ length: sizeOf(dims) }, () => random.normal());
  const width = dims.at(-1)!;
  for (let i = 0; i < data.length; i += width) if (random.integer(3) === 0) data.fill(0.5, i, i + width);
  return { type: 'float32', dims, data };
}

const nodesOf = ({ bytes }: OnnxExport) => onnxProto.onnx.ModelProto.decode(bytes).graph!.node!;
const scansOf = (exported: OnnxExport): number => nodesOf(exported).filter(({ opType }) => opType === 'Scan').length;

/** Largest difference from tfjs, over the given shapes of the input. */
async function compare(exported: OnnxExport, model: tf.LayersModel, shapes: readonly (readonly number[])[]) {
  const random = new Random(7);
  const session = await openSession(exported.bytes, { device: 'cpu' });
  const [input] = Object.keys(exported.inputs) as [string];
  for (const shape of shapes) {
    const x = fed(shape, random);
    const results = await session.run({ [input]: x });
    tf.tidy(() => {
      const expected = [model.predict(tf.tensor(x.data as Float32Array, [...shape]))].flat();
      for (const [i, name] of Object.keys(exported.outputs).entries()) {
        assert.deepEqual([...results[name]!.dims], expected[i]!.shape, `${name} of [${shape}]`);
        const numbers = expected[i]!.dataSync();
        for (const [j, value] of results[name]!.data.entries()) {
          assert.closeTo(Number(value), numbers[j]!, 1e-5, `${name}[${j}] of [${shape}]`);
        }
      }
    });
  }
  await session.dispose();
}

const SHAPES = Array.from({ length: 9 }, (_, i) => [1 + (i % 5), 1 + i, 2]);

describe('recurrent layers over sequences of any length', () => {
  before(() => tf.setBackend('cpu'));

  for (const [name, { model: make, scans }] of Object.entries(MODELS)) {
    it(`${name}: equal tfjs at lengths 1 to 9`, async () => {
      const model = make();
      const exported = exportOnnx(model);
      assert.strictEqual(scansOf(exported), scans);
      await compare(exported, model, SHAPES);
    });
  }

  it('masks from an embedding of words', async () => {
    const words = tf.input({ shape: [null], name: 'words', dtype: 'int32' });
    const embedding = tf.layers.embedding({
      inputDim: 4,
      outputDim: 2,
      maskZero: true,
      embeddingsInitializer: seeded(5),
    });
    const model = tf.model({
      inputs: words,
      outputs: cells.gru({}).apply(embedding.apply(words)) as tf.SymbolicTensor,
    });
    const exported = exportOnnx(model);
    const session = await openSession(exported.bytes, { device: 'cpu' });
    for (const data of [[3], [1, 0], [2, 1, 0, 3, 0, 0]]) {
      const tensor: Tensor = { type: 'int32', dims: [1, data.length], data: Int32Array.from(data) };
      const { data: actual } = Object.values(await session.run({ words: tensor }))[0]!;
      const expected = tf.tidy(() => (model.predict(tf.tensor([data], undefined, 'int32')) as tf.Tensor).dataSync());
      for (const [i, value] of actual.entries()) assert.closeTo(Number(value), expected[i]!, 1e-5);
    }
    await session.dispose();
  });

  it('images over time, and sequences of sequences', async () => {
    const film = tf.sequential();
    film.add(tf.layers.convLstm2d({ filters: 2, kernelSize: 2, inputShape: [null, 4, 4, 1], ...weights } as never));
    const exported = exportOnnx(film);
    assert.strictEqual(scansOf(exported), 1);
    await compare(
      exported,
      film,
      [1, 2, 5].map((length) => [2, length, 4, 4, 1]),
    );
    const nested = tf.sequential();
    const inner = tf.layers.timeDistributed({ layer: cells.lstm({}), inputShape: [null, null, 2] });
    nested.add(inner);
    nested.add(cells.gru({}));
    const both = exportOnnx(nested);
    assert.strictEqual(scansOf(both), 2);
    await compare(both, nested, [
      [1, 1, 1, 2],
      [2, 3, 4, 2],
      [3, 2, 5, 2],
    ]);
  });

  it('a function that applies a model', async () => {
    const model = over(applied(cells.lstm({})));
    const f: ExportableFunction = ({ x }) => ({ y: tf.neg(model.apply(tf.mul(x!, 2)) as tf.Tensor) });
    const signature: Signature = { inputs: { x: { shape: ['batch', 'length', 2] } } };
    const exported = exportOnnx(f, signature);
    assert.deepEqual(exported.outputs.y!.shape, ['batch', 3]);
    const { worst } = await verify(exported, f, { sizes: [1, 4, 6] });
    assert.isBelow(worst, 1e-5);
  });

  it('a fixed length is unrolled, also when the batch is free', () => {
    const model = tf.sequential({ layers: [cells.lstm({ inputShape: [3, 2] })] });
    assert.strictEqual(scansOf(exportOnnx(model)), 0);
  });

  it('a cell that counts its steps is refused, naming the layer', () => {
    const model = over(applied(tf.layers.rnn({ cell: new CountingCell({}) as never, name: 'counting' })));
    assert.throws(() => exportOnnx(model), /'counting' does not compute the same at every step/);
  });

  it('names in a body are the graph’s only', () => {
    const exported = exportOnnx(over(applied(cells.lstm({ returnSequences: true })), applied(cells.gru({}))));
    const { graph } = onnxProto.onnx.ModelProto.decode(exported.bytes);
    const names = (part: typeof graph): string[] => [
      ...part!.input!.map(({ name }) => name!),
      ...(part!.initializer ?? []).map(({ name }) => name!),
      ...part!.node!.flatMap(({ output, attribute }) => [
        ...output!,
        ...attribute!.flatMap(({ g }) => (g ? names(g as typeof graph) : [])),
      ]),
    ];
    const all = names(graph);
    assert.strictEqual(new Set(all).size, all.length);
  });
});

/** Stateful models: the inputs of each call, in turn, and the states. */
const STATEFUL: Record<string, { readonly model: () => tf.LayersModel; readonly states: Record<string, string> }> = {
  lstm: {
    model: () => tf.sequential({ layers: [cells.lstm({ name: 'memory', ...stateful })] }),
    states: { memory_h: 'next/memory_h', memory_c: 'next/memory_c' },
  },
  gru: {
    model: () => tf.sequential({ layers: [cells.gru({ name: 'gated', returnSequences: true, ...stateful })] }),
    states: { gated_h: 'next/gated_h' },
  },
  'simpleRNN, its state': {
    model: () => {
      const x = tf.input({ batchShape: [2, 3, 2] });
      const outputs = cells.simpleRNN({ name: 'plain', returnState: true, stateful: true }).apply(x);
      return tf.model({ inputs: x, outputs: outputs as tf.SymbolicTensor[] });
    },
    states: { plain_h: 'next/plain_h' },
  },
  bidirectional: {
    model: () => {
      const layer = cells.gru({ name: 'way', stateful: true }) as tf.RNN;
      return tf.sequential({
        layers: [tf.layers.bidirectional({ layer, mergeMode: 'concat', batchInputShape: [2, 3, 2] })],
      });
    },
    states: { forward_way_h: 'next/forward_way_h', backward_way_h: 'next/backward_way_h' },
  },
  'stacked cells': {
    model: () => tf.sequential({ layers: [tf.layers.rnn({ cell: stackedCells(), name: 'stack', ...stateful })] }),
    states: {
      stack_h_2: 'next/stack_h_2',
      stack_h_1: 'next/stack_h_1',
      stack_h_0: 'next/stack_h_0',
      stack_c_0: 'next/stack_c_0',
    },
  },
};
const stateful = { stateful: true, batchInputShape: [2, 3, 2] };
const anyLength = { stateful: true, batchInputShape: [2, null, 2] };

/** Calls the graph and tfjs in turn, with the graph's states fed back. */
async function compareCalls(exported: OnnxExport, model: tf.LayersModel, lengths: readonly number[]): Promise<void> {
  const random = new Random(8);
  const session = await openSession(exported.bytes, { device: 'cpu' });
  const [input] = Object.keys(exported.inputs) as [string];
  const states = Object.entries(exported.states!);
  let carried: Record<string, Tensor> = Object.fromEntries(
    states.map(([name]) => {
      const dims = exported.inputs[name]!.shape as number[];
      return [name, { type: 'float32', dims, data: new Float32Array(sizeOf(dims)) }];
    }),
  );
  model.resetStates();
  for (const length of lengths) {
    const x = fed([2, length, 2], random);
    const results = await session.run({ [input]: x, ...carried });
    carried = Object.fromEntries(states.map(([name, next]) => [name, results[next]!]));
    tf.tidy(() => {
      const expected = [model.predict(tf.tensor(x.data as Float32Array, [2, length, 2]))].flat();
      for (const [i, tensor] of expected.entries()) {
        const numbers = tensor.dataSync();
        const actual = results[Object.keys(exported.outputs)[i]!]!.data;
        for (const [j, value] of actual.entries()) assert.closeTo(Number(value), numbers[j]!, 1e-5);
      }
    });
  }
  await session.dispose();
}

describe('stateful recurrent layers', () => {
  before(() => tf.setBackend('cpu'));

  for (const [name, { model: make, states }] of Object.entries(STATEFUL)) {
    it(`${name}: the state is an input and an output`, async () => {
      const model = make();
      model.predict(tf.ones([2, 3, 2])); // the state of now is not part of the graph
      const exported = exportOnnx(model);
      assert.deepEqual(exported.states, states);
      await compareCalls(exported, model, [3, 3, 3, 3]);
      const { worst } = await verify(exported, model);
      assert.isBelow(worst, 1e-5);
    });
  }

  it('over sequences of any length', async () => {
    const model = tf.sequential({ layers: [cells.lstm({ name: 'long', ...anyLength })] });
    const exported = exportOnnx(model);
    assert.strictEqual(scansOf(exported), 1);
    await compareCalls(exported, model, [1, 4, 2, 7]);
  });

  it('a model that a function applies twice goes on where it was', async () => {
    const model = tf.sequential({ layers: [cells.gru({ name: 'twice', ...stateful })] });
    const f: ExportableFunction = ({ x }) => ({
      first: model.apply(x!) as tf.Tensor,
      second: model.apply(x!) as tf.Tensor,
    });
    const exported = exportOnnx(f, { inputs: { x: { shape: [2, 3, 2] } } });
    assert.deepEqual(Object.keys(exported.inputs), ['x', 'twice_h']);
    assert.deepEqual(Object.keys(exported.outputs), ['first', 'second', 'next/twice_h']);
    assert.isBelow((await verify(exported, f)).worst, 1e-5);
  });

  it('a layer that is not built yet is refused by name', () => {
    const layer = cells.gru({ name: 'fresh', stateful: true });
    const f: ExportableFunction = ({ x }) => ({ y: layer.apply(x!) as tf.Tensor });
    assert.throws(() => exportOnnx(f, { inputs: { x: { shape: [2, 3, 2] } } }), /'fresh' is stateful/);
  });

  it('an async function around one is refused', () => {
    const model = tf.sequential({ layers: [cells.gru({ name: 'late', ...stateful })] });
    const f = async ({ x }: Record<string, tf.Tensor>) => ({ y: model.apply(x!) as tf.Tensor });
    const signature: Signature = { inputs: { x: { shape: [2, 3, 2] } } };
    assert.throws(() => exportOnnx(f as unknown as ExportableFunction, signature), /async/);
  });

  it('an input of the name of a state is refused', () => {
    const model = tf.sequential({ layers: [cells.gru({ name: 'same', ...stateful })] });
    const f: ExportableFunction = ({ same_h }) => ({ y: model.apply(same_h!) as tf.Tensor });
    assert.throws(() => exportOnnx(f, { inputs: { same_h: { shape: [2, 3, 2] } } }), /two inputs are called same_h/);
  });
});
