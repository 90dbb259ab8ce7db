import { tf } from '@onnx-forge/export';
import { importModel, OnnxImportError } from '@onnx-forge/export/import';
import { openSession } from '@onnx-forge/infer';
import { assert } from 'chai';
import type { onnx } from 'onnx-proto';
import { SIGNATURES } from '../../../../packages/export/dist/import/types/signatures.js';
import {
  attributeOf,
  encode,
  type FileArray,
  fed,
  fileOf,
  listed,
  numbers,
  portOf,
  tensorOf,
  weight,
} from './onnx-file.js';

const ints = (shape: readonly number[]): FileArray => ({
  ...weight(shape),
  type: 'int32',
  values: fed(shape).values.map(Math.round),
});
const truths = (shape: readonly number[]): FileArray => ({
  ...listed('bool', shape, []),
  values: fed(shape).values.map((n) => (n > 0 ? 1 : 0)),
});
const wide = (shape: readonly number[]): FileArray => ({ ...ints(shape), type: 'int64', stored: false });

const node = (
  opType: string,
  name: string,
  input: string[],
  output: string[],
  attribute: onnx.IAttributeProto[] = [],
) => ({
  ...{ opType, name, input, output, attribute },
});

/** A file whose nodes lead from a float x [2, 3] to y. */
const chain = (nodes: onnx.INodeProto[], ...initializers: onnx.ITensorProto[]): Uint8Array =>
  encode({ nodes, initializers, inputs: [portOf('x', 'float32', [2, 3])], outputs: [portOf('y', 'float32', [])] });

/** Files that break the types of an operator, and what is said. */
const MISMATCHES: readonly [what: string, file: Uint8Array, says: RegExp][] = [
  [
    'a weight of whole numbers in a product of floats',
    fileOf({ op: 'MatMul', inputs: [fed([2, 3]), ints([3, 2])] }),
    /^MatMul 'the_node' can't take its input 1 \('x1'\): it is INT32, its input 0 \('x0'\) is FLOAT, and both must be of one type$/,
  ],
  [
    'a bias of whole numbers in a Gemm of floats',
    fileOf({ op: 'Gemm', inputs: [fed([2, 3]), weight([3, 2]), numbers(1, 2)] }),
    /^Gemm 'the_node' can't take its input 2 \('x2'\): it is INT64, its input 0/,
  ],
  [
    'truths that are added',
    fileOf({ op: 'Add', inputs: [truths([4]), truths([4])] }),
    /^Add 'the_node' can't take its input 0 \('x0'\): it is BOOL, not FLOAT, DOUBLE, FLOAT16, INT8,/,
  ],
  [
    'floats as indices',
    fileOf({ op: 'Gather', inputs: [fed([4, 2]), fed([2], 0, 3)] }),
    /^Gather 'the_node' can't take its input 1 \('x1'\): it is FLOAT, not INT32 or INT64$/,
  ],
  [
    'whole numbers in a softmax',
    fileOf({ op: 'Softmax', inputs: [wide([2, 3])] }),
    /^Softmax 'the_node' can't take its input 0 \('x0'\): it is INT64, not FLOAT, DOUBLE or FLOAT16$/,
  ],
  [
    'floats as a condition',
    fileOf({ op: 'Where', inputs: [fed([3]), fed([3]), fed([3])] }),
    /^Where 'the_node' can't take its input 0 \('x0'\): it is FLOAT, not BOOL$/,
  ],
  [
    'kernels of whole numbers',
    fileOf({ op: 'Conv', inputs: [fed([1, 1, 4, 4]), ints([1, 1, 2, 2])] }),
    /^Conv 'the_node' can't take its input 1 \('x1'\): it is INT32, not FLOAT,/,
  ],
  [
    'parts of two types that are joined',
    fileOf({ op: 'Concat', inputs: [fed([2]), fed([2]), wide([2])], attributes: { axis: 0 } }),
    /^Concat 'the_node' can't take its input 2 \('x2'\): it is INT64, its input 0 \('x0'\) is FLOAT/,
  ],
  [
    'a shape of 32 bits',
    fileOf({ op: 'Reshape', inputs: [fed([4]), { ...listed('int32', [2], [2, 2], true) }] }),
    /^Reshape 'the_node' can't take its input 1 \('x1'\): it is INT32, not INT64$/,
  ],
  [
    'scales of half precision in a batch normalisation of single precision, before operator set 15',
    encode({
      opset: 14,
      nodes: [node('BatchNormalization', 'norm', ['x', 's', 'b', 'm', 'v'], ['y'])],
      initializers: [
        { name: 's', dims: [3], dataType: 10, rawData: new Uint8Array(6) },
        ...['b', 'm', 'v'].map((name) => tensorOf(name, weight([3], 0.5, 1))),
      ],
      inputs: [portOf('x', 'float32', [2, 3])],
      outputs: [portOf('y', 'float32', [2, 3])],
    }),
    /^BatchNormalization 'norm' can't take its input 1 \('s'\): it is FLOAT16, its input 0 \('x'\) is FLOAT/,
  ],
  [
    'an extreme of whole numbers in a set that has it for floats alone',
    fileOf({ op: 'Max', opset: 11, inputs: [wide([2]), wide([2])] }),
    /^Max 'the_node' can't take its input 0 \('x0'\): it is INT64, not FLOAT, DOUBLE or FLOAT16$/,
  ],
  [
    'more inputs than there are',
    fileOf({ op: 'Relu', inputs: [fed([2]), fed([2])] }),
    /^Relu 'the_node' has 2 inputs, and takes at most 1$/,
  ],
  [
    'what a Shape gives',
    chain([node('Shape', 'sizes', ['x'], ['s']), node('Mul', 'scale', ['x', 's'], ['y'])]),
    /^Mul 'scale' can't take its input 1 \('s'\): it is INT64, its input 0 \('x'\) is FLOAT/,
  ],
  [
    'what a Cast gives, by way of others',
    chain([
      node('Cast', 'cast', ['x'], ['c'], [attributeOf('to', 6)]),
      node('Transpose', 'turn', ['c'], ['t']),
      node('MatMul', 'product', ['x', 't'], ['y']),
    ]),
    /^MatMul 'product' can't take its input 1 \('t'\): it is INT32/,
  ],
  [
    'what a comparison gives',
    chain([node('Greater', 'above', ['x', 'x'], ['g']), node('Exp', 'power', ['g'], ['y'])]),
    /^Exp 'power' can't take its input 0 \('g'\): it is BOOL/,
  ],
  [
    'the places of a TopK',
    chain(
      [node('TopK', 'top', ['x', 'k'], ['v', 'i']), node('Add', 'add', ['v', 'i'], ['y'])],
      tensorOf('k', numbers(2)),
    ),
    /^Add 'add' can't take its input 1 \('i'\): it is INT64, its input 0 \('v'\) is FLOAT/,
  ],
  [
    'a constant, within the branch of an If',
    encode({
      nodes: [
        node(
          'If',
          'choose',
          ['c'],
          ['y'],
          ['then_branch', 'else_branch'].map((name) => ({
            ...{ name, type: 5 },
            g: {
              name,
              node: [
                node('Constant', `${name}_one`, [], [`${name}_n`], [attributeOf('value_int', 1)]),
                node('Add', `${name}_add`, ['x', `${name}_n`], [`${name}_y`]),
              ],
              output: [portOf(`${name}_y`, 'float32', [2])],
            },
          })),
        ),
      ],
      initializers: [tensorOf('c', listed('bool', [], [1], true))],
      inputs: [portOf('x', 'float32', [2])],
      outputs: [portOf('y', 'float32', [2])],
    }),
    /^Add 'then_branch_add' can't take its input 1 \('then_branch_n'\): it is INT64/,
  ],
];

describe('importing ONNX: types of values', () => {
  before(() => tf.setBackend('cpu'));

  for (const [what, file, says] of MISMATCHES) {
    it(`that an operator has not are refused at once, by node and input, as onnxruntime does: ${what}`, async () => {
      let refused: unknown;
      try {
        importModel(file);
      } catch (error) {
        refused = error;
      }
      assert.instanceOf(refused, OnnxImportError, String(refused));
      assert.match((refused as Error).message, says);
      const theirs = await openSession(file, { device: 'cpu' }).then(
        () => undefined,
        (error: Error) => error,
      );
      assert.instanceOf(theirs, Error, 'onnxruntime takes the file');
    });
  }

  it('are known for every operator that is read', async () => {
    const { OPERATOR_FAMILIES } = await import('../../../../packages/export/dist/import/operators/index.js');
    const own = Object.values(OPERATOR_FAMILIES).flatMap((family) => family.filter(({ domain }) => domain === ''));
    assert.sameMembers(
      Object.keys(SIGNATURES),
      own.map(({ op }) => op),
    );
  });

  it('are what results have: whole numbers of 8 bits, and an identity matrix, are no floats', () => {
    const sum = importModel(fileOf({ op: 'Add', inputs: [listed('int8', [1], [1]), listed('int8', [1], [1])] }));
    const two = tf.tensor1d([1], 'int32');
    assert.equal(sum.call({ x0: two, x1: two }).y0!.dtype, 'int32');
    const eye = importModel(fileOf({ op: 'EyeLike', inputs: [{ ...wide([2, 2]) }] }));
    assert.equal(eye.call({ x0: tf.zeros([2, 2], 'int32') }).y0!.dtype, 'int32');
    assert.deepEqual([...eye.call({ x0: tf.zeros([2, 2], 'int32') }).y0!.dataSync()], [1, 0, 0, 1]);
  });

  it('are refused where a result would be of another than the file says: a mean of whole numbers', () => {
    const mean = importModel(fileOf({ op: 'ReduceMean', inputs: [wide([2, 3])] }));
    assert.throws(
      () => mean.call({ x0: tf.zeros([2, 3], 'int32') }),
      OnnxImportError,
      /^ReduceMean 'the_node' gives its output 0 \('y0'\) as float32, and it must be INT64$/,
    );
  });
});
