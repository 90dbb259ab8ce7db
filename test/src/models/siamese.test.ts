import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddingModel, load, Random } from '@onnx-forge/infer';
import siamese, { drawn } from '@onnx-forge/models/siamese';
import { gather, type Split, tf, train, useBackend, verifyRun } from '@onnx-forge/train';
import { dataFacts, SPLIT_NAMES, TrainingBatches } from '@onnx-forge/train/data';
import { CompiledEngine, EagerEngine } from '@onnx-forge/train/engine';
import { networkWeights, seededInitializers } from '@onnx-forge/train/layers';
import { recipeData, recipeOptions } from '@onnx-forge/train/recipe';
import { expect } from 'chai';
import { checkFigures } from './figure-files.js';

/** Small images and nets: seconds instead of minutes. */
const SMALL = { imageHeight: 28, imageWidth: 24, members: 2, filters: 4, embeddingDim: 8, imagesPerPerson: 10 };

const all = (split: Split, field: string) => Array.from(gather(split, field, [...Array(split.size).keys()]));

describe('siamese', () => {
  before(() => useBackend('cpu'));

  it('trains, validates and tests on different people in every fold, and numbers the images', async () => {
    const tested = new Set<number>();
    for (let fold = 0; fold < 4; fold++) {
      const options = recipeOptions(siamese, { set: { ...SMALL, fold } });
      const { splits } = await recipeData(siamese, { data: 'embedded', options });
      const people = SPLIT_NAMES.map((name) => new Set(all(splits[name], 'label')));
      expect(people.map((set) => set.size)).to.deep.equal([26, 4, 10]);
      expect(new Set(people.flatMap((set) => [...set])).size).to.equal(40);
      for (const person of people[2]!) tested.add(person);
      const images = SPLIT_NAMES.flatMap((name) => [...new Set(all(splits[name], 'image'))]);
      expect(new Set(images).size).to.equal(400);
    }
    expect(tested.size).to.equal(40);
  });

  it("has the assignment's net as a preset: its layers, and its embedding of 5 numbers", async () => {
    const options = recipeOptions(siamese, { preset: 'assignment' });
    const nets = siamese.nets(options, seededInitializers(new Random(1)), dataFacts({}));
    const shapes = Object.values(nets).flatMap((net) =>
      net.weights.filter(({ name }) => name.endsWith('/kernel')).map(({ variable }) => variable.shape),
    );
    expect(shapes).to.deep.equal([
      [3, 3, 1, 4],
      [3, 3, 4, 8],
      [3, 3, 8, 8],
      [80_000, 500],
      [500, 500],
      [500, 5],
    ]);
    const { serve } = siamese.serves(nets, options, dataFacts({}));
    expect(serve).to.deep.include({ embeddingDim: 5, metric: 'euclidean' });
    for (const net of Object.values(nets)) net.dispose();
  });

  it('makes the updates that tfjs makes, in both designs', async () => {
    const designs = [
      { ...SMALL, batchSize: 6 },
      { ...SMALL, batchSize: 6, members: 1, design: 'assignment', imageHeight: 16, imageWidth: 16 },
    ];
    for (const set of designs) {
      const options = recipeOptions(siamese, { set });
      const data = await recipeData(siamese, { data: 'embedded', options });
      const random = [new Random(2), new Random(2)] as const;
      const parts = () => ({
        recipe: {
          ...siamese,
          steps: { contrast: { ...siamese.steps.contrast!, optimizer: () => tf.train.sgd(0.01) } },
        },
        nets: siamese.nets(options, seededInitializers(new Random(1)), dataFacts(data)),
        options,
      });
      const eager = new EagerEngine({ ...parts(), random: random[0] });
      const compiled = await CompiledEngine.compile(
        { ...parts(), random: random[1] },
        { batchSize: options.batchSize, device: 'cpu' },
      );
      const batches = new TrainingBatches(data.splits.train, { batchSize: options.batchSize, seed: 1 });
      for (let step = 0; step < 3; step++) {
        const { fields } = batches.next();
        const [expected, found] = [await eager.run('contrast', fields), await compiled.run('contrast', fields)];
        for (const [name, value] of Object.entries(expected)) expect(found[name], name).to.be.closeTo(value, 1e-4);
      }
      const [expected, found] = [await eager.state(), await compiled.state()];
      for (const [name, { data: values }] of Object.entries(expected)) {
        const other = found[name]!.data;
        const worst = Array.from(values, (value, i) => Math.abs(value - other[i]!)).reduce((a, b) => Math.max(a, b), 0);
        expect(worst, name).to.be.below(1e-4);
      }
      await eager.dispose();
      await compiled.dispose();
    }
  });

  it('learns to tell people that it never saw, exports what tfjs computes, and keeps the threshold', async () => {
    const out = await mkdtemp(join(tmpdir(), 'onnx-forge-siamese-'));
    try {
      // Nearly without the image itself: what is measured is what the nets learned.
      const learning = { dropoutRate: 0, learningRate: 0.005, imageWeight: 0.01, filters: 8 };
      const set = { ...SMALL, ...learning, batchSize: 52, imagesPerPerson: 20, epochs: 6 };
      const { metrics, measurements, figures } = await train({ recipe: siamese, out, set, device: 'cpu', force: true });
      expect(metrics['contrast/loss']).to.be.below(0.8);
      const value = (name: string) => measurements.find((one) => one.name === name)!.value;
      expect(value('auc')).to.be.above(0.75);
      expect(value('equalErrorRate')).to.be.below(0.35);
      expect(value('accuracy')).to.be.above(0.65);
      expect(await checkFigures(out)).to.equal(4);
      expect(figures.map((file) => file.split('/').at(-1))).to.deep.equal([
        'pairs-train.png',
        'pairs-test.png',
        'separation-roc.png',
        'separation-distances.png',
        'loss.png',
        'distances.png',
      ]);
      const [parity] = await verifyRun({ recipe: siamese, run: out });
      expect(parity!.graph).to.equal('embed');
      // Rounding differs: 0 would say that no number was compared.
      expect(parity!.worst).to.be.within(1e-12, 1e-4);

      await using model = (await load(out, { device: 'cpu' })) as EmbeddingModel;
      expect(model.manifest.serve.threshold).to.be.within(0.05, 3);
      const data = await recipeData(siamese, { data: 'embedded', options: model.manifest.options as never });
      const x = gather(data.splits.test, 'x', [0, 1, 10]) as Float32Array;
      const image = (index: number) => x.subarray(index * 28 * 24, (index + 1) * 28 * 24);
      const [itself] = await model.compare(image(0), image(0));
      expect(itself).to.be.within(0, 1e-6); // 1 - cosine
      const { threshold } = await model.verify(image(0), image(1));
      expect(threshold).to.equal(model.manifest.serve.threshold);
    } finally {
      await rm(out, { recursive: true, force: true });
    }
  });

  it('draws brightness and its changes, of an image whose square root rises by 0.01 a row and 0.002 a column', () => {
    const [height, width] = [24, 17];
    const root = (row: number, column: number) => 0.1 + 0.01 * row + 0.002 * column;
    const image = Array.from({ length: height * width }, (_, i) => root(Math.floor(i / width), i % width) ** 2);
    const cells = tf.tidy(() => drawn(tf.tensor4d(image, [1, height, width, 1])).arraySync())[0]!;
    expect(cells.length).to.equal(3);
    expect(cells[0]!.length).to.equal(2);
    // The mean over a square is the value at its middle; a border's line of 8 has no neighbour on one side and counts as 0.
    for (const [row, column, across, down] of [
      [0, 0, 7 / 8, 7 / 8],
      [1, 1, 1, 1],
      [2, 1, 1, 7 / 8],
    ] as const) {
      const [light, sideways, downwards] = cells[row]![column]!;
      expect(light).to.be.closeTo(root(8 * row + 3.5, 8 * column + 3.5), 1e-6);
      expect(sideways).to.be.closeTo(2 * 0.002 * across, 1e-6);
      expect(downwards).to.be.closeTo(2 * 0.01 * down, 1e-6);
    }
  });

  it('says so when a data set has no identities', async () => {
    const data = await recipeData(siamese, { data: 'embedded' });
    const { label: _, ...fields } = data.splits.train.fields;
    const split = { ...data.splits.train, fields };
    const without = { ...data, splits: { train: split, validation: split, test: split } };
    expect(() => siamese.prepare(without, recipeOptions(siamese))).to.throw("a field 'label', the identity");
  });

  it('changes every weight of the trained nets in one step', async () => {
    const options = recipeOptions(siamese, { set: { ...SMALL, batchSize: 26 } });
    const data = await recipeData(siamese, { data: 'embedded', options });
    const nets = siamese.nets(options, seededInitializers(new Random(1)), dataFacts(data));
    const before = networkWeights(nets, ['body', 'head']).map(({ name, variable }) => ({
      name,
      variable,
      values: variable.dataSync().slice(),
    }));
    const engine = new EagerEngine({ recipe: siamese, nets, options, random: new Random(3) });
    const { fields } = new TrainingBatches(data.splits.train, { batchSize: 26, seed: 1 }).next();
    await engine.run('contrast', fields);
    await engine.writeBack();
    for (const { name, variable, values } of before) {
      const after = variable.dataSync();
      expect(
        values.some((value, i) => value !== after[i]),
        name,
      ).to.equal(true);
    }
    await engine.dispose();
  });
});
