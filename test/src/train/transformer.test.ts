import { Random } from '@onnx-forge/infer';
import { CausalTransformer, nextTokenLoss, tf, useBackend } from '@onnx-forge/train';
import { gradientNorms } from '@onnx-forge/train/kinds';
import {
  attend,
  type CausalTransformerOptions,
  causalMask,
  layerNorm,
  type Normalisation,
  networkWeights,
  seededInitializers,
  TransformerBlock,
} from '@onnx-forge/train/layers';
import { expect } from 'chai';
import { expectClose, type Numbers, reference } from './reference.js';

const SMALL: CausalTransformerOptions = {
  layers: 3,
  heads: 2,
  width: 8,
  blockSize: 12,
  vocabularySize: 5,
  normalisation: 'pre',
  feedForward: true,
  embeddingScale: 0.7,
};

function transformer(options: Partial<CausalTransformerOptions> = {}, seed = 1): CausalTransformer {
  const net = new CausalTransformer({ ...SMALL, ...options }, seededInitializers(new Random(seed)));
  // Biases and gains away from 0 and 1, so that a test sees them.
  const random = new Random(seed + 100);
  for (const { variable } of net.weights.filter(({ name }) => /bias|gain/.test(name))) {
    const noise = Float32Array.from(variable.dataSync(), (value) => value + 0.3 * random.normal());
    variable.assign(tf.tensor(noise, variable.shape));
  }
  return net;
}

function randomTokens(batch: number, length: number, below = SMALL.vocabularySize, seed = 3): Int32Array {
  const random = new Random(seed);
  return Int32Array.from({ length: batch * length }, () => random.integer(below));
}

const normals = (size: number, seed: number): number[] => {
  const random = new Random(seed);
  return Array.from({ length: size }, () => random.normal());
};

describe('transformer layers', () => {
  before(() => useBackend('cpu'));

  it('layer normalisation and its gradient are those of the definition, in float64 and by finite differences', () => {
    const [rows, width, epsilon] = [3, 5, 1e-5];
    const [x, weights] = [normals(rows * width, 1), normals(rows * width, 2)];
    const [gain, bias] = [normals(width, 3), normals(width, 4)];
    const normalised = (values: readonly number[]): number[] =>
      values.map((value, i) => {
        const row = values.slice(width * Math.floor(i / width), width * (1 + Math.floor(i / width)));
        const mean = row.reduce((sum, v) => sum + v, 0) / width;
        const variance = row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / width;
        return ((value - mean) / Math.sqrt(variance + epsilon)) * gain[i % width]! + bias[i % width]!;
      });
    const loss = (values: readonly number[]) => normalised(values).reduce((sum, y, i) => sum + y * weights[i]!, 0);
    const [g, b] = [tf.tensor1d(gain), tf.tensor1d(bias)];
    expectClose(layerNorm(tf.tensor2d(x, [rows, width]), g, b), normalised(x));
    const gradient = tf.grad((input: tf.Tensor) =>
      layerNorm(input, g, b)
        .mul(tf.tensor2d(weights, [rows, width]))
        .sum(),
    );
    const h = 1e-6;
    const differences = x.map((_, i) => {
      const moved = (by: number) => loss(x.map((value, j) => (i === j ? value + by : value)));
      return (moved(h) - moved(-h)) / (2 * h);
    });
    expectClose(gradient(tf.tensor2d(x, [rows, width])), differences, 1e-4);
  });

  it('attention is the weighted mean of the values that it may see: naive loops in float64', () => {
    const [batch, heads, length, dim] = [2, 2, 5, 3];
    const size = batch * heads * length * dim;
    const [q, k, v] = [normals(size, 5), normals(size, 6), normals(size, 7)];
    const expected: number[] = [];
    for (let head = 0; head < batch * heads; head++) {
      const at = (of: readonly number[], position: number, d: number) => of[(head * length + position) * dim + d]!;
      for (let query = 0; query < length; query++) {
        const weights = Array.from({ length: query + 1 }, (_, key) => {
          let score = 0;
          for (let d = 0; d < dim; d++) score += at(q, query, d) * at(k, key, d);
          return Math.exp(score / Math.sqrt(dim));
        });
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        for (let d = 0; d < dim; d++) {
          expected.push(weights.reduce((sum, weight, key) => sum + (weight / total) * at(v, key, d), 0));
        }
      }
    }
    const tensor = (values: number[]) => tf.tensor4d(values, [batch, heads, length, dim]);
    expectClose(attend(tensor(q), { keys: tensor(k), values: tensor(v) }, causalMask(length, 9)), expected);
  });

  for (const normalisation of ['pre', 'post'] satisfies Normalisation[]) {
    it(`three ${normalisation}-LN blocks have the outputs, the loss and the gradients of the reference`, () => {
      const { raw, input, output } = reference('layerNormOrder');
      const [x, target] = [input('x'), input('target')];
      const width = x.shape[1]!;
      const blocks = (raw('weights') as number[][][][]).map(([wq, wk, wv, wo]) => {
        const options = { width, heads: 1, normalisation, feedForward: false };
        const block = new TransformerBlock(options, seededInitializers(new Random(1)));
        block.build([null, null, width]);
        const qkv = tf.concat([tf.tensor2d(wq!), tf.tensor2d(wk!), tf.tensor2d(wv!)], 1);
        const zeros = (size: number) => tf.zeros([size]);
        block.setWeights([tf.ones([width]), zeros(width), qkv, zeros(3 * width), tf.tensor2d(wo!), zeros(width)]);
        return block;
      });
      const length = x.shape[0]!;
      const context = { batch: 1, length, mask: causalMask(length, length) };
      const run = (probes: tf.Tensor[]) =>
        blocks.reduce((sum, block, l) => block.forward(sum, context).x.add(probes[l + 1]!), x.add(probes[0]!));
      const loss = (...probes: tf.Tensor[]) => run(probes).sub(target).square().mean();
      const zeros = Array.from({ length: 4 }, () => tf.zerosLike(x));
      expectClose(run(zeros), output(`${normalisation}Output`));
      expectClose(loss(...zeros), output(`${normalisation}Loss`));
      const norms = tf
        .grads(loss)(zeros)
        .map((gradient) => gradient.square().sum().sqrt().dataSync()[0]!);
      expectClose(norms, output(`${normalisation}GradientNorms`));
    });

    it(`a character never changes a prediction before it, and always those after it (${normalisation}-LN)`, () => {
      const net = transformer({ normalisation });
      const tokens = randomTokens(1, 12);
      const logits = (of: Int32Array) =>
        net.predict(tf.tensor2d(of, [1, 12], 'int32')).logits.arraySync() as number[][];
      const before = logits(tokens);
      for (let changed = 0; changed < 12; changed++) {
        const other = tokens.slice();
        other[changed] = (other[changed]! + 1) % 5;
        const after = logits(other);
        expect(after.slice(0, changed)).to.deep.equal(before.slice(0, changed));
        for (let later = changed; later < 12; later++) expect(after[later]).to.not.deep.equal(before[later]);
      }
    });

    it(`one token at a time with the cache gives the logits, keys and values of the whole (${normalisation}-LN)`, () => {
      const net = transformer({ normalisation });
      const [batch, length] = [2, 12];
      const tokens = tf.tensor2d(randomTokens(batch, length), [batch, length], 'int32');
      const whole = net.predict(tokens);
      const expected = whole.logits.reshape([batch, length, 5]);
      let state = net.predict(tokens.slice([0, 0], [batch, 1]));
      for (let t = 1; t < length; t++) {
        state = net.step(tokens.slice([0, t], [batch, 1]).reshape([batch]), state);
        expectClose(state.logits, expected.slice([0, t, 0], [batch, 1, 5]).reshape([batch, 5]).arraySync() as Numbers);
      }
      expectClose(state.keys, whole.keys.arraySync() as unknown as Numbers);
      expectClose(state.values, whole.values.arraySync() as unknown as Numbers);
    });

    it(`one token at a time with room for the whole block gives the logits of the whole (${normalisation}-LN)`, () => {
      const net = transformer({ normalisation });
      const [batch, length, read] = [2, SMALL.blockSize, 3];
      const tokens = tf.tensor2d(randomTokens(batch, length), [batch, length], 'int32');
      const expected = net.predict(tokens).logits.reshape([batch, length, 5]);
      let cache = net.cache(net.predict(tokens.slice([0, 0], [batch, read])));
      for (let t = read; t < length; t++) {
        const next = net.extend(tokens.slice([0, t], [batch, 1]).reshape([batch]), tf.scalar(t, 'int32'), cache);
        expectClose(next.logits, expected.slice([0, t, 0], [batch, 1, 5]).reshape([batch, 5]).arraySync() as Numbers);
        cache = next.cache;
      }
    });
  }

  it('as a layers-model it is the same function', () => {
    const net = transformer();
    const tokens = tf.tensor2d(randomTokens(2, 7), [2, 7], 'int32');
    const { logits } = net.predict(tokens);
    expectClose(net.apply(tokens).reshape([14, 5]), logits.arraySync() as Numbers, 1e-6, 1e-6);
  });

  it('pre-LN ends in a layer normalisation, post-LN has none but those of its blocks', () => {
    const names = (normalisation: Normalisation, feedForward: boolean) =>
      networkWeights({ t: transformer({ normalisation, feedForward, layers: 1 }) }).map(({ name }) => name);
    const block = ['norm1_gain', 'norm1_bias', 'qkv_kernel', 'qkv_bias', 'projection_kernel', 'projection_bias'];
    const network = ['norm2_gain', 'norm2_bias', 'expand_kernel', 'expand_bias', 'contract_kernel', 'contract_bias'];
    const expected = (body: string[], head: string[]) => [
      't/0/tokens',
      't/0/positions',
      ...body.map((name) => `t/1/${name}`),
      ...head.map((name) => `t/2/${name}`),
    ];
    expect(names('pre', true)).to.deep.equal(
      expected([...block, ...network], ['norm_gain', 'norm_bias', 'kernel', 'bias']),
    );
    expect(names('post', false)).to.deep.equal(expected(block, ['kernel', 'bias']));
  });

  it('the norms of d loss / d x_l are those of finite differences', () => {
    const net = transformer({ layers: 2, normalisation: 'post', feedForward: false });
    const windows = tf.tensor2d(randomTokens(2, 7), [2, 7], 'int32');
    const norms = gradientNorms(net, windows).dataSync();
    expect(norms).to.have.length(3);
    // Along the gradient the loss rises at the rate of its norm. (Without ReLU: its kinks spoil differences.)
    for (let l = 0; l <= 2; l++) {
      const zeros = Array.from({ length: 3 }, () => tf.zeros([12, 8]));
      const loss = (probe: tf.Tensor) =>
        nextTokenLoss(net, windows, { probes: zeros.map((zero, k) => (k === l ? probe : zero)) });
      const gradient = tf.grad(loss)(zeros[l]!);
      const unit = gradient.div(gradient.norm());
      const h = 5e-3;
      const rise = (by: number) =>
        loss(unit.mul(by))
          .sub(loss(unit.mul(-by)))
          .dataSync()[0]!;
      const slope = (8 * rise(h) - rise(2 * h)) / (12 * h);
      expect(norms[l]!, `x_${l}`).to.be.closeTo(slope, 2e-3 * slope);
    }
  });
});
