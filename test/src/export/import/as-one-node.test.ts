import { exportOnnx, tf, verify } from '@onnx-forge/export';
import { importModel } from '@onnx-forge/export/import';
import { openSession } from '@onnx-forge/infer';
import { assert } from 'chai';
import onnxProto, { type onnx } from 'onnx-proto';
import { attributeOf, encode, fed, portOf, tensorOf, weight } from './onnx-file.js';

const node = (
  opType: string,
  input: string[],
  output: string[],
  attribute: onnx.IAttributeProto[] = [],
): onnx.INodeProto => ({ opType, name: output[0]!, input, output, attribute });

interface Net {
  readonly nodes: onnx.INodeProto[];
  readonly weights: Readonly<Record<string, ReturnType<typeof weight>>>;
  readonly shape: readonly (number | string)[];
  readonly opset?: number;
}

const fileOf = ({ nodes, weights, shape, opset = 17 }: Net): Uint8Array =>
  encode({
    opset,
    nodes,
    initializers: Object.entries(weights).map(([name, array]) => tensorOf(name, array)),
    inputs: [portOf('x', 'float32', shape)],
    outputs: nodes
      .at(-1)!
      .output!.slice(0, 1)
      .map((name) => ({ name })),
  });

function operatorsOf(bytes: Uint8Array): string[] {
  const { graph } = onnxProto.onnx.ModelProto.decode(bytes);
  return graph!.node!.map(({ opType }) => opType!);
}

const running = {
  scale: weight([4], 0.5, 1.5),
  shift: weight([4]),
  mean: weight([4]),
  variance: weight([4], 0.5, 2),
};

/** Nets of images and sequences, all axes of which but the channels are free. */
const NETS: Readonly<Record<string, Net>> = {
  'a convolution of groups, batch normalisation, pooling': {
    nodes: [
      node('Conv', ['x', 'w', 'b'], ['c'], [attributeOf('group', 2), attributeOf('pads', [1, 1, 1, 1])]),
      node(
        'BatchNormalization',
        ['c', 'scale', 'shift', 'mean', 'variance'],
        ['n'],
        [attributeOf('epsilon', { float: 0.01 })],
      ),
      node('LeakyRelu', ['n'], ['r'], [attributeOf('alpha', { float: 0.2 })]),
      node(
        'MaxPool',
        ['r'],
        ['p'],
        [attributeOf('kernel_shape', [3, 3]), attributeOf('strides', [2, 2]), attributeOf('pads', [1, 1, 1, 1])],
      ),
      node('InstanceNormalization', ['p', 'scale2', 'shift2'], ['i']),
      node('GlobalAveragePool', ['i'], ['y']),
    ],
    weights: { w: weight([4, 1, 3, 3]), b: weight([4]), ...running, scale2: weight([4]), shift2: weight([4]) },
    shape: ['batch', 2, 'height', 'width'],
  },
  'means of windows that reach beyond the end': {
    nodes: [
      node(
        'AveragePool',
        ['x'],
        ['y'],
        [
          attributeOf('kernel_shape', [3, 2]),
          attributeOf('strides', [2, 2]),
          attributeOf('ceil_mode', 1),
          attributeOf('count_include_pad', 1),
        ],
      ),
    ],
    weights: {},
    shape: ['batch', 2, 5, 5],
  },
  'a batch normalisation of before opset 14': {
    nodes: [node('BatchNormalization', ['x', 'scale', 'shift', 'mean', 'variance'], ['y'])],
    weights: running,
    shape: ['batch', 4, 'length'],
    opset: 9,
  },
  'a layer normalisation and products of matrices': {
    nodes: [
      node('LayerNormalization', ['x', 'scale', 'shift'], ['n']),
      node('MatMul', ['n', 'w'], ['m']),
      node('Softmax', ['m'], ['y'], [attributeOf('axis', -1)]),
    ],
    weights: { scale: weight([4]), shift: weight([4]), w: weight([4, 3]) },
    shape: ['batch', 'length', 4],
  },
  'an LSTM in both directions, of any length': {
    nodes: [
      node(
        'LSTM',
        ['x', 'w', 'r', 'b'],
        ['y'],
        [
          attributeOf('direction', 'bidirectional'),
          attributeOf('hidden_size', 3),
          // As TensorFlow's files name them, although they are the usual ones.
          attributeOf('activations', ['Sigmoid', 'Tanh', 'Tanh', 'Sigmoid', 'Tanh', 'Tanh']),
        ],
      ),
    ],
    weights: { w: weight([2, 12, 4]), r: weight([2, 12, 3]), b: weight([2, 24]) },
    shape: ['length', 'batch', 4],
  },
  'a GRU, whose last state is wanted': {
    nodes: [
      node(
        'GRU',
        ['x', 'w', 'r', 'b'],
        ['', 'h'],
        [attributeOf('hidden_size', 3), attributeOf('linear_before_reset', 1)],
      ),
      node('Identity', ['h'], ['y']),
    ],
    weights: { w: weight([1, 9, 4]), r: weight([1, 9, 3]), b: weight([1, 18]) },
    shape: ['length', 'batch', 4],
  },
};

describe('importing ONNX: exported again, operators stay as they are', () => {
  for (const [what, net] of Object.entries(NETS)) {
    it(`${what}: with no node more, at all sizes, as onnxruntime has the file`, async () => {
      const file = fileOf(net);
      const model = importModel(file);
      const exported = exportOnnx(model.run, { inputs: model.inputs }, { nameOf: model.nameOf });
      const [before, after] = [operatorsOf(file), operatorsOf(exported.bytes)];
      assert.includeMembers(
        before,
        after.filter((op) => op !== 'Identity'),
      );
      assert.isAtMost(after.length, before.length);
      const { worst } = await verify(exported, model.run, { device: 'cpu' });
      assert.isBelow(worst, 1e-4);
      const [theirs, ours] = await Promise.all([openSession(file), openSession(exported.bytes)]);
      for (const size of [2, 5]) {
        const dims = net.shape.map((n) => (typeof n === 'number' ? n : size));
        const x = { type: 'float32' as const, data: Float32Array.from(fed(dims).values), dims };
        const [want, have] = await Promise.all([theirs.run({ x }), ours.run({ x })]);
        const numbers = [...(Object.values(want)[0]!.data as Float32Array)];
        const found = Object.values(have)[0]!.data as Float32Array;
        numbers.forEach((n, i) => void assert.closeTo(found[i]!, n, 1e-6));
      }
      await Promise.all([theirs.dispose(), ours.dispose()]);
    });
  }

  it('but are tfjs code where a gradient is exported', async () => {
    const model = importModel(fileOf(NETS['a layer normalisation and products of matrices']!));
    const weights = [...model.trainable];
    const gradient = ({ x }: Record<string, tf.Tensor>): Record<string, tf.Tensor> => {
      const { grads } = tf.variableGrads(() => model.call({ x: x! }).y!.square().sum() as tf.Scalar, weights);
      return { gradient: grads[weights.at(-1)!.name]! };
    };
    const exported = exportOnnx(gradient, { inputs: { x: { shape: ['batch', 'length', 4] } } });
    assert.notInclude(operatorsOf(exported.bytes), 'LayerNormalization');
    assert.isBelow((await verify(exported, gradient, { device: 'cpu' })).worst, 1e-4);
  });

  it('and a file that was exported for training is normalised by its running statistics', () => {
    const file = encode({
      nodes: [
        node(
          'BatchNormalization',
          ['x', 'scale', 'shift', 'mean', 'variance'],
          ['y', 'mean2', 'variance2'],
          [attributeOf('training_mode', 1)],
        ),
      ],
      initializers: Object.entries(running).map(([name, array]) => tensorOf(name, array)),
      inputs: [portOf('x', 'float32', ['batch', 4])],
      outputs: [{ name: 'y' }],
    });
    const model = importModel(file);
    const run = (inputs: Record<string, tf.Tensor>) => model.call(inputs, { training: false });
    const { bytes } = exportOnnx(run, { inputs: model.inputs }, { nameOf: model.nameOf });
    assert.deepEqual(operatorsOf(bytes), ['BatchNormalization']);
  });
});
