import { tf } from '@onnx-forge/export';
import { importModel, OnnxImportError } from '@onnx-forge/export/import';
import { assert } from 'chai';
import type { onnx } from 'onnx-proto';
import { encode, type FileArray, fileOf, listed, numbers, portOf, tensorOf } from './onnx-file.js';

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.instanceOf(error, OnnxImportError);
    assert.notInclude((error as Error).message, '\n');
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
}

const ends = (...values: number[]): FileArray => numbers(...values);
const LAST = 2 ** 63;

describe('importing ONNX: whole numbers', () => {
  it('of more than 32 bits are refused where they would be computed with, by the node that reads them', () => {
    const file = fileOf({ op: 'Add', inputs: [listed('int64', [2], [1, 2]), numbers(2 ** 40, 1)] });
    const model = importModel(file);
    const message = refusal(() => model.call({ x0: tf.tensor1d([1, 2], 'int32') }));
    assert.match(
      message,
      /^Add 'the_node' can't take its input 1 \('x1'\): the whole number 1099511627776 is beyond int32/,
    );
    const least = fileOf({ op: 'Add', inputs: [listed('int64', [1], [1]), numbers(-(2 ** 31))] });
    assert.deepEqual(
      [
        ...importModel(least)
          .call({ x0: tf.tensor1d([1], 'int32') })
          .y0!.dataSync(),
      ],
      [1 - 2 ** 31],
    );
  });

  it('stay as they are where they are bounds: the ends of a slice, by way of constants too', () => {
    const slice = fileOf({ op: 'Slice', inputs: [listed('float32', [4], [1, 2, 3, 4]), ends(1), ends(LAST)] });
    assert.deepEqual(
      [
        ...importModel(slice)
          .call({ x0: tf.tensor1d([1, 2, 3, 4]) })
          .y0!.dataSync(),
      ],
      [2, 3, 4],
    );
    const node = (opType: string, input: string[], output: string[], attribute: onnx.IAttributeProto[] = []) => ({
      ...{ opType, name: opType, input, output, attribute },
    });
    const carried = encode({
      nodes: [
        node('Concat', ['two', 'last'], ['both'], [{ name: 'axis', type: 2, i: 0 }]),
        node('Gather', ['both', 'one'], ['end']),
        node('Slice', ['x', 'two', 'end'], ['y']),
      ],
      initializers: [tensorOf('two', ends(2)), tensorOf('last', ends(LAST)), tensorOf('one', ends(1))],
      inputs: [portOf('x', 'float32', [4])],
      outputs: [{ name: 'y' }],
    });
    assert.deepEqual(
      [
        ...importModel(carried)
          .call({ x: tf.tensor1d([1, 2, 3, 4]) })
          .y!.dataSync(),
      ],
      [3, 4],
    );
  });

  it('are refused where constants give more than a double holds exactly', () => {
    const file = fileOf({ op: 'Mul', inputs: [numbers(2 ** 40), numbers(2 ** 20 + 1)] });
    assert.match(
      refusal(() => importModel(file).call({})),
      /^Mul 'the_node' gives the whole number 115\d+.*2\^53/,
    );
  });

  const wraps: [string, 'int8' | 'uint8', number[], number[], (a: number, b: number) => number][] = [
    ['Add', 'int8', [100, -100, 5], [100, -100, 6], (a, b) => a + b],
    ['Sub', 'uint8', [3, 0, 200], [5, 1, 100], (a, b) => a - b],
    ['Mul', 'int8', [100, -128, 3], [100, -1, 4], (a, b) => a * b],
    ['Mul', 'uint8', [255, 16, 3], [255, 16, 4], (a, b) => a * b],
  ];
  for (const [op, type, a, b, f] of wraps) {
    it(`of 8 bits begin again at the other end: ${op} of ${type}, computed and constant`, () => {
      const exact = a.map((n, i) => f(n, b[i]!));
      const expected = type === 'int8' ? [...Int8Array.from(exact)] : [...Uint8Array.from(exact)];
      const fed = importModel(fileOf({ op, inputs: [listed(type, [3], a), listed(type, [3], b)] }));
      const y = fed.call({ x0: tf.tensor1d(a, 'int32'), x1: tf.tensor1d(b, 'int32') }).y0!;
      assert.deepEqual([...y.dataSync()], expected);
      const stored = importModel(fileOf({ op, inputs: [listed(type, [3], a, true), listed(type, [3], b, true)] }));
      assert.deepEqual([...stored.call({}).y0!.dataSync()], expected);
    });
  }

  for (const [code, Bytes] of [
    [2, Uint8Array],
    [3, Int8Array],
    [4, Uint16Array],
    [5, Int16Array],
  ] as const) {
    it(`are cast to those of fewer bits by what these hold: ${Bytes.name}`, () => {
      const values = [300, -1, 70_000, 127, -129];
      const attributes = { to: code };
      const expected = [...Bytes.from(values)];
      const fed = importModel(fileOf({ op: 'Cast', inputs: [listed('int32', [5], values)], attributes }));
      assert.deepEqual([...fed.call({ x0: tf.tensor1d(values, 'int32') }).y0!.dataSync()], expected);
      const stored = importModel(fileOf({ op: 'Cast', inputs: [listed('int32', [5], values, true)], attributes }));
      assert.deepEqual([...stored.call({}).y0!.dataSync()], expected);
    });
  }
});
