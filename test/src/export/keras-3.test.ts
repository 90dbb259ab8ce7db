import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportOnnx } from '@onnx-forge/export';
import { readModel, SavedModelError } from '@onnx-forge/export/sources';
import { openSession, type Tensor } from '@onnx-forge/infer';
import { expect } from 'chai';

interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Case {
  readonly topology: object;
  readonly weights: readonly (Numbers & { readonly name: string })[];
  readonly inputs: Readonly<Record<string, Numbers>>;
  readonly outputs: readonly Numbers[];
}

/** Models as Keras 3 describes them, with the outputs that Keras computed (keras-3.py beside the file). */
const CASES = JSON.parse(readFileSync(new URL('../../fixtures/keras-3.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, Case>
>;

const layer = (class_name: string, config: object) => {
  return { module: 'keras.layers', class_name, config, registered_name: null };
};
const model = (layers: readonly object[]) => {
  return { keras_version: '3.15.1', model_config: { class_name: 'Sequential', config: { name: 'net', layers } } };
};
const models = () => {
  const input = layer('InputLayer', { name: 'x', batch_shape: [null, 2], dtype: 'float32' });
  return { dense: model([input, layer('Dense', { name: 'd', units: 1, use_bias: true, activation: 'linear' })]) };
};

async function expectRefusal(file: string, message: RegExp): Promise<void> {
  const error = await readModel(file).catch((failure: unknown) => failure);
  expect(error).to.be.instanceOf(SavedModelError).with.property('code', 'tfjs-model');
  expect((error as Error).message)
    .to.match(message)
    .and.not.to.include('\n');
}

describe('models of Keras 3', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'onnx-forge-keras-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function save({ topology, weights }: Pick<Case, 'topology' | 'weights'>): string {
    const data = Float32Array.from(weights.flatMap(({ data }) => data));
    const specs = weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32' }));
    const model = {
      format: 'layers-model',
      modelTopology: topology,
      weightsManifest: [{ paths: ['w.bin'], weights: specs }],
    };
    writeFileSync(join(folder, 'model.json'), JSON.stringify(model));
    writeFileSync(join(folder, 'w.bin'), Buffer.from(data.buffer));
    return join(folder, 'model.json');
  }

  async function compute(file: string, inputs: Case['inputs']): Promise<Tensor[]> {
    const { format, run, signature } = await readModel(file);
    expect(format).to.equal('keras-3');
    const exported = exportOnnx(run, signature);
    await using session = await openSession(exported.bytes, { device: 'cpu' });
    expect(Object.keys(exported.inputs).sort()).to.deep.equal(Object.keys(inputs).sort());
    const feeds = Object.entries(inputs).map(([name, { shape, data }]): [string, Tensor] => {
      const type = exported.inputs[name]!.dtype as 'float32' | 'int32';
      return [name, { type, dims: shape, data: (type === 'int32' ? Int32Array : Float32Array).from(data) } as Tensor];
    });
    const results = await session.run(Object.fromEntries(feeds));
    return Object.keys(exported.outputs).map((name) => results[name]!);
  }

  for (const [name, given] of Object.entries(CASES)) {
    it(`agree with Keras: ${name}`, async () => {
      const results = await compute(save(given), given.inputs);
      expect(results.map(({ dims }) => dims)).to.deep.equal(given.outputs.map(({ shape }) => shape));
      for (const [i, { data }] of given.outputs.entries()) {
        const errors = data.map((value, k) => Math.abs(Number(results[i]!.data[k]) - value) / (1 + Math.abs(value)));
        expect(Math.max(...errors), `output ${i}`).to.be.below(2e-6);
      }
    });
  }

  // Names that the file of `model.save('x.keras')` has for the weights of the model, in their order, and the converter to tfjs keeps.
  const IN_KERAS_FILES: Readonly<Record<string, readonly string[]>> = {
    mlp: ['layers/dense/vars/0', 'layers/dense/vars/1', 'layers/dense_1/vars/0', 'layers/dense_1/vars/1'],
    'nested models': [
      'layers/sequential/layers/dense/vars/0',
      'layers/sequential/layers/dense/vars/1',
      'layers/dense/vars/0',
      'layers/dense/vars/1',
      'layers/functional/layers/dense/vars/0',
      'layers/functional/layers/dense/vars/1',
    ],
    'Bidirectional LSTM': ['bidirectional', 'bidirectional_1'].flatMap((layer) =>
      ['forward_layer', 'backward_layer'].flatMap((direction) =>
        [0, 1, 2].map((index) => `layers/${layer}/${direction}/cell/vars/${index}`),
      ),
    ),
  };
  for (const [name, names] of Object.entries(IN_KERAS_FILES)) {
    it(`are read as the converter writes them from .keras files: ${name}`, async () => {
      const { topology, weights, inputs, outputs } = CASES[name]!;
      const bare = JSON.stringify(topology, (key, value) =>
        /^(module|registered_name)$/.test(key) ? undefined : value,
      );
      const renamed = weights.map((weight, i) => ({ ...weight, name: names[i]! }));
      // In a file of its own order.
      const file = save({ topology: JSON.parse(bare) as object, weights: renamed.reverse() });
      const [y] = await compute(file, inputs);
      const errors = outputs[0]!.data.map((value, k) => Math.abs(Number(y!.data[k]) - value));
      expect(Math.max(...errors)).to.be.below(2e-6);
    });
  }

  it('keep every size that Keras leaves open', async () => {
    const layers = [
      layer('InputLayer', { name: 'x', batch_shape: [null, null, 2], dtype: 'float32' }),
      layer('Dense', { name: 'twice', units: 2, activation: 'linear', use_bias: false }),
    ];
    const weights = [{ name: 'net/twice/kernel', shape: [2, 2], data: [2, 0, 0, 2] }];
    const file = save({ topology: model(layers), weights });
    for (const rows of [1, 3]) {
      const x = { shape: [1, rows, 2], data: Array.from({ length: 2 * rows }, (_, i) => i) };
      const [y] = await compute(file, { x });
      expect(y!.dims).to.deep.equal(x.shape);
      expect([...y!.data]).to.deep.equal(x.data.map((value) => 2 * value));
    }
  });

  it('take weights by their numbers too', async () => {
    const { dense } = models();
    const weights = [
      { name: 'd/0', shape: [2, 1], data: [2, -1] },
      { name: 'd/1', shape: [1], data: [0.5] },
    ];
    const [y] = await compute(save({ topology: dense, weights }), { x: { shape: [2, 2], data: [1, 1, -3, 4] } });
    expect([...y!.data]).to.deep.equal([1.5, -9.5]);
  });

  const REFUSED: Readonly<Record<string, [layer: object, RegExp]>> = {
    'hard_sigmoid, of other slopes in tfjs': [
      layer('Dense', { name: 'd', units: 1, use_bias: true, activation: 'hard_sigmoid' }),
      /layer 'd' \(Dense\): activation 'hard_sigmoid' is not supported/,
    ],
    'a function of its own': [
      layer('Activation', { name: 'd', activation: { module: 'mine', class_name: 'function', config: 'odd' } }),
      /layer 'd' \(Activation\): activation 'odd'/,
    ],
    'channels first': [
      layer('Flatten', { name: 'd', data_format: 'channels_first' }),
      /layer 'd' \(Flatten\): data_format = "channels_first"/,
    ],
    'causal padding': [
      layer('Conv1D', {
        name: 'd',
        filters: 1,
        kernel_size: [2],
        strides: [1],
        padding: 'causal',
        activation: 'linear',
      }),
      /layer 'd' \(Conv1D\): padding = "causal"/,
    ],
    'LoRA weights': [
      layer('Dense', { name: 'd', units: 1, use_bias: true, activation: 'linear', lora_rank: 2 }),
      /layer 'd' \(Dense\): lora_rank = 2/,
    ],
    'quantised weights': [
      layer('Dense', {
        name: 'd',
        units: 1,
        dtype: { class_name: 'QuantizedDTypePolicy', config: { name: 'int8_from_float32' } },
      }),
      /layer 'd' \(Dense\): dtype "int8_from_float32"/,
    ],
    'mixed precision': [
      layer('Dense', { name: 'd', units: 1, dtype: 'mixed_float16' }),
      /layer 'd' \(Dense\): dtype "mixed_float16"/,
    ],
    'a leaky relu of two thresholds': [
      layer('ReLU', { name: 'd', max_value: 6, negative_slope: 0.1, threshold: 0 }),
      /layer 'd' \(ReLU\): negative_slope = 0.1/,
    ],
    'a stateful layer': [
      layer('LSTM', { name: 'd', units: 1, activation: 'tanh', recurrent_activation: 'sigmoid', stateful: true }),
      /layer 'd' \(LSTM\): stateful = true/,
    ],
    'a key of a later version': [
      layer('Flatten', { name: 'd', order: 'reversed' }),
      /layer 'd' \(Flatten\): order = "reversed"/,
    ],
    'a lambda': [layer('Lambda', { name: 'd' }), /layer 'd' \(Lambda\): this layer class is not supported/],
    'an operation': [
      { ...layer('Relu', { name: 'd' }), module: 'keras.src.ops.nn' },
      /layer 'd' \(Relu\): operations outside of layers \(keras.ops\)/,
    ],
    'a class of its own': [
      { ...layer('Mine', { name: 'd' }), module: 'mine', registered_name: 'mine>Mine' },
      /tfjs has no layer class 'Mine'; .*--import/,
    ],
  };
  for (const [name, [refused, message]] of Object.entries(REFUSED)) {
    it(`refuse ${name}`, async () => {
      const input = layer('InputLayer', { name: 'x', batch_shape: [null, 2], dtype: 'float32' });
      await expectRefusal(save({ topology: model([input, refused]), weights: [] }), message);
    });
  }

  const WRONG_WEIGHTS: Readonly<Record<string, [weights: Case['weights'], RegExp]>> = {
    'a missing weight': [[{ name: 'd/kernel', shape: [2, 1], data: [2, -1] }], /lacks weight 'bias' of layer 'd'/],
    'a weight of another shape': [
      [
        { name: 'd/kernel', shape: [1, 2], data: [2, -1] },
        { name: 'd/bias', shape: [1], data: [1] },
      ],
      /weight 'kernel' of layer 'd' is \[1, 2\] instead of \[2, 1\]/,
    ],
    'a weight too many': [
      [
        { name: 'd/kernel', shape: [2, 1], data: [2, -1] },
        { name: 'd/bias', shape: [1], data: [1] },
        { name: 'e/bias', shape: [1], data: [1] },
      ],
      /weights without a layer: e\/bias/,
    ],
    'weights of equal names': [
      [
        { name: 'a/d/kernel', shape: [2, 1], data: [2, -1] },
        { name: 'b/d/kernel', shape: [2, 1], data: [2, -1] },
        { name: 'd/bias', shape: [1], data: [1] },
      ],
      /weight 'kernel' of layer 'd' could be a\/d\/kernel or b\/d\/kernel/,
    ],
  };
  for (const [name, [weights, message]] of Object.entries(WRONG_WEIGHTS)) {
    it(`refuse ${name}`, () => expectRefusal(save({ topology: models().dense, weights }), message));
  }

  it('refuse masks that tfjs joins otherwise', async () => {
    const layers = [
      layer('InputLayer', { name: 'x', batch_shape: [null, 3, 2], dtype: 'float32' }),
      layer('Masking', { name: 'm', mask_value: 0 }),
      layer('TimeDistributed', { name: 't', layer: layer('Dense', { name: 'd', units: 1 }) }),
    ];
    await expectRefusal(
      save({ topology: model(layers), weights: [] }),
      /layer 't' \(TimeDistributed\): masks .* not supported/,
    );
  });
});
