import { exportOnnx, tf } from '@onnx-forge/export';
import { importModel, OnnxImportError } from '@onnx-forge/export/import';
import { openSession } from '@onnx-forge/infer';
import { assert } from 'chai';
import type { onnx } from 'onnx-proto';
import { attributeOf, encode, fed, numbers, portOf, tensorOf } from './onnx-file.js';

const node = (
  op: string,
  input: string[],
  output: string,
  attributes: Record<string, number> = {},
): onnx.INodeProto => ({
  ...{ opType: op, name: output, input, output: [output] },
  attribute: Object.entries(attributes).map(([name, value]) => attributeOf(name, value)),
});

const scalar = (value: number) => ({ ...numbers(value), shape: [] });
const CONSTANTS = {
  ...{ zero: scalar(0), one: scalar(1), two: scalar(2), last: scalar(-1), before: scalar(-2) },
  sizes: numbers(1, 3, 1),
};

/** Nodes that lead from x [2, 5] to y by way of a sequence. */
const GRAPHS: Readonly<Record<string, onnx.INodeProto[]>> = {
  'parts of listed sizes, of which two are taken': [
    node('SplitToSequence', ['x', 'sizes'], 's', { axis: 1 }),
    node('SequenceAt', ['s', 'one'], 'a'),
    node('SequenceAt', ['s', 'last'], 'b'),
    node('Mul', ['a', 'b'], 'y'),
  ],
  'parts of one size, the last one smaller, joined again': [
    node('SplitToSequence', ['x', 'two'], 's', { axis: 1 }),
    node('SequenceErase', ['s', 'before'], 'fewer'),
    node('ConcatFromSequence', ['fewer'], 'y', { axis: 1 }),
  ],
  'parts of one element, whose axis goes, stacked along a new one': [
    node('SplitToSequence', ['x'], 's', { axis: -1, keepdims: 0 }),
    node('ConcatFromSequence', ['s'], 'y', { axis: -2, new_axis: 1 }),
  ],
  'parts of one element that keep their axis': [
    node('SplitToSequence', ['x'], 's', { axis: 0 }),
    node('SequenceAt', ['s', 'last'], 'y'),
  ],
  'a sequence of tensors, put in and taken out': [
    node('Neg', ['x'], 'n'),
    node('SequenceConstruct', ['x', 'n'], 'c'),
    node('Exp', ['x'], 'e'),
    node('SequenceInsert', ['c', 'e', 'one'], 'three'),
    node('SequenceInsert', ['three', 'n'], 'four'),
    node('SequenceErase', ['four'], 'rest'),
    node('SequenceErase', ['rest', 'zero'], 'both'),
    node('ConcatFromSequence', ['both'], 'y', { axis: 0 }),
  ],
  'an empty sequence that is filled': [
    node('SequenceEmpty', [], 'none'),
    node('SequenceInsert', ['none', 'x'], 'some'),
    node('SequenceLength', ['some'], 'n'),
    node('Cast', ['n'], 'f', { to: 1 }),
    node('SequenceAt', ['some', 'zero'], 'a'),
    node('Add', ['a', 'f'], 'y'),
  ],
};

const fileOf = (nodes: onnx.INodeProto[], type: 'float32' | 'int64' = 'float32'): Uint8Array =>
  encode({
    nodes,
    initializers: Object.entries(CONSTANTS).map(([name, array]) => tensorOf(name, array)),
    inputs: [portOf('x', type, [2, 5])],
    outputs: [{ name: 'y' }],
  });

async function byOnnxruntime(bytes: Uint8Array): Promise<{ data: number[]; dims: number[] }> {
  const session = await openSession(bytes, { device: 'cpu' });
  const x = { type: 'float32' as const, data: Float32Array.from(fed([2, 5]).values), dims: [2, 5] };
  const [y] = Object.values(await session.run({ x }));
  const result = { data: [...(y!.data as Float32Array)], dims: [...y!.dims].map(Number) };
  await session.dispose();
  return result;
}

describe('importing ONNX: sequences of tensors', () => {
  before(() => tf.setBackend('cpu'));
  const x = (): tf.Tensor => tf.tensor([...fed([2, 5]).values], [2, 5]);

  for (const [what, nodes] of Object.entries(GRAPHS)) {
    it(`${what}: as onnxruntime has it, and again exported without a sequence`, async () => {
      const file = fileOf(nodes);
      const expected = await byOnnxruntime(file);
      const model = importModel(file);
      const y = model.call({ x: x() }).y!;
      assert.deepEqual(y.shape, expected.dims);
      const check = (data: ArrayLike<number>): void =>
        expected.data.forEach((n, i) => void assert.closeTo(data[i]!, n, 1e-6));
      check(y.dataSync());
      const again = exportOnnx(model.run, { inputs: model.inputs }, { nameOf: model.nameOf });
      check((await byOnnxruntime(again.bytes)).data);
    });
  }

  it('have gradients: of a product of parts the other part', () => {
    const model = importModel(fileOf(GRAPHS['parts of listed sizes, of which two are taken']!));
    const gradient = tf
      .grad((at) => tf.sum(model.call({ x: at }).y!))(x())
      .dataSync();
    const values = fed([2, 5]).values;
    for (const row of [0, 5]) {
      const [b, parts] = [values[row + 4]!, values.slice(row + 1, row + 4)];
      const expected = [0, b, b, b, parts.reduce((sum, n) => sum + n, 0)];
      expected.forEach((n, i) => void assert.closeTo(gradient[row + i]!, n, 1e-6));
    }
  });

  const refusals: [what: string, nodes: onnx.INodeProto[], says: RegExp][] = [
    [
      'a place that is not there',
      [node('SplitToSequence', ['x', 'two'], 's'), node('SequenceAt', ['s', 'two'], 'y')],
      /^SequenceAt 'y' has place 2 in a sequence of 1$/,
    ],
    [
      'a sequence as a tensor',
      [node('SplitToSequence', ['x', 'two'], 's'), node('Exp', ['s'], 'y')],
      /^Exp 'y' takes a tensor as its input 0, not a sequence$/,
    ],
    [
      'a tensor as a sequence',
      [node('SequenceAt', ['x', 'one'], 'y')],
      /^SequenceAt 'y' wants a sequence as its input 0 \('x'\)$/,
    ],
    [
      'sizes that are others',
      [node('SplitToSequence', ['x', 'sizes'], 's'), node('SequenceAt', ['s', 'zero'], 'y')],
      /^SplitToSequence 's' can't split 2 elements into 1 \+ 3 \+ 1$/,
    ],
    [
      'parts of no element',
      [node('SplitToSequence', ['x', 'zero'], 's'), node('SequenceAt', ['s', 'zero'], 'y')],
      /^SplitToSequence 's' splits into parts of 0 elements$/,
    ],
    [
      'a sequence as an output',
      [node('SplitToSequence', ['x', 'two'], 'y')],
      /^value 'y' is a sequence, not a tensor$/,
    ],
    [
      'a part of another type than its user wants',
      [node('SplitToSequence', ['one'], 's'), node('SequenceAt', ['s', 'zero'], 'a'), node('Exp', ['a'], 'y')],
      /^Exp 'y' can't take its input 0 \('a'\): it is INT64/,
    ],
  ];
  for (const [what, nodes, says] of refusals) {
    it(`are refused in one line: ${what}`, () => {
      assert.throws(() => importModel(fileOf(nodes)).call({ x: x() }), OnnxImportError, says);
    });
  }
});
