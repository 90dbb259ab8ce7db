import { compileStep, SignatureError, StepChangedError, tf } from '@onnx-forge/export';
import { Random } from '@onnx-forge/infer';
import { assert, expect } from 'chai';

type Step = Parameters<typeof compileStep>[0]['step'];

const inputs = { x: { shape: [4, 3] } };
const options = () => ({ device: 'cpu', random: new Random(1) }) as const;
const batch = { x: Float32Array.from({ length: 12 }, (_, i) => Math.sin(i)) };

/** A step with a weight [3, 1] and the loss mean((x w)^2). */
function problem(optimizer: () => tf.SGDOptimizer): { w: tf.Variable; step: Step; made: () => tf.SGDOptimizer } {
  const w = tf.variable(tf.tensor2d([[1], [-1], [2]]));
  let made = optimizer();
  const step: Step = ({ x }) => {
    made = optimizer();
    return { loss: made.minimize(() => tf.mean(tf.square(tf.matMul(x as tf.Tensor2D, w as never))), true, [w])! };
  };
  return { w, step, made: () => made };
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => assert.fail('nothing was refused'),
    (error: unknown) => error as Error,
  );
}

describe('a step whose program changes', () => {
  it('is refused at its next run when a number of the program is another one', async () => {
    const settings = { scale: 2 };
    const w = tf.variable(tf.scalar(1));
    const step: Step = () => {
      w.assign(tf.mul(w, settings.scale));
      return { w: tf.clone(w) };
    };
    await using training = await compileStep({ inputs: {}, step }, options());
    expect(await training.run('step', {})).to.deep.equal({ w: 2 });
    settings.scale = 3;
    const error = await failure(training.run('step', {}));
    expect(error).to.be.instanceOf(StepChangedError);
    expect(error.message)
      .to.match(/^step step would do something else now .*changing-steps\.test\.[jt]s:\d+/)
      .and.not.to.include('\n');
    settings.scale = 2;
    expect(await training.run('step', {})).to.deep.equal({ w: 4 });
    w.dispose();
  });

  it('is refused when a layer is frozen after compiling', async () => {
    const model = tf.sequential({
      layers: [tf.layers.dense({ units: 2, inputShape: [3] }), tf.layers.dense({ units: 1 })],
    });
    const optimizer = tf.train.adam(0.1);
    const step: Step = ({ x }) => {
      const weights = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
      return { loss: optimizer.minimize(() => tf.mean(tf.square(model.apply(x!) as tf.Tensor)), true, weights)! };
    };
    await using training = await compileStep({ inputs, step }, options());
    await training.run('step', batch);
    await training.run('step', batch);
    model.layers[0]!.trainable = false;
    expect(await failure(training.run('step', batch))).to.be.instanceOf(StepChangedError);
    model.dispose();
    optimizer.dispose();
  });

  it('goes on when variables and learning rates change, which the graph reads', async () => {
    const optimizer = tf.train.sgd(0.1);
    const { w, step } = problem(() => optimizer);
    await using training = await compileStep({ inputs, step }, options());
    for (let i = 0; i < 5; i++) {
      await training.run('step', batch);
      await training.writeBack();
      optimizer.setLearningRate(0.1 / (i + 2));
    }
    assert.isTrue(w.dataSync().every(Number.isFinite));
    w.dispose();
    optimizer.dispose();
  });

  it('goes on when its variables are gone', async () => {
    const optimizer = tf.train.sgd(0.1);
    const { w, step } = problem(() => optimizer);
    await using training = await compileStep({ inputs, step }, options());
    await training.run('step', batch);
    w.dispose();
    expect((await training.run('step', batch)).loss).to.be.a('number');
    optimizer.dispose();
  });

  it('is refused when it makes its optimizer with another learning rate each time', async () => {
    let k = 0;
    const { w, step } = problem(() => tf.train.sgd(0.1 / (1 + k++)));
    const error = await failure(compileStep({ inputs, step }, options()));
    expect(error).to.have.property('code', 'trace-mismatch');
    w.dispose();
  });

  it('may make an optimizer without slots of one learning rate', async () => {
    const { w, step } = problem(() => tf.train.sgd(0.1));
    const before = w.dataSync().slice();
    await using training = await compileStep({ inputs, step }, options());
    await training.run('step', batch);
    await training.writeBack();
    const compiled = w.dataSync().slice();
    w.assign(tf.tensor2d(before, [3, 1]));
    tf.tidy(() => step({ x: tf.tensor2d(batch.x, [4, 3]) }, {} as never));
    for (const [i, value] of w.dataSync().entries()) expect(compiled[i]).to.be.closeTo(value, 1e-6);
    w.dispose();
  });

  it('is refused when it sets the learning rate itself', async () => {
    const optimizer = tf.train.sgd(0.1);
    let k = 0;
    const { w, step } = problem(() => {
      optimizer.setLearningRate(0.1 / (1 + k++));
      return optimizer;
    });
    const error = await failure(compileStep({ inputs, step }, options()));
    expect(error).to.be.instanceOf(SignatureError);
    expect(error.message).to.match(/sets the learning rate of optimizer SGD itself/);
    w.dispose();
    optimizer.dispose();
  });
});

describe('variables that began with the same tensor', () => {
  it('are variables of their own in a step: a running average that began as a clone', async () => {
    const w = tf.variable(tf.tensor1d([1, 2]));
    const average = tf.variable(w.clone());
    const step: Step = () => {
      w.assign(tf.mul(w, 2));
      average.assign(tf.add(tf.mul(average, 0.5), tf.mul(w, 0.5)));
      return {};
    };
    await using training = await compileStep({ inputs: {}, step }, options());
    for (let i = 0; i < 2; i++) await training.run('step', {});
    await training.writeBack();
    expect([...w.dataSync()]).to.deep.equal([4, 8]);
    expect([...average.dataSync()]).to.deep.equal([2.75, 5.5]);
    w.dispose();
    average.dispose();
  });

  it('do not change the tensor: the distance from where the weights began', async () => {
    const start = tf.tensor1d([1, 2]);
    const w = tf.variable(start);
    const step: Step = () => {
      w.assign(tf.add(w, 1));
      return { distance: tf.sum(tf.sub(w, start)) };
    };
    await using training = await compileStep({ inputs: {}, step }, options());
    expect(await training.run('step', {})).to.deep.equal({ distance: 2 });
    expect(await training.run('step', {})).to.deep.equal({ distance: 4 });
    w.dispose();
    start.dispose();
  });
});

describe('what is no step', () => {
  const step: Step = ({ x }) => ({ mean: tf.mean(x!) });
  const REFUSED: Readonly<Record<string, [definition: unknown, options: unknown, RegExp]>> = {
    nothing: [null, options(), /defined by \{ inputs, step \}/],
    'no function': [{ inputs }, options(), /step is a function, not nothing/],
    'no inputs': [{ step }, options(), /inputs must be types by name/],
    'an input without a shape': [{ inputs: { x: {} }, step }, options(), /input 'x' has no shape/],
    'a free dimension': [{ inputs: { x: { shape: ['batch', 3] } }, step }, options(), /free dimension \(batch\)/],
    'no options': [{ inputs, step }, undefined, /source of random numbers/],
    'a promise as a metric': [
      { inputs, step: ({ x }: { x: tf.Tensor }) => ({ mean: tf.mean(x).data() }) },
      options(),
      /metric mean must be a scalar tensor, not a promise/,
    ],
    'a number that somebody waits for': [
      {
        inputs,
        step: ({ x }: { x: tf.Tensor }) => {
          void x.data().then(() => assert.fail('there are no numbers'));
          return { mean: tf.mean(x) };
        },
      },
      options(),
      /was read inside a traced function/,
    ],
    'a step without effect': [{ inputs, step: () => ({}) }, options(), /neither changes a variable nor returns/],
  };
  for (const [name, [definition, given, message]] of Object.entries(REFUSED)) {
    it(`is refused: ${name}`, async () => {
      const error = await failure(compileStep(definition as never, given as never));
      expect(error).to.have.property('code');
      expect(error.message).to.match(message).and.not.to.include('\n');
    });
  }

  it('is refused: a variable of bools that it changes', async () => {
    const flag = tf.variable(tf.tensor1d([true], 'bool'), false, undefined, 'bool');
    const flips: Step = () => {
      flag.assign(tf.logicalNot(flag));
      return {};
    };
    const error = await failure(compileStep({ inputs: {}, step: flips }, options()));
    expect(error.message).to.match(/which is bool: make it float32 or int32/);
    flag.dispose();
  });

  it('is refused: a run without its batch', async () => {
    await using training = await compileStep({ inputs, step }, options());
    const error = await failure((training.run as (name: string) => Promise<unknown>)('step'));
    expect(error.message).to.match(/needs 'x' in its batch/);
  });
});
