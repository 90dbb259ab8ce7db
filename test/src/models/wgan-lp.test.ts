import { exportOnnx } from '@onnx-forge/export';
import { float32, openSession, Random } from '@onnx-forge/infer';
import { buildCritic, buildGenerator } from '@onnx-forge/models/wgan-lp';
import {
  defineRecipe,
  generatorModel,
  leakyReluLayer,
  lipschitzPenalty,
  type Network,
  sequential,
  tf,
  useBackend,
  wassersteinDistance,
} from '@onnx-forge/train';
import { dataFacts } from '@onnx-forge/train/data';
import { CompiledEngine } from '@onnx-forge/train/engine';
import { seededInitializers } from '@onnx-forge/train/layers';
import { recipeOptions } from '@onnx-forge/train/recipe';
import { expect } from 'chai';

const init = () => seededInitializers(new Random(1));

describe('wgan-lp', () => {
  before(() => useBackend('cpu'));
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it('has the layers that the assignment gives', () => {
    const shapes = ({ weights }: Network) =>
      weights.filter(({ trainable }) => trainable).map(({ variable }) => variable.shape.join('x'));
    expect(shapes(buildCritic(64, init()))).to.deep.equal([
      ...['4x4x3x64', '64', '4x4x64x128', '128'],
      ...['4x4x128x256', '256', '4x4x256x1'],
    ]);
    // Transposed convolutions: [height, width, out, in]; batch normalisation's scale and shift.
    expect(shapes(buildGenerator(100, 64, init()))).to.deep.equal([
      ...['4x4x256x100', '256', '256', '256'],
      ...['4x4x128x256', '128', '128', '128'],
      ...['4x4x64x128', '64', '64', '64'],
      ...['4x4x3x64', '3'],
    ]);
    expect(buildGenerator(100, 4, init()).apply(tf.zeros([2, 100])).shape).to.deep.equal([2, 3072]);
    expect(buildCritic(4, init()).apply(tf.zeros([2, 3072])).shape).to.deep.equal([2, 1]);
  });

  describe('the gradient of the penalty', () => {
    const inputs = () => {
      const random = new Random(2);
      const images = () => tf.tensor2d(random.fillUniform(new Float32Array(3 * 3072), -1, 1), [3, 3072]);
      return { x: images(), fake: images(), t: tf.tensor1d([0.2, 0.5, 0.9]) };
    };
    /** A critic that is steeper than 1, so that the penalty does something. */
    const steep = () => {
      const critic = buildCritic(3, init());
      for (const { variable, name } of critic.weights) {
        if (name.endsWith('kernel')) tf.tidy(() => variable.assign(variable.mul(3)));
      }
      return critic;
    };

    /**
     * Keeps every unit on one side of its kink, half of them on either: where a unit crosses it, the critic's gradient
     * jumps, and finite differences see the jumps, which no derivative has.
     */
    const settle = (critic: Network) => {
      const biases = critic.weights.filter(({ name }) => name.endsWith('bias'));
      for (const [layer, { variable }] of biases.entries()) {
        const far = 1e3 ** (layer + 1);
        const values = Array.from({ length: variable.size }, (_, unit) => (unit % 2 === 0 ? far : -far));
        tf.tidy(() => variable.assign(tf.tensor1d(values)));
      }
      return critic;
    };

    it('agrees with finite differences, for every kernel', () => {
      const { x, fake, t } = inputs();
      const critic = settle(steep());
      const penalty = () => lipschitzPenalty((images) => critic.apply(images), x, fake, t);
      const kernels = critic.weights.filter(({ name }) => name.endsWith('kernel')).map(({ variable }) => variable);
      const { value, grads } = tf.variableGrads(penalty, kernels);
      expect(value.dataSync()[0]).to.be.greaterThan(0.1);
      for (const kernel of kernels) {
        // Along its own gradient the derivative is the gradient's norm.
        const gradient = grads[kernel.name]!;
        const norm = gradient.norm().dataSync()[0]!;
        const direction = gradient.div(norm);
        const start = kernel.clone();
        const step = 2e-3 * (start.norm().dataSync()[0] ?? 0);
        const at = (distance: number) => {
          kernel.assign(start.add(direction.mul(distance)) as tf.Tensor<tf.Rank>);
          return penalty().dataSync()[0]!;
        };
        const slope = (at(step) - at(-step)) / (2 * step);
        kernel.assign(start);
        expect(slope / norm, kernel.name).to.be.closeTo(1, 1e-3);
      }
    });

    it('is the same in a graph that was recorded, as onnxruntime computes it', async () => {
      const critic = steep();
      const { x, fake, t } = inputs();
      const variables = critic.weights.map(({ variable }) => variable).filter(({ rank }) => rank === 4);
      const gradients = (given: Record<string, tf.Tensor>) => {
        const { value, grads } = tf.variableGrads(
          () => lipschitzPenalty((images) => critic.apply(images), given.x!, given.fake!, given.t!),
          variables,
        );
        const named = variables.map(({ name }, i) => [`gradient${i}`, grads[name]!] as const);
        return { penalty: value as tf.Tensor, ...Object.fromEntries(named) } as Record<string, tf.Tensor>;
      };
      const expected = gradients({ x, fake, t });
      const shapes = { x: { shape: [3, 3072] }, fake: { shape: [3, 3072] }, t: { shape: [3] } };
      const session = await openSession(exportOnnx(gradients, { inputs: shapes }).bytes, { device: 'cpu' });
      const feed = (tensor: tf.Tensor) => float32(tensor.dataSync() as Float32Array, tensor.shape);
      const found = await session.run({ x: feed(x), fake: feed(fake), t: feed(t) });
      for (const [name, tensor] of Object.entries(expected)) {
        const wanted = tensor.dataSync<'float32'>();
        const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        found[name]!.data.forEach((value, i) => {
          expect(Number(value), name).to.be.closeTo(wanted[i]!, 1e-4 * largest);
        });
      }
      await session.dispose();
    });
  });

  for (const [shift, exact] of [
    [1, 1],
    [0.5, 0.5],
  ] as const) {
    it(`a trained critic finds W1(U[0, 1], U[${shift}, ${1 + shift}]) = ${exact}`, async () => {
      const estimate = await trainedDistance(shift);
      expect(estimate).to.be.closeTo(exact, 0.05 * exact);
    });
  }
});

/** The distance between U[0, 1] and U[shift, 1 + shift] by a critic trained with the penalty; on 4096 new draws of each. */
async function trainedDistance(shift: number): Promise<number> {
  const recipe = defineRecipe({
    name: 'uniforms',
    task: 'a test',
    source: 'Petzka et al. 2018',
    data: { real: 'none', embedded: 'none' },
    // The penalised optimum is steeper than 1 by W / (2 weight).
    options: { weight: 50, learningRate: 0.01, batchSize: 256, epochs: 1 },
    batch: { x: { shape: [1] } },
    nets: (_options, { heUniform, glorotUniform }) => ({
      critic: sequential([
        tf.layers.dense({ inputShape: [1], units: 16, kernelInitializer: heUniform() }),
        leakyReluLayer(0.2),
        tf.layers.dense({ units: 1, kernelInitializer: glorotUniform() }),
      ]),
    }),
    steps: {
      critic: {
        updates: ['critic'],
        optimizer: ({ learningRate }) => tf.train.adam(learningRate, 0.5, 0.9, 1e-8),
        loss({ critic }, { x }, rng, { batchSize, weight }) {
          const fake = rng.uniform([batchSize, 1], shift, 1 + shift);
          const difference = wassersteinDistance(critic.apply(x), critic.apply(fake));
          const t = rng.uniform([batchSize], 0, 1);
          const penalty = lipschitzPenalty((points) => critic.apply(points), x, fake, t);
          return { loss: difference.add(penalty.mul(weight)) };
        },
      },
    },
    serves: () =>
      generatorModel({
        latentDim: 1,
        prior: 'uniform',
        image: { height: 1, width: 1, channels: 1, range: [0, 1] },
        generate: (z) => z,
        discriminate: (x) => x,
      }),
  });
  const options = recipeOptions(recipe);
  const nets = recipe.nets(options, init(), dataFacts({}));
  const engine = await CompiledEngine.compile(
    { recipe, nets, options, random: new Random(3) },
    { batchSize: 256, device: 'cpu' },
  );
  const random = new Random(4);
  const x = new Float32Array(256);
  for (let step = 0; step < 600; step++) await engine.run('critic', { x: random.fillUniform(x) });
  await engine.writeBack();
  const critic = nets.critic!;
  const score = (low: number) =>
    critic.apply(tf.tensor2d(random.fillUniform(new Float32Array(4096), low, low + 1), [4096, 1]));
  const distance = wassersteinDistance(score(0), score(shift)).neg().dataSync()[0]!;
  await engine.dispose();
  return distance;
}
