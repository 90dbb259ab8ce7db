import { exportOnnx, LoweringError, loweringTable, SignatureError, tf } from '@onnx-forge/export';
import { expect } from 'chai';

function failure(f: () => unknown): Error {
  try {
    f();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was refused');
}

const { dense } = tf.layers;
const model = () => tf.sequential({ layers: [dense({ units: 1, inputShape: [3], name: 'height' })] });
const negative = ({ x }: Record<string, tf.Tensor>) => ({ y: tf.neg(x!) });
const two = (width: number) => {
  const [a, b] = ['a', 'b'].map((name) => tf.input({ shape: [null, width], name })) as [
    tf.SymbolicTensor,
    tf.SymbolicTensor,
  ];
  return tf.model({ inputs: [a, b], outputs: tf.layers.concatenate().apply([a, b]) as tf.SymbolicTensor });
};

describe('exportOnnx, called with the wrong things', () => {
  const REFUSED: Readonly<Record<string, [target: () => unknown, signature: unknown, RegExp]>> = {
    nothing: [() => null, undefined, /can be exported, not nothing/],
    'a layer': [() => dense({ units: 1 }), undefined, /can be exported, not an object/],
    'a tensor': [() => tf.scalar(1), undefined, /can be exported, not a tensor/],
    'a promise of a model': [() => Promise.resolve(1), undefined, /can be exported, not a promise/],
    'an empty model': [() => tf.sequential(), undefined, /has no inputs yet/],
    'a signature without inputs': [() => negative, {}, /inputs must be types by name/],
    'a shape in place of a type': [() => negative, { inputs: { x: [2, 3] } }, /input 'x' has no shape/],
    'other names than the model has': [
      model,
      { inputs: { x: { shape: ['n', 3] } } },
      /the model's inputs are height_input, not x/,
    ],
    'a width that the model does not take': [
      model,
      { inputs: { height_input: { shape: ['n', 4] } } },
      /tfjs can't run the model: .*expected axis -1/,
    ],
    'a promise as an output': [
      () =>
        ({ x }: Record<string, tf.Tensor>) => ({ y: tf.booleanMaskAsync(x!, tf.greater(x!, 0)) }),
      { inputs: { x: { shape: [3] } } },
      /output 'y' is a promise/,
    ],
  };
  for (const [name, [target, signature, message]] of Object.entries(REFUSED)) {
    it(`refuses ${name}`, () => {
      const error = failure(() => exportOnnx(target() as never, signature as never));
      expect(error).to.be.instanceOf(SignatureError);
      expect(error.message).to.match(message).and.not.to.include('\n');
    });
  }

  it('tells which free dimensions must be one', () => {
    const error = failure(() => exportOnnx(two(3)));
    expect(error).to.be.instanceOf(SignatureError);
    expect(error.message).to.match(/no other sizes of a_1 and b_1 than equal ones/);
    const shape = ['batch', 'time', 3];
    const exported = exportOnnx(two(3), { inputs: { a: { shape }, b: { shape } } });
    expect(Object.values(exported.outputs)[0]!.shape).to.deep.equal(['batch', 'time', 6]);
  });

  it('takes a fault of its own at one size for its own, not for a size outside the domain', () => {
    const relu = loweringTable().get('Relu') as unknown as {
      lower: (inputs: { x: { shape: readonly number[] } }) => unknown;
    };
    const { lower } = relu;
    relu.lower = (...args) => {
      if (args[0].x.shape[0] === 3) throw new TypeError('something is undefined');
      return lower(...args);
    };
    try {
      const activate = ({ x }: Record<string, tf.Tensor>) => ({ y: tf.relu(x!) });
      const error = failure(() => exportOnnx(activate, { inputs: { x: { shape: ['n'] } } }));
      expect(error).to.be.instanceOf(LoweringError);
      expect(error.message).to.match(/Relu\(x float32\[3\]\).*report it/);
    } finally {
      relu.lower = lower;
    }
  });
});
