import { type GeneratorModel, InputError, load, RunFolderError } from '@onnx-forge/infer';
import { expect } from 'chai';
import { floats, type ModelSpec } from './onnx.js';
import { rejection } from './rejection.js';
import { type RunSpec, TemporaryFolders, writeManifest, writeRun } from './run-folder.js';

/** image = tanh(z A): 2 latent dimensions, of which the second does little, 1 x 3 pixels; logit = the sum of an image. */
const A = [1, -1, 0.5, 0.01, 0, -0.02];
const generate: ModelSpec = {
  inputs: { z: ['batch', 2] },
  outputs: { image: ['batch', 3] },
  nodes: [
    ['MatMul', ['z', 'A'], 'linear'],
    ['Tanh', ['linear'], 'image'],
  ],
  constants: { A: floats(A, [2, 3]) },
};
const discriminate: ModelSpec = {
  inputs: { x: ['batch', 3] },
  outputs: { logit: ['batch', 1] },
  nodes: [['MatMul', ['x', 'ones'], 'logit']],
  constants: { ones: floats([1, 1, 1], [3, 1]) },
};
const run: RunSpec = {
  kind: 'generator',
  serve: { latentDim: 2, prior: 'uniform', image: { height: 1, width: 3, channels: 1, range: [-1, 1] } },
  graphs: { generate, discriminate },
};

const g = (z0: number, z1: number): number[] => [0, 1, 2].map((p) => Math.tanh(z0 * A[p]! + z1 * A[3 + p]!));

function expectClose(found: ArrayLike<number>, expected: readonly number[]): void {
  expect(found).to.have.length(expected.length);
  expected.forEach((value, i) => {
    expect(found[i]).to.be.closeTo(value, 1e-6);
  });
}

describe('infer: GeneratorModel', () => {
  const folders = new TemporaryFolders();
  let model: GeneratorModel;

  before(async () => {
    const folder = folders.make();
    writeRun(folder, run);
    model = (await load(folder, { device: 'cpu' })) as GeneratorModel;
  });

  after(async () => {
    await model.dispose();
    folders.remove();
  });

  it('samples from its prior, uniform in [-1, 1]', async () => {
    const { z, images } = await model.sample(1000, { seed: 2 });
    expect(images.dims).to.deep.equal([1000, 3]);
    const squares = z.data.reduce((sum, value) => sum + value * value, 0) / z.data.length;
    expect(squares).to.be.closeTo(1 / 3, 0.03);
    for (const value of z.data) expect(value).to.be.within(-1, 1);
    expectClose(images.data.subarray(0, 3), g(z.data[0]!, z.data[1]!));
  });

  it('generates from latent vectors of the caller', async () => {
    expectClose(
      (
        await model.generate([
          [0.5, 1],
          [0, 0],
        ])
      ).images.data,
      [...g(0.5, 1), 0, 0, 0],
    );
  });

  it('interpolates differently in latent and in data space', async () => {
    const [a, b] = [Float32Array.of(2, 0), Float32Array.of(0, 0)];
    const latent = await model.interpolate(a, b, { steps: 3 });
    expectClose(latent.images.data, [...g(0, 0), ...g(1, 0), ...g(2, 0)]);
    const data = await model.interpolate(a, b, { steps: 3, space: 'data' });
    expectClose(data.images.data, [0, 0, 0, ...g(2, 0).map((value) => value / 2), ...g(2, 0)]);
  });

  it('finds the most and the least active dimension', async () => {
    const { change } = await model.perturb([[0, 0]], { epsilon: 1 });
    expectClose(
      change,
      [g(1, 0), g(0, 1)].map((image) => image.reduce((sum, value) => sum + Math.abs(value) / 3, 0)),
    );
    expect(change[0]).to.be.greaterThan(10 * change[1]!);
  });

  it('scores images', async () => {
    expectClose(
      await model.score([
        [1, 0.5, -1],
        [0, 0, 1],
      ]),
      [0.5, 1],
    );
    expect((await rejection(InputError, model.score(new Float32Array(4)))).message).to.match(
      /^images: an array of 4 elements/,
    );
  });

  it('does without a discriminator until it is asked to score', async () => {
    const folder = folders.make();
    const manifest = writeRun(folder, run);
    writeManifest(folder, { ...manifest, graphs: { generate: manifest.graphs.generate } });
    await using alone = (await load(folder, { device: 'cpu' })) as GeneratorModel;
    expect((await alone.sample(2)).images.dims).to.deep.equal([2, 3]);
    expect((await rejection(RunFolderError, alone.score([[0, 0, 0]]))).message).to.match(/no graph 'discriminate'/);
  });
});
