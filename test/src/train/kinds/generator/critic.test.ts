import { type GeneratorModel, load } from '@onnx-forge/infer';
import { criticEstimate, type DataSet, interpolationSharpness, type Split } from '@onnx-forge/train';
import { expect } from 'chai';
import { floats, type ModelSpec } from '../../../infer/onnx.js';
import { TemporaryFolders, writeRun } from '../../../infer/run-folder.js';

/** Images of 1 x 2 pixels. A tanh of a steep line is -1 or 1 nearly everywhere: sharp at every point of the latent space. */
const steep: ModelSpec = {
  inputs: { z: ['batch', 1] },
  outputs: { image: ['batch', 2] },
  nodes: [
    ['MatMul', ['z', 'A'], 'linear'],
    ['Tanh', ['linear'], 'image'],
  ],
  constants: { A: floats([1000, -1000], [1, 2]) },
};
const linear: ModelSpec = {
  inputs: { z: ['batch', 1] },
  outputs: { image: ['batch', 2] },
  nodes: [['MatMul', ['z', 'A'], 'image']],
  constants: { A: floats([1, -1], [1, 2]) },
};
/** The score is the first pixel. */
const discriminate: ModelSpec = {
  inputs: { x: ['batch', 2] },
  outputs: { logit: ['batch', 1] },
  nodes: [['MatMul', ['x', 'B'], 'logit']],
  constants: { B: floats([1, 0], [2, 1]) },
};

/** Every image is (3, 0). */
function constant(): DataSet {
  const x = {
    shape: [2],
    dtype: 'float32' as const,
    read: (_: number, out: Float32Array | Int32Array, at: number) => out.set([3, 0], at),
  };
  const split: Split = { size: 500, fields: { x } };
  return { name: 'constant', splits: { train: split, validation: split, test: split }, files: [], embedded: true };
}

describe('evaluation: critic', () => {
  const folders = new TemporaryFolders();
  after(() => folders.remove());

  const modelOf = async (generate: ModelSpec) => {
    const folder = folders.make();
    const image = { height: 1, width: 2, channels: 1, range: [-1, 1] } as const;
    writeRun(folder, {
      kind: 'generator',
      serve: { latentDim: 1, prior: 'normal', image },
      graphs: { generate, discriminate },
    });
    return (await load(folder, { device: 'cpu' })) as GeneratorModel;
  };

  it('estimates E critic(x) - E critic(G(z)), with its standard error', async () => {
    await using model = await modelOf(linear);
    const [found] = await criticEstimate(model, constant(), { split: 'test', seed: 1, options: {} });
    // critic(x) = 3, critic(G(z)) = z ~ N(0, 1).
    expect(found).to.include({ name: 'wassersteinEstimate', examples: 500, split: 'test' });
    expect(found!.standardError).to.be.closeTo(1 / Math.sqrt(500), 0.005);
    expect(Math.abs(found!.value - 3)).to.be.below(4 * found!.standardError!);
  });

  it('finds mid-way images as sharp as samples in a latent space of sharp images, less so in data space', async () => {
    await using model = await modelOf(steep);
    const [latent, data] = await interpolationSharpness(model, constant(), { split: 'test', seed: 1, options: {} });
    expect(latent!.value).to.be.closeTo(1, 0.02);
    // Half of the pairs have opposite signs, and cancel.
    expect(data!.value).to.be.closeTo(0.5, 0.12);
  });

  it('finds no difference between the spaces for a linear generator', async () => {
    await using model = await modelOf(linear);
    const [latent, data] = await interpolationSharpness(model, constant(), { split: 'test', seed: 1, options: {} });
    expect(latent!.value).to.be.closeTo(data!.value, 1e-5);
  });
});
