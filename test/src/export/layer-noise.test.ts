import { compileStep, type StepRandom, tf, withLayerNoise } from '@onnx-forge/export';
import { Random } from '@onnx-forge/infer';
import { assert } from 'chai';

type Layer = tf.layers.Layer;
type Means = { readonly mean: number; readonly square: number };

const size = (shape: readonly number[]): number => tf.util.sizeFromShape([...shape]);

/** The step's source of random numbers in eager tfjs. */
function drawing(random: Random): StepRandom {
  const filled = (shape: readonly number[], fill: (out: Float32Array) => Float32Array) =>
    tf.tensor(fill(new Float32Array(size(shape))), [...shape]);
  return {
    normal: (shape) => filled(shape, (out) => random.fillNormal(out)),
    uniform: (shape, low, high) => filled(shape, (out) => random.fillUniform(out, low, high)),
  };
}

/** Mean and mean square of what a layer makes of ones. */
function means(layer: Layer, x: tf.Tensor): Record<string, tf.Tensor> {
  const y = layer.apply(x, { training: true }) as tf.Tensor;
  return { mean: tf.mean(y), square: tf.mean(tf.square(y)) };
}

interface Situation {
  readonly shape: number[];
  readonly seed?: number;
  readonly steps?: number;
}

async function compiled(layer: Layer, { shape, seed = 1, steps = 3 }: Situation): Promise<Means[]> {
  const random = new Random(seed);
  const definition = { inputs: { x: { shape } }, step: ({ x }: Record<string, tf.Tensor>) => means(layer, x!) };
  await using training = await compileStep(definition, { device: 'cpu', random });
  const found: Means[] = [];
  for (let i = 0; i < steps; i++) {
    found.push((await training.run('step', { x: new Float32Array(size(shape)).fill(1) })) as unknown as Means);
  }
  return found;
}

function eager(layer: Layer, { shape, seed = 1, steps = 3 }: Situation): Means[] {
  const source = drawing(new Random(seed));
  return Array.from({ length: steps }, () =>
    tf.tidy(() => {
      const { mean, square } = withLayerNoise(source, () => means(layer, tf.ones(shape)));
      return { mean: mean!.dataSync()[0]!, square: square!.dataSync()[0]! };
    }),
  );
}

const N = 40_000;
/** Layers with the mean and the mean square of their output for ones, and a bound on the standard errors of both. */
const LAYERS: Readonly<Record<string, readonly [layer: () => Layer, shape: number[], mean: number, square: number]>> = {
  // 1 / (1 - p) with probability 1 - p.
  dropout: [() => tf.layers.dropout({ rate: 0.3 }), [4, N / 4], 1, 1 / 0.7],
  'dropout of whole rows': [
    () => tf.layers.dropout({ rate: 0.3, noiseShape: [4, N / 8, 1] }),
    [4, N / 8, 2],
    1,
    1 / 0.7,
  ],
  'spatial dropout': [() => tf.layers.spatialDropout1d({ rate: 0.3 }), [4, 2, N / 8], 1, 1 / 0.7],
  'Gaussian noise': [() => tf.layers.gaussianNoise({ stddev: 2 }), [4, N / 4], 1, 5],
  'Gaussian dropout': [() => tf.layers.gaussianDropout({ rate: 0.4 }), [4, N / 4], 1, 1 + 0.4 / 0.6],
};

describe('noise of layers in compiled steps', () => {
  beforeEach(() => tf.setBackend('cpu'));

  for (const [name, [make, shape, mean, square]] of Object.entries(LAYERS)) {
    it(`${name}: other noise at every step, of the right mean and variance`, async () => {
      const found = await compiled(make(), { shape });
      assert.equal(new Set(found.map((one) => one.mean)).size, 3);
      for (const one of found) {
        // Five standard errors: deviations of single numbers are at most 2, those of squares at most 7; rows halve or quarter the count.
        assert.closeTo(one.mean, mean, (5 * 2) / Math.sqrt(N / 4));
        assert.closeTo(one.square, square, (5 * 7) / Math.sqrt(N / 4));
      }
    });
  }

  const recurrent = { units: 3, dropout: 0.4, recurrentDropout: 0.4, kernelInitializer: 'ones' as const };
  const cell = () => tf.layers.lstmCell({ ...recurrent, recurrentInitializer: 'ones' });
  const SAME: Readonly<Record<string, readonly [layer: () => Layer, shape: number[]]>> = {
    ...LAYERS,
    'alpha dropout': [() => tf.layers.alphaDropout({ rate: 0.2 }), [4, 50]],
    LSTM: [() => tf.layers.lstm({ ...recurrent, recurrentInitializer: 'ones' }), [2, 4, 3]],
    GRU: [() => tf.layers.gru({ ...recurrent, recurrentInitializer: 'ones' }), [2, 4, 3]],
    'simple RNN': [() => tf.layers.simpleRNN({ ...recurrent, recurrentInitializer: 'ones' }), [2, 4, 3]],
    'bare cells': [() => tf.layers.rnn({ cell: [cell(), cell()] as never }), [2, 4, 3]],
    'time-distributed dropout': [
      () => tf.layers.timeDistributed({ layer: tf.layers.dropout({ rate: 0.5 }) }),
      [2, 4, 30],
    ],
    'time-distributed noise': [
      () => tf.layers.timeDistributed({ layer: tf.layers.gaussianNoise({ stddev: 2 }) }),
      [2, 4, 30],
    ],
  };
  for (const [name, [make, shape]] of Object.entries(SAME)) {
    it(`${name}: eager tfjs draws the same numbers from the same source`, async () => {
      const layer = make();
      layer.apply(tf.zeros(shape)); // its weights
      const [found, expected] = [await compiled(layer, { shape }), eager(layer, { shape })];
      assert.isAbove(new Set(expected.map(({ mean }) => mean)).size, 1);
      for (const [i, { mean, square }] of expected.entries()) {
        assert.closeTo(found[i]!.mean, mean, 1e-4);
        assert.closeTo(found[i]!.square, square, 1e-4);
      }
    });
  }

  it('the same seed gives the same bits, another seed others; a state resumes them', async () => {
    const layer = tf.layers.dropout({ rate: 0.5 });
    const shape = [1, 1000];
    const four = await compiled(layer, { shape, steps: 4 });
    assert.deepEqual(await compiled(layer, { shape, steps: 4 }), four);
    assert.notDeepEqual(await compiled(layer, { shape, steps: 4, seed: 2 }), four);
    const random = new Random(1);
    const open = (source: Random) =>
      compileStep({ inputs: { x: { shape } }, step: ({ x }) => means(layer, x!) }, { device: 'cpu', random: source });
    const x = new Float32Array(1000).fill(1);
    await using first = await open(random);
    for (const one of four.slice(0, 2)) assert.deepEqual(await first.run('step', { x }), { ...one });
    await using second = await open(Random.fromState(random.state()));
    for (const one of four.slice(2)) assert.deepEqual(await second.run('step', { x }), { ...one });
  });

  it('a layer with a seed has the mask of eager tfjs, the same at every step', async () => {
    const layer = tf.layers.dropout({ rate: 0.5, seed: 7 });
    const shape = [1, 100];
    const plain = Array.from({ length: 2 }, () => tf.tidy(() => means(layer, tf.ones(shape)).mean!.dataSync()[0]!));
    assert.equal(plain[0], plain[1], 'tfjs itself repeats it');
    for (const { mean } of await compiled(layer, { shape })) assert.closeTo(mean, plain[0]!, 1e-6);
  });

  it('tf.dropout and tf.randomStandardNormal in a step draw from its source too, in the order of the calls', async () => {
    const step = (_: Record<string, tf.Tensor>, random: StepRandom) => ({
      normal: tf.sum(tf.randomStandardNormal([2])),
      own: tf.sum(random.uniform([1])),
      dropped: tf.sum(tf.dropout(tf.ones([50]), 0.5)),
    });
    const random = new Random(3);
    await using training = await compileStep({ inputs: {}, step }, { device: 'cpu', random: new Random(3) });
    for (let i = 0; i < 2; i++) {
      const { normal, own, dropped } = await training.run('step', {});
      const [a, b] = random.fillNormal(new Float32Array(2));
      assert.closeTo(normal!, a! + b!, 1e-6);
      assert.equal(own, random.fillUniform(new Float32Array(1))[0]);
      const kept = random.fillUniform(new Float32Array(50)).filter((u) => u >= 0.5).length;
      assert.equal(dropped, 2 * kept);
    }
  });

  it('a draw of a distribution that cannot be seen is refused by function, layer and line', async () => {
    class Jitter extends tf.layers.Layer {
      static readonly className = 'Jitter';

      override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
        return tf.add([inputs].flat()[0]!, tf.randomNormal([3], 0, 2));
      }
    }
    const layer = new Jitter({ name: 'jitter' });
    for (const [draw, message] of [
      [() => layer.apply(tf.ones([1, 3])) as tf.Tensor, "^tf.randomNormal in layer 'jitter' at .*layer-noise.*random"],
      [() => tf.randomUniform([3], 0, 2), '^tf.randomUniform at .*layer-noise.*random'],
      [() => tf.truncatedNormal([3]), '^tf.truncatedNormal at .*layer-noise.*random'],
      [() => tf.randomGamma([3], 2), '^tf.randomGamma at .*layer-noise.*random'],
      [() => tf.rand([3], () => Math.random()), '^tf.rand at .*layer-noise.*random'],
      [() => tf.scalar(Math.random() < 2 ? 1 : 0), '^Math.random at .*layer-noise.*random'],
    ] as const) {
      const step = () => ({ y: tf.sum(draw()) });
      const error = await compileStep({ inputs: {}, step }, { device: 'cpu', random: new Random(1) }).then(
        () => assert.fail(`${message} was accepted`),
        (thrown: Error) => thrown,
      );
      assert.match(error.message, new RegExp(message));
    }
  });

  it('leaves cells and Math.random as they were', async () => {
    const { random } = Math;
    const layer = tf.layers.rnn({ cell: cell() });
    const x = tf.ones([2, 4, 3]);
    const before = (layer.apply(x) as tf.Tensor).arraySync();
    await compiled(layer, { shape: [2, 4, 3] });
    assert.equal(Math.random, random);
    assert.deepEqual((layer.apply(x) as tf.Tensor).arraySync(), before);
  });
});
