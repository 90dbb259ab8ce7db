import { type ClassifierModel, InputError, load, RunFolderError, requireGenerative } from '@onnx-forge/infer';
import { expect } from 'chai';
import { floats, type ModelSpec } from './onnx.js';
import { rejection } from './rejection.js';
import { type RunSpec, TemporaryFolders, writeRun } from './run-folder.js';

/** features = x F (3 pixels, 2 features), logits = features W (3 classes). */
const F = [1, 0, 0, 1, 0.5, -0.5];
const W = [2, 0, -2, 0, 3, 0];
const classify: ModelSpec = {
  inputs: { x: ['batch', 3] },
  outputs: { logits: ['batch', 3], probabilities: ['batch', 3], features: ['batch', 2] },
  nodes: [
    ['MatMul', ['x', 'F'], 'features'],
    ['MatMul', ['features', 'W'], 'logits'],
    ['Softmax', ['logits'], 'probabilities'],
  ],
  constants: { F: floats(F, [3, 2]), W: floats(W, [2, 3]) },
};
const run: RunSpec = {
  kind: 'classifier',
  serve: { classes: ['a', 'b', 'c'], featureDim: 2, image: { height: 1, width: 3, channels: 1, range: [0, 1] } },
  graphs: { classify },
};

describe('infer: ClassifierModel', () => {
  const folders = new TemporaryFolders();
  let model: ClassifierModel;

  before(async () => {
    const folder = folders.make();
    writeRun(folder, run);
    model = (await load(folder, { device: 'cpu' })) as ClassifierModel;
  });

  after(async () => {
    await model.dispose();
    folders.remove();
  });

  it('gives probabilities, the most probable class with its probability, and features', async () => {
    const { probabilities, labels, confidences, features } = await model.classify([
      [1, 0, 0],
      [0, 1, 0.5],
    ]);
    expect([...features.data]).to.deep.equal([1, 0, 0.25, 0.75]);
    // Softmax of (2, 0, -2) and of (0.5, 2.25, -0.5).
    const softmax = (logits: number[]) => {
      const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
      return logits.map((logit) => Math.exp(logit) / total);
    };
    const expected = [softmax([2, 0, -2]), softmax([0.5, 2.25, -0.5])];
    expected.flat().forEach((value, i) => {
      expect(probabilities.data[i]).to.be.closeTo(value, 1e-6);
    });
    expect([...labels]).to.deep.equal([0, 1]);
    expect(confidences[1]).to.be.closeTo(expected[1]![1]!, 1e-6);
  });

  it('gives the same for many images, part by part, as for each alone', async () => {
    const images = Float32Array.from({ length: 3 * 20_000 }, (_, i) => (i % 7) / 7);
    const { labels } = await model.classify(images);
    expect(labels).to.have.length(20_000);
    const last = await model.classify(images.slice(-3));
    expect(last.labels[0]).to.equal(labels.at(-1));
  });

  it('refuses images outside its range, and rows of another size, in one line', async () => {
    const bytes = await rejection(InputError, model.classify([[255, 0, 0]]));
    expect(bytes.message).to.include('element 0 of row 0 is 255; values must lie in [0, 1]');
    expect((await rejection(InputError, model.classify([[1, 0]]))).message).to.include('row 0 must have 3 elements');
  });

  it('has no latent space to perturb', () => {
    expect(() => requireGenerative(model, 'perturb')).to.throw(InputError, 'it has no latent space to perturb');
  });

  it('refuses a manifest whose classes are not those of the graph', async () => {
    const folder = folders.make();
    writeRun(folder, { ...run, serve: { ...run.serve, classes: ['a', 'b'] } as RunSpec['serve'] });
    const error = await rejection(RunFolderError, load(folder, { device: 'cpu' }));
    expect(error.message).to.include("graph 'classify' of the classifier model must have logits float32 [batch, 2]");
  });
});
