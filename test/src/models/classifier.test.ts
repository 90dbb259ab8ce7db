import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClassifierModel, load, Random } from '@onnx-forge/infer';
import classifier from '@onnx-forge/models/classifier';
import { accuracy, crossEntropy, dropout, type StepRandom, tf, train, useBackend } from '@onnx-forge/train';
import { expect } from 'chai';

describe('classifier', () => {
  before(() => useBackend('cpu'));

  it('cross-entropy is -log softmax at the label, finite for any logit', () => {
    const logits = tf.tensor2d([
      [1, 2, 3],
      [1000, 0, -1000],
    ]);
    const first = Math.log(Math.exp(1) + Math.exp(2) + Math.exp(3)) - 2;
    expect(crossEntropy(logits, tf.tensor1d([1, 2], 'int32')).dataSync()[0]).to.be.closeTo((first + 2000) / 2, 1e-3);
    expect(accuracy(logits, tf.tensor1d([1, 0], 'int32')).dataSync()[0]).to.equal(0.5);
  });

  it('dropout keeps the mean, drops the part that it should, and takes its mask from the random numbers of the step', () => {
    const random = new Random(3);
    const rng: StepRandom = {
      normal: (shape) => tf.zeros([...shape]),
      uniform: (shape, low, high) =>
        tf.tensor(random.fillUniform(new Float32Array(shape.reduce((a, b) => a * b, 1)), low, high), [...shape]),
    };
    const ones = tf.ones([100, 200]);
    const [first, second] = [dropout(ones, 0.4, rng), dropout(ones, 0.4, rng)].map((mask) => mask.dataSync());
    const dropped = first!.filter((value) => value === 0).length / first!.length;
    expect(dropped).to.be.closeTo(0.4, 0.015);
    for (const value of first!) if (value !== 0) expect(value).to.be.closeTo(1 / 0.6, 1e-6);
    expect(first!.some((value, i) => value !== second![i])).to.equal(true);
  });

  it('learns the embedded digits, and serves probabilities and features', async function () {
    this.timeout(60_000);
    const out = await mkdtemp(join(tmpdir(), 'onnx-forge-classifier-'));
    try {
      const { measurements } = await train({ recipe: classifier, out, maxSteps: 40, device: 'cpu', figures: false });
      const found = Object.fromEntries(measurements.map(({ name, value }) => [name, value]));
      expect(found.accuracy).to.be.greaterThan(0.9);
      expect(found.worstClassAccuracy).to.be.within(0.5, found.accuracy!);
      await using model = (await load(out, { device: 'cpu' })) as ClassifierModel;
      const { probabilities, features } = await model.classify(new Float32Array(2 * 784));
      expect([probabilities.dims, features.dims]).to.deep.equal([
        [2, 10],
        [2, 128],
      ]);
      expect(probabilities.data.subarray(0, 10).reduce((sum, value) => sum + value, 0)).to.be.closeTo(1, 1e-5);
    } finally {
      await rm(out, { recursive: true });
    }
  });
});
