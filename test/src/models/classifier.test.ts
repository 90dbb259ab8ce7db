import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClassifierModel, load, Random } from '@onnx-forge/infer';
import classifier from '@onnx-forge/models/classifier';
import {
  accuracy,
  crossEntropy,
  type DataSet,
  dropout,
  type Split,
  type StepRandom,
  tf,
  train,
  useBackend,
} from '@onnx-forge/train';
import type { Field } from '@onnx-forge/train/data';
import { expect } from 'chai';

/** Grey noise in which one of the three colours is stronger: the class. */
function colours(): DataSet {
  const split = (seed: number, size: number): Split => {
    const noise = new Random(seed).fillUniform(new Float32Array(size * 32 * 32 * 3), 0, 0.7);
    const read: Field['read'] = (index, out, offset) => {
      for (let i = 0; i < 32 * 32 * 3; i++) {
        out[offset + i] = noise[index * 32 * 32 * 3 + i]! + (i % 3 === index % 3 ? 0.3 : 0);
      }
    };
    const label: Field['read'] = (index, out, offset) => {
      out[offset] = index % 3;
    };
    return {
      size,
      fields: {
        x: { shape: [32, 32, 3], dtype: 'float32', read },
        label: { shape: [], dtype: 'int32', read: label },
      },
    };
  };
  const splits = { train: split(1, 192), validation: split(2, 30), test: split(3, 60) };
  return { name: 'colours', splits, files: [], embedded: true };
}

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
    // Of equal scores the first counts, as in numpy's argmax.
    expect(accuracy(tf.zeros([4, 2]), tf.tensor1d([0, 1, 0, 1], 'int32')).dataSync()[0]).to.equal(0.5);
    for (const label of [3, 7, -1]) {
      expect(crossEntropy(tf.tensor2d([[1, 2, 3]]), tf.tensor1d([label], 'int32')).dataSync()[0]).to.be.NaN;
    }
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

  it('reads colour images of 32 x 32 with the preset `colour`', async () => {
    const out = await mkdtemp(join(tmpdir(), 'onnx-forge-colours-'));
    try {
      const request = { recipe: classifier, out, preset: 'colour', data: colours(), maxSteps: 20, figures: false };
      const { measurements } = await train({ ...request, device: 'cpu' });
      expect(measurements.find(({ name }) => name === 'accuracy')!.value).to.be.greaterThan(0.9);
      await using model = (await load(out, { device: 'cpu' })) as ClassifierModel;
      expect(model.manifest.serve.image).to.deep.equal({ height: 32, width: 32, channels: 3, range: [0, 1] });
    } finally {
      await rm(out, { recursive: true });
    }
  });

  it('learns the embedded digits, and serves probabilities and features', async () => {
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
