import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportOnnx } from '@onnx-forge/export';
import { readModel, SavedModelError } from '@onnx-forge/export/sources';
import { openSession, type Tensor } from '@onnx-forge/infer';
import { expect } from 'chai';

type Json = Record<string, unknown>;

interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Case {
  readonly topology: { readonly model_config: { readonly config: { readonly layers: readonly Json[] } } };
  readonly weights: readonly (Numbers & { readonly name: string })[];
  readonly inputs: Readonly<Record<string, Numbers>>;
  readonly outputs: readonly Numbers[];
}

/** Layers that are the same in Keras 2 and 3, with the numbers that Keras 3 computed. */
const CASES = JSON.parse(readFileSync(new URL('../../fixtures/keras-3.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, Case>
>;
const SAME = ['UpSampling2D, bilinear', 'Resizing', 'CenterCrop', 'DepthwiseConv2D, dilated', 'masked mean', 'mlp'];

/** A layer as Keras 2 writes it: without modules, and with another name for the input's shape and the depthwise kernel. */
function older({ class_name, config }: Json): Json {
  const { batch_shape, dtype: _, ...rest } = config as Json;
  const plain = Object.entries(rest).filter(([key]) => !/_(initializer|regularizer|constraint)$/.test(key));
  const input = batch_shape ? { batch_input_shape: batch_shape, dtype: (config as Json).dtype } : {};
  return { class_name, config: { ...Object.fromEntries(plain), ...input } };
}

describe('models of Keras 2', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'onnx-forge-keras-2-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function save(layers: readonly Json[], weights: Case['weights'], version: string): string {
    const specs = weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32' }));
    const modelTopology = {
      keras_version: version,
      backend: 'tensorflow',
      model_config: { class_name: 'Sequential', config: { name: 'net', layers } },
    };
    writeFileSync(join(folder, 'w.bin'), Buffer.from(Float32Array.from(weights.flatMap(({ data }) => data)).buffer));
    writeFileSync(
      join(folder, 'model.json'),
      JSON.stringify({
        format: 'layers-model',
        modelTopology,
        weightsManifest: [{ paths: ['w.bin'], weights: specs }],
      }),
    );
    return join(folder, 'model.json');
  }

  for (const name of SAME) {
    it(`agree with Keras: ${name}`, async () => {
      const { topology, weights, inputs, outputs } = CASES[name]!;
      const layers = topology.model_config.config.layers.map(older);
      const renamed = weights.map((weight) => {
        const isDepthwise = layers.some(
          ({ class_name, config }) =>
            class_name === 'DepthwiseConv2D' && weight.name.includes(`${(config as Json).name}/`),
        );
        const own = weight.name.split('/').slice(-2).join('/');
        return { ...weight, name: isDepthwise ? own.replace('/kernel', '/depthwise_kernel') : own };
      });
      const { format, run, signature } = await readModel(save(layers, renamed, '2.11.0'));
      expect(format).to.equal('layers-model');
      const exported = exportOnnx(run, signature);
      await using session = await openSession(exported.bytes, { device: 'cpu' });
      const [input, { dtype }] = Object.entries(exported.inputs)[0]!;
      const { shape, data } = Object.values(inputs)[0]!;
      const x = {
        type: dtype,
        dims: shape,
        data: (dtype === 'int32' ? Int32Array : Float32Array).from(data),
      } as Tensor;
      const [y] = Object.values(await session.run({ [input]: x }));
      expect(y!.dims).to.deep.equal(outputs[0]!.shape);
      for (const [i, value] of outputs[0]!.data.entries()) {
        expect(Math.abs(Number(y!.data[i]) - value)).to.be.below(2e-6 * (1 + Math.abs(value)));
      }
    });
  }

  const image = {
    class_name: 'InputLayer',
    config: { name: 'x', batch_input_shape: [null, 4, 4, 2], dtype: 'float32' },
  };
  const REFUSED: Readonly<Record<string, [class_name: string, config: Json, version: string, RegExp]>> = {
    'bilinear interpolation of an old version': [
      'UpSampling2D',
      { size: [2, 2], interpolation: 'bilinear' },
      '2.2.4',
      /layer 'd' \(UpSampling2D\): bilinear interpolation as in Keras 2\.2\.4/,
    ],
    'a leaky ReLU layer': [
      'ReLU',
      { max_value: 6, negative_slope: 0.1, threshold: 0 },
      '2.4.0',
      /layer 'd' \(ReLU\): negative_slope = 0\.1/,
    ],
    'output padding': [
      'Conv2DTranspose',
      { filters: 1, kernel_size: [3, 3], strides: [2, 2], output_padding: [1, 1] },
      '2.4.0',
      /layer 'd' \(Conv2DTranspose\): output_padding = \[1,1\]/,
    ],
    'means that keep their dimensions': [
      'GlobalAveragePooling2D',
      { keepdims: true },
      '2.6.0',
      /layer 'd' \(GlobalAveragePooling2D\): keepdims = true/,
    ],
  };
  for (const [name, [class_name, config, version, message]] of Object.entries(REFUSED)) {
    it(`refuse ${name}`, async () => {
      const file = save([image, { class_name, config: { name: 'd', ...config } }], [], version);
      const error = await readModel(file).catch((failure: unknown) => failure);
      expect(error).to.be.instanceOf(SavedModelError);
      expect((error as Error).message)
        .to.match(message)
        .and.not.to.include('\n');
    });
  }

  it('of tfjs itself stay as they are: its own interpolation', async () => {
    const up = { class_name: 'UpSampling2D', config: { name: 'd', size: [2, 1], interpolation: 'bilinear' } };
    const input = {
      class_name: 'InputLayer',
      config: { name: 'x', batch_input_shape: [1, 2, 1, 1], dtype: 'float32' },
    };
    const { run, signature } = await readModel(save([input, up], [], 'tfjs-layers 4.22.0'));
    const exported = exportOnnx(run, signature);
    await using session = await openSession(exported.bytes, { device: 'cpu' });
    const x: Tensor = { type: 'float32', dims: [1, 2, 1, 1], data: Float32Array.of(0, 4) };
    const [y] = Object.values(await session.run({ x }));
    expect([...y!.data]).to.deep.equal([0, 2, 4, 4]);
  });
});
