import { join } from 'node:path';
import { type ClassifierModel, load, Random } from '@onnx-forge/infer';
import { type DataSet, evaluateRun, judged, type Recipe, type Split, TrainError } from '@onnx-forge/train';
import { Judge, judgeImages } from '@onnx-forge/train/kinds';
import { expect } from 'chai';
import { floats, type ModelSpec } from '../../../infer/onnx.js';
import { rejection } from '../../../infer/rejection.js';
import { linearGaussianRun, type RunSpec, TemporaryFolders, writeRun } from '../../../infer/run-folder.js';
import { tinyRecipe } from '../../tiny.js';

const image = { height: 1, width: 3, channels: 1, range: [0, 1] } as const;

/** Reads the brightest of three pixels; sure of it when it outshines the others by 1/2. The features are the pixels. */
const classify: ModelSpec = {
  inputs: { x: ['batch', 3] },
  outputs: { logits: ['batch', 3], probabilities: ['batch', 3], features: ['batch', 3] },
  nodes: [
    ['MatMul', ['x', 'I'], 'features'],
    ['MatMul', ['x', 'W'], 'logits'],
    ['Softmax', ['logits'], 'probabilities'],
  ],
  constants: {
    I: floats([1, 0, 0, 0, 1, 0, 0, 0, 1], [3, 3]),
    W: floats([10, 0, 0, 0, 10, 0, 0, 0, 10], [3, 3]),
  },
};
const classifier: RunSpec = {
  kind: 'classifier',
  serve: { classes: ['left', 'middle', 'right'], featureDim: 3, image },
  graphs: { classify },
};

/** Draws a dim image whose brightest pixel is the left or the middle one. */
const generate: ModelSpec = {
  inputs: { z: ['batch', 2] },
  outputs: { image: ['batch', 3] },
  nodes: [
    ['MatMul', ['z', 'A'], 'linear'],
    ['Sigmoid', ['linear'], 'image'],
  ],
  constants: { A: floats([3, -3, 0, 0, 0, 1], [2, 3]) },
};
const generator: RunSpec = {
  kind: 'generator',
  serve: { latentDim: 2, prior: 'normal', image },
  graphs: { generate },
};

/** Images of uniform noise. */
function noise(): DataSet {
  const split = (seed: number, size: number): Split => {
    const pixels = new Random(seed).fillUniform(new Float32Array(3 * size));
    return {
      size,
      fields: {
        x: {
          shape: [3],
          dtype: 'float32',
          read: (index, out, offset) => out.set(pixels.subarray(3 * index, 3 * index + 3), offset),
        },
      },
    };
  };
  const splits = { train: split(1, 10), validation: split(2, 50), test: split(3, 60) };
  return { name: 'noise', splits, files: [], embedded: true };
}

describe('evaluation: judge', () => {
  const folders = new TemporaryFolders();
  after(() => folders.remove());

  const judgeOf = (request: { run: string; judge?: string }) => {
    const said: string[] = [];
    const judge = new Judge({ ...request, device: { device: 'cpu' }, onAbsent: (reason) => said.push(reason) });
    return { judge, said };
  };

  it('is the run `classifier` beside the run that is judged', async () => {
    const folder = folders.make();
    writeRun(join(folder, 'classifier'), classifier);
    const { judge, said } = judgeOf({ run: join(folder, 'gan') });
    await using _ = judge;
    expect((await judge.for(image))?.manifest.serve.classes).to.deep.equal(['left', 'middle', 'right']);
    expect(said).to.deep.equal([]);
  });

  it('says once, in one line, that there is none, and how to get one', async () => {
    const { judge, said } = judgeOf({ run: join(folders.make(), 'gan') });
    await using _ = judge;
    expect([await judge.for(image), await judge.for(image)]).to.deep.equal([undefined, undefined]);
    expect(said).to.have.length(1);
    expect(said[0]).to.match(
      /^no classifier judges the samples: .*classifier holds no trained run; train one there with/,
    );
  });

  it('that was named must be a classifier of such images; one that only lies there is passed over with a reason', async () => {
    const folder = folders.make();
    writeRun(join(folder, 'classifier'), linearGaussianRun());
    const beside = judgeOf({ run: join(folder, 'gan') });
    expect(await beside.judge.for(image)).to.equal(undefined);
    expect(beside.said[0]).to.include('it is a latent model, not a classifier');
    const named = judgeOf({ run: join(folder, 'gan'), judge: join(folder, 'classifier') });
    expect((await rejection(TrainError, named.judge.for(image))).code).to.equal('judge-unfit');

    const small = join(folders.make(), 'judge');
    writeRun(small, classifier);
    const digits = judgeOf({ run: 'runs/gan', judge: small }).judge.for({ ...image, height: 28, width: 28 });
    expect((await rejection(TrainError, digits)).message).to.include('it reads images of 1x3x1, and they are 28x28x1');
  });

  it('judges a run that is evaluated; without a judge one line says so, and nothing is measured', async () => {
    const folder = folders.make();
    const run = join(folder, 'gan');
    writeRun(run, generator);
    const evaluate = judged as NonNullable<Recipe['evaluate']>;
    const recipe: Recipe = { ...tinyRecipe, batch: () => ({ x: { shape: [3] } }), evaluate };
    const notices: string[] = [];
    const measure = () =>
      evaluateRun({
        recipe,
        run,
        data: noise(),
        device: 'cpu',
        onEvent: (event) => event.type === 'notice' && notices.push(event.text),
      });
    expect(await measure()).to.deep.equal([]);
    expect(notices).to.have.length(1);
    writeRun(join(folder, 'classifier'), classifier);
    const measured = await measure();
    expect(notices).to.have.length(1);
    expect(measured.find(({ name }) => name === 'frechetDistance')).to.include({ split: 'test', examples: 60 });
    await using model = await load(run, { device: 'cpu' });
    const recorded = model.manifest.metrics.find(({ name }) => name === 'confidentSamples');
    expect(recorded).to.include({ dataSet: 'noise', samples: 60, judge: 'test on none, seed 1' });
  });

  it('counts what it reads: confidence, classes, agreement; ranges are mapped; distances have a floor and a ceiling', async () => {
    const folder = folders.make();
    writeRun(folder, classifier);
    await using model = (await load(folder, { device: 'cpu' })) as ClassifierModel;
    // In [-1, 1]: 60 % left, 30 % middle, 10 % too dim to be sure of, read as left. Noise makes covariances.
    const random = new Random(1);
    const count = 400;
    const kind = (i: number) => i % 10;
    const draw = (i: number, pixel: number) => {
      const bright = kind(i) < 6 ? 0 : 1;
      const level = kind(i) === 9 ? (pixel === 0 ? 0.1 : 0) : pixel === bright ? 0.9 : 0.1;
      return 2 * (level + 0.01 * random.uniform()) - 1;
    };
    const make = () => Float32Array.from({ length: 3 * count }, (_, at) => draw(Math.floor(at / 3), at % 3));
    const exhibits = { image: { ...image, range: [-1, 1] as const }, samples: make(), real: make(), otherReal: make() };
    const labels = Array.from({ length: count }, (_, i) => (kind(i) < 6 ? 0 : 1));
    const found = await judgeImages(model, { ...exhibits, labels, split: 'test' }, 1);
    const values = Object.fromEntries(found.map(({ name, value }) => [name, value]));
    expect(values).to.include({ confidentSamples: 0.9, classesPresent: 2, rarestClass: 0, commonestClass: 0.7 });
    expect(values.labelAgreement).to.equal(0.9);
    expect(values.worstLabelAgreement).to.equal(0.75);
    expect(values.frechetDistance).to.be.below(1e-4);
    expect(values.frechetDistanceOfReal).to.be.below(1e-4);
    expect(values.frechetDistanceOfNoise).to.be.greaterThan(0.1);
    expect([values.precision, values.recall]).to.satisfy((parts: number[]) => parts.every((part) => part > 0.8));
    expect(found.every(({ examples, judge }) => examples === count && judge === 'test on none, seed 1')).to.equal(true);
  });

  it('splits of fewer than four images are not judged, and that is said', async () => {
    const split = (size: number): Split => ({ size, fields: {} });
    const sets = { train: split(20), validation: split(3), test: split(5) };
    const model = { manifest: { serve: { image: { height: 2, width: 2, channels: 1, range: [0, 1] } } } };
    const data = { name: 'few', splits: sets, files: [], embedded: false } satisfies DataSet;
    const notices: string[] = [];
    const request = {
      split: 'test',
      seed: 1,
      options: {},
      judge: async () => ({}) as ClassifierModel,
      onNotice: (text: string) => notices.push(text),
    } as const;
    expect(await judged(model as unknown as Parameters<typeof judged>[0], data, request)).to.deep.equal([]);
    expect(notices).to.deep.equal([
      'samples are not judged: the validation split has 3 images, and 4 at least are needed',
    ]);
  });
});
