import { tf } from '@onnx-forge/export';
import { importModel, OnnxImportError } from '@onnx-forge/export/import';
import { assert } from 'chai';
import { classifierFile } from '../../train/finetune/files.js';
import { encode, fileOf, numbers, portOf, tensorOf, weight } from './onnx-file.js';

/** A refusal in one line, with the package's own error. */
function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.instanceOf(error, OnnxImportError, String(error));
    assert.notInclude((error as Error).message, '\n');
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
}

const TEN_BILLION = 10_000_000_000;

describe('importing ONNX: files that are damaged or mean harm', () => {
  it('are refused wherever they are cut short', () => {
    const whole = classifierFile();
    for (let length = 0; length < whole.length; length += 7) refusal(() => importModel(whole.subarray(0, length)));
  });

  it('are refused where they promise 10 GB that they have not', () => {
    const huge = { ...tensorOf('w', weight([2])), dims: [TEN_BILLION] };
    const file = encode({
      nodes: [{ opType: 'Add', name: 'add', input: ['x', 'w'], output: ['y'] }],
      initializers: [huge],
      inputs: [portOf('x', 'float32', [2])],
      outputs: [{ name: 'y' }],
    });
    assert.match(
      refusal(() => importModel(file)),
      /tensor 'w' holds 2 numbers, but its shape \[10000000000\]/,
    );
  });

  const makers: [string, ReturnType<typeof fileOf>][] = [
    ['ConstantOfShape', fileOf({ op: 'ConstantOfShape', inputs: [numbers(TEN_BILLION)] })],
    ['ConstantOfShape', fileOf({ op: 'ConstantOfShape', inputs: [numbers(100_000, 100_000)] })],
    ['Expand', fileOf({ op: 'Expand', inputs: [weight([1]), numbers(TEN_BILLION)] })],
    ['Tile', fileOf({ op: 'Tile', inputs: [weight([2]), numbers(TEN_BILLION)] })],
    ['Pad', fileOf({ op: 'Pad', inputs: [weight([2]), numbers(TEN_BILLION, 0)] })],
    ['Range', fileOf({ op: 'Range', inputs: [0, TEN_BILLION, 1].map((n) => ({ ...numbers(n), shape: [] })) })],
  ];
  for (const [op, file] of makers) {
    it(`are refused where a node would make 10 GB of nothing: ${op}`, () => {
      const model = importModel(file);
      assert.match(
        refusal(() => model.call({})),
        new RegExp(`^${op} 'the_node' gives \\[\\d+(,\\d+)*\\], more than \\d+`),
      );
    });
  }

  it('are refused where an empty array hides the sizes of 8 GB', () => {
    const file = encode({
      opset: 18,
      nodes: [{ opType: 'ReduceMin', name: 'least', input: ['x', 'axes'], output: ['y'] }],
      initializers: [tensorOf('axes', numbers(1))],
      inputs: [portOf('x', 'float32', [2 ** 31, 0])],
      outputs: [{ name: 'y' }],
    });
    assert.match(
      refusal(() => importModel(file).call({ x: tf.ones([2 ** 31, 0]) })),
      /^ReduceMin 'least' takes an empty array of \[2147483648,0\]/,
    );
  });

  it('are refused to train where they have nothing to train', () => {
    const file = fileOf({ op: 'Relu', inputs: [numbers(1)] });
    assert.match(
      refusal(() => importModel(file, { trainable: '*' })),
      /no weight's name fits "\*"; the file has no weights of floats/,
    );
  });

  it('are refused for sizes below zero, and take no more numbers than they are allowed', () => {
    const negative = encode({
      nodes: [{ opType: 'Relu', name: 'relu', input: ['x'], output: ['y'] }],
      inputs: [portOf('x', 'float32', [-3])],
      outputs: [{ name: 'y' }],
    });
    assert.match(
      refusal(() => importModel(negative)),
      /input 'x' has a size of -3/,
    );
    const pad = fileOf({ op: 'Pad', inputs: [weight([2]), numbers(4, 4)] });
    assert.equal(importModel(pad).call({}).y0!.size, 10);
    assert.match(
      refusal(() => importModel(pad, { mostNumbers: 9 }).call({})),
      /more than 9 numbers/,
    );
  });

  it('are refused for windows, strides and splits that are none', () => {
    const conv = (attributes: Record<string, readonly number[]>) =>
      importModel(fileOf({ op: 'Conv', inputs: [weight([1, 1, 4, 4]), weight([1, 1, 2, 2])], attributes }));
    assert.match(
      refusal(() => conv({ strides: [0, 1] }).call({})),
      /has 0 among its strides/,
    );
    assert.match(
      refusal(() => conv({ dilations: [1, 2 ** 31] }).call({})),
      /has 2147483648 among its dilations/,
    );
    const split = fileOf({
      op: 'Split',
      opset: 18,
      inputs: [weight([4])],
      outputs: 2,
      attributes: { num_outputs: 2 ** 31 },
    });
    assert.match(
      refusal(() => importModel(split).call({})),
      /has num_outputs = 2147483648 and 2 outputs/,
    );
  });
});
