import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { float32, load, openSession, Random } from '@onnx-forge/infer';
import recipe, { buildEncoder, buildPredictor, buildProjector, forward, simsiamLoss } from '@onnx-forge/models/simsiam';
import {
  loadDataSet,
  type Network,
  readLog,
  takeTraining,
  tf,
  train,
  useBackend,
  weightDecay,
} from '@onnx-forge/train';
import { dataFacts } from '@onnx-forge/train/data';
import { CompiledEngine, EagerEngine } from '@onnx-forge/train/engine';
import { networkWeights, seededInitializers } from '@onnx-forge/train/layers';
import { FixedRate, recipeOptions } from '@onnx-forge/train/recipe';
import { exportGraph } from '@onnx-forge/train/run';
import { expect } from 'chai';
import { checkFigures } from './figure-files.js';

const RESNET_18 = { width: 64, stages: 4, blocks: 2, zeroInit: true, stem: 'imagenet' } as const;
const TINY = { width: 2, stages: 2, blocks: 1, zeroInit: true, stem: 'strided', dimensions: 8, batchSize: 4 } as const;
const init = (seed = 1) => seededInitializers(new Random(seed));
const images = (count: number, seed = 2) =>
  tf.tensor2d(new Random(seed).fillUniform(new Float32Array(count * 3072)), [count, 3072]);
const size = ({ weights }: Network) =>
  weights.filter(({ trainable }) => trainable).reduce((sum, { variable }) => sum + variable.size, 0);

function tinyNets(set: object = {}) {
  const options = recipeOptions(recipe, { set: { ...TINY, ...set } });
  return {
    options,
    nets: recipe.nets(options, init(), dataFacts({})) as Record<'encoder' | 'projector' | 'predictor', Network>,
  };
}

/** A batch whose two views differ. */
function views() {
  const pixels = (seed: number) => new Random(seed).fillUniform(new Float32Array(4 * 3072));
  return { x1: pixels(3), x2: pixels(4), label: new Int32Array(4) };
}

describe('simsiam', () => {
  before(() => useBackend('cpu'));

  describe('networks', () => {
    it('are ResNet-18 and the heads of the assignment', () => {
      const encoder = buildEncoder(RESNET_18, init());
      // torchvision's resnet18 has 11,689,512 parameters, 513,000 of them in the last layer.
      expect(size(encoder)).to.equal(11_176_512);
      expect(size(buildEncoder({ ...RESNET_18, stem: 'cifar' }, init()))).to.equal(11_176_512 - (49 - 9) * 3 * 64);
      expect(encoder.model.outputs[0]!.shape).to.deep.equal([null, 512]);
      const kernels = ({ weights }: Network) =>
        weights.filter(({ name }) => name.endsWith('kernel')).map(({ variable }) => variable.shape);
      expect(kernels(encoder)[0]).to.deep.equal([7, 7, 3, 64]);
      const projector = buildProjector(512, 2048, init());
      expect(kernels(projector)).to.deep.equal([
        [512, 512],
        [512, 512],
        [512, 2048],
      ]);
      // The last normalisation has no scale and shift of its own.
      expect(size(projector)).to.equal(2 * 512 * 512 + 512 * 2048 + 2 * 2 * 512);
      const predictor = buildPredictor('mlp', 2048, init());
      expect(kernels(predictor)).to.deep.equal([
        [2048, 512],
        [512, 2048],
      ]);
      expect(size(predictor)).to.equal(2 * 2048 * 512 + 2 * 512 + 2048);
      expect(size(buildPredictor('identity', 2048, init()))).to.equal(0);
      expect(size(buildPredictor('fixed', 2048, init()))).to.equal(0);
    });

    it('halve the maps between stages: 8 x 8 to 1 x 1 after the stem of ImageNet, 32 x 32 to 4 x 4 after that of CIFAR', () => {
      const sides = (stem: 'imagenet' | 'cifar' | 'strided') =>
        buildEncoder({ ...TINY, stages: 4, stem }, init())
          .model.layers.filter((layer) => layer.getClassName() === 'Add')
          .map((layer) => (layer.outputShape as number[]).slice(1, 3));
      const halving = (first: number) => [0, 1, 2, 3].map((stage) => [first >> stage, first >> stage]);
      expect(sides('imagenet')).to.deep.equal(halving(8));
      expect(sides('strided')).to.deep.equal(halving(16));
      expect(sides('cifar')).to.deep.equal(halving(32));
    });

    it('start with blocks that pass their input on', () => {
      const { weights } = buildEncoder({ ...RESNET_18, width: 2 }, init());
      const scales = weights.filter(({ name }) => name.endsWith('gamma'));
      const zero = scales.filter(({ variable }) => variable.dataSync().every((value) => value === 0));
      expect(zero, 'one in each of the 8 blocks').to.have.length(8);
      for (const one of scales.filter((scale) => !zero.includes(scale))) {
        expect(Array.from(one.variable.dataSync())).to.satisfy((values: number[]) =>
          values.every((value) => value === 1),
        );
      }
    });

    it('place an image the same alone and among others once exported: batch normalisation in inference mode', async () => {
      const { nets, options } = tinyNets();
      // Averages that are not those of a fresh network.
      forward(nets, images(4, 5), images(4, 6));
      const { graphs, serve } = recipe.serves(nets, options, dataFacts({}));
      expect(serve).to.deep.include({ embeddingDim: 8, metric: 'cosine' });
      await using session = await openSession(exportGraph(graphs.embed!).bytes, { device: 'cpu', name: 'embed' });
      const x = images(3).dataSync() as Float32Array;
      const all = (await session.run({ x: float32(x, [3, 3072]) })).embedding!;
      expect(all.dims).to.deep.equal([3, 8]);
      for (let row = 0; row < 3; row++) {
        const alone = (await session.run({ x: float32(x.slice(row * 3072, (row + 1) * 3072), [1, 3072]) })).embedding!;
        for (let i = 0; i < 8; i++) expect(alone.data[i]).to.be.closeTo(all.data[row * 8 + i] as number, 1e-5);
      }
    });
  });

  describe('loss', () => {
    const batch = () => ({ x1: images(4, 3), x2: images(4, 4) });
    /** Value, and gradient for every trained weight. */
    const gradients = (predictor: string, stop: boolean) => {
      const { nets } = tinyNets({ predictor });
      const { x1, x2 } = batch();
      const variables = networkWeights(nets).filter(({ trainable }) => trainable);
      const { value, grads } = tf.variableGrads(
        () => simsiamLoss(forward(nets, x1, x2), stop),
        variables.map(({ variable }) => variable),
      );
      return {
        value: value.dataSync()[0]!,
        grads: variables.map(({ name, variable }) => ({ name, values: grads[variable.name]!.dataSync() })),
      };
    };

    it('with the identity for a predictor, the stop-gradient halves the gradient and changes nothing else', () => {
      const stopped = gradients('identity', true);
      const free = gradients('identity', false);
      expect(stopped.value).to.be.closeTo(free.value, 1e-6);
      let largest = 0;
      for (const [index, { name, values }] of stopped.grads.entries()) {
        const whole = free.grads[index]!.values;
        const scale = Math.max(...whole.map(Math.abs));
        largest = Math.max(largest, scale);
        for (const [i, value] of values.entries()) {
          expect(value, `${name}[${i}]`).to.be.closeTo(whole[i]! / 2, 1e-6 + 1e-4 * scale);
        }
      }
      expect(largest, 'the gradient is not nothing').to.be.greaterThan(1e-3);
    });

    it('with a predictor, it does more than that', () => {
      const [stopped, free] = [gradients('mlp', true), gradients('mlp', false)];
      const misfit = stopped.grads.map(({ values }, index) =>
        Math.max(...values.map((value, i) => Math.abs(value - free.grads[index]!.values[i]! / 2))),
      );
      expect(Math.max(...misfit)).to.be.greaterThan(1e-2);
    });

    it('moves the predictions only: no gradient reaches the targets', () => {
      const vectors = (seed: number) => tf.tensor2d(new Random(seed).fillNormal(new Float32Array(12)), [3, 4]);
      const places = [1, 2, 3, 4].map(vectors);
      const at = (stop: boolean) =>
        tf
          .grads((p1, p2, z1, z2) => simsiamLoss({ p1: p1!, p2: p2!, z1: z1!, z2: z2! }, stop))(places)
          .map((gradient) => gradient.abs().max().dataSync()[0]!);
      const [p1, p2, z1, z2] = at(true);
      expect(Math.min(p1!, p2!)).to.be.greaterThan(1e-3);
      expect([z1, z2]).to.deep.equal([0, 0]);
      for (const largest of at(false)) expect(largest).to.be.greaterThan(1e-3);
    });

    it("has the weight decay of PyTorch's SGD: decay times the weight is added to its gradient", () => {
      const { nets } = tinyNets();
      const trained = networkWeights(nets).filter(({ trainable }) => trainable);
      const variables = trained.map(({ variable }) => variable);
      const { value, grads } = tf.variableGrads(() => weightDecay(Object.values(nets), 0.1), variables);
      let squares = 0;
      for (const variable of variables) {
        const [values, gradient] = [variable.dataSync(), grads[variable.name]!.dataSync()];
        for (const [i, weight] of values.entries()) {
          squares += weight ** 2;
          expect(gradient[i]).to.be.closeTo(0.1 * weight, 1e-6);
        }
      }
      expect(value.dataSync()[0]).to.be.closeTo(0.05 * squares, 1e-4 * squares);
    });
  });

  describe('training', () => {
    const compiled = async (set: object) => {
      const { options, nets } = tinyNets(set);
      const parts = { recipe, nets, options, random: new Random(1) };
      return CompiledEngine.compile(parts, { batchSize: 4, device: 'cpu' });
    };
    /** Networks whose weights (not averages, not momenta) an iteration moves. */
    const movedNetworks = async (set: object, factor: number) => {
      const { nets } = tinyNets(set);
      const names = networkWeights(nets)
        .map(({ name }) => name)
        .filter((name) => !name.includes('moving'));
      const engine = await compiled(set);
      engine.scaleLearningRates(factor);
      const before = await engine.state();
      await engine.run('simsiam', views());
      const after = await engine.state();
      await engine.dispose();
      const moved = names.filter((name) => before[name]!.data.some((value, i) => value !== after[name]!.data[i]));
      return [...new Set(moved.map((name) => name.split('/')[0]))];
    };

    it('has a learning rate in proportion to the batch; the schedule leaves that of the predictor alone', async () => {
      const { optimizer } = recipe.steps.simsiam!;
      const groups = optimizer(recipeOptions(recipe, { set: { batchSize: 1024 } })) as Record<string, unknown>;
      expect(groups.predictor).to.be.instanceOf(FixedRate);
      for (const one of [groups.encoder, groups.projector, (groups.predictor as FixedRate).optimizer]) {
        expect(one).to.include({ learningRate: 0.12 });
      }
      expect(await movedNetworks({}, 1)).to.have.members(['encoder', 'projector', 'predictor']);
      expect(await movedNetworks({}, 0)).to.deep.equal(['predictor']);
    });

    it('leaves a fixed predictor as it was', async () => {
      expect(await movedNetworks({ predictor: 'fixed' }, 1)).to.have.members(['encoder', 'projector']);
      expect(await movedNetworks({ predictor: 'identity' }, 1)).to.have.members(['encoder', 'projector']);
    });

    it('does the same compiled as tfjs does: weights, with momentum, and averages over both views', async () => {
      const [one, other] = [tinyNets(), tinyNets()];
      const eager = new EagerEngine({ recipe, ...one, random: new Random(1) });
      const fast = await CompiledEngine.compile(
        { recipe, ...other, random: new Random(1) },
        { batchSize: 4, device: 'cpu' },
      );
      for (let iteration = 0; iteration < 2; iteration++) {
        const [expected, actual] = [await eager.run('simsiam', views()), await fast.run('simsiam', views())];
        for (const metric of ['loss', 'similarity', 'std']) {
          expect(actual[metric], metric).to.be.closeTo(expected[metric]!, 1e-4);
        }
      }
      const [expected, actual] = [await eager.state(), await fast.state()];
      const weights = networkWeights(one.nets).map(({ name }) => name);
      expect(weights.filter((name) => name.includes('moving'))).not.to.deep.equal([]);
      for (const name of weights) {
        const { data } = expected[name]!;
        const scale = Math.max(...data.map(Math.abs));
        for (const [i, value] of data.entries()) {
          expect(actual[name]!.data[i], `${name}[${i}]`).to.be.closeTo(value, 1e-5 + 1e-3 * scale);
        }
      }
      await eager.dispose();
      await fast.dispose();
    });

    it('goes all the way: neighbours and spread before and after each epoch, a run that embeds', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'onnx-forge-simsiam-'));
      try {
        const data = takeTraining(await loadDataSet('synthetic-shapes'), 64);
        const set = { ...TINY, batchSize: 32, neighbours: 10, epochs: 1 };
        const out = join(folder, 'run');
        const { measurements, figures } = await train({ recipe, data, out, set, device: 'cpu' });
        const log = await readLog(join(out, 'metrics.jsonl'));
        const watched = log.filter(({ kind }) => kind === 'validation');
        expect(watched.map(({ epoch }) => epoch)).to.deep.equal([0, 1]);
        for (const { metrics } of watched) {
          expect(metrics.knn).to.be.within(0, 1);
          expect(metrics.std).to.be.within(0, 1.2);
        }
        const names = measurements.map(({ name }) => name);
        expect(names).to.deep.equal(['knnAccuracy (k=10, T=0.1)', 'knnAccuracy of pixels', 'relativeStd']);
        expect(figures).to.have.length(4);
        expect(await checkFigures(out)).to.equal(3);
        await using model = await load(out, { device: 'cpu' });
        if (model.kind !== 'embedding') throw new Error(`a ${model.kind}`);
        expect((await model.embed(images(2).dataSync() as Float32Array)).dims).to.deep.equal([2, 8]);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
  });
});
