import { Random } from '@onnx-forge/infer';
import { embeddingModel, embeddingQuality, loadDataSet, tf } from '@onnx-forge/train';
import { knnAccuracy, knnLabels, type LabelledVectors } from '@onnx-forge/train/measures';
import { expect } from 'chai';
import { liveModelOf } from '../live-model.js';
import { reference } from '../reference.js';
import { rejection } from '../rejects.js';

const flat = (rows: unknown) => Float32Array.from((rows as number[][]).flat());

/** The same vote, written out in float64. */
function vote(query: Float32Array, { vectors, labels }: LabelledVectors, k: number, temperature: number): number {
  const size = query.length;
  const cosine = (row: number) => {
    let [product, a, b] = [0, 0, 0];
    for (let i = 0; i < size; i++) {
      const value = vectors[row * size + i]!;
      product += query[i]! * value;
      a += query[i]! ** 2;
      b += value ** 2;
    }
    return product / Math.sqrt(a * b);
  };
  const near = Array.from(labels, (label, row) => ({ label, cosine: cosine(row) }))
    .sort((one, other) => other.cosine - one.cosine)
    .slice(0, k);
  const votes = new Map<number, number>();
  for (const one of near) votes.set(one.label, (votes.get(one.label) ?? 0) + Math.exp(one.cosine / temperature));
  return [...votes].sort((one, other) => other[1] - one[1])[0]![0];
}

describe('nearest neighbours', () => {
  it('agree with the reference', async () => {
    const { raw, output } = reference('knnClassify');
    const bank = { vectors: flat(raw('bank')), labels: raw('labels') as number[] };
    const found = await knnLabels(flat(raw('features')), bank, { k: raw('k') as number, temperature: 0.1 });
    expect(Array.from(found)).to.deep.equal(output('prediction'));
  });

  it('agree with the vote in float64, whatever the lengths of the vectors, k and the temperature', async () => {
    const random = new Random(1);
    const dimensions = 12;
    const vectors = random.fillNormal(new Float32Array(300 * dimensions)).map((value, i) => value * (1 + (i % 7)));
    const bank = { vectors, labels: Array.from({ length: 300 }, () => random.integer(4)) };
    const queries = random.fillNormal(new Float32Array(50 * dimensions));
    for (const [k, temperature] of [
      [1, 0.1],
      [20, 0.1],
      [20, 0.005], // exp(1 / 0.005) is far beyond float32
      [300, 1],
    ] as const) {
      const found = await knnLabels(queries, bank, { k, temperature });
      const expected = Array.from({ length: 50 }, (_, row) =>
        vote(queries.subarray(row * dimensions, (row + 1) * dimensions), bank, k, temperature),
      );
      expect(Array.from(found), `k ${k}, T ${temperature}`).to.deep.equal(expected);
    }
  });

  it('gives the part of right answers, also when the queries are several blocks', async () => {
    const random = new Random(2);
    const rows = 2500; // 4e6 / 2500 = 1,600 queries a block
    const labels = Array.from({ length: rows }, () => random.integer(3));
    // Each class on an axis of its own, with noise that never reaches another; every tenth query's label is wrong.
    const vectors = new Float32Array(rows * 3);
    for (const [row, label] of labels.entries()) {
      for (let i = 0; i < 3; i++) vectors[3 * row + i] = (i === label ? 1 : 0) + 0.1 * random.uniform();
    }
    const asked = labels.map((label, row) => (row % 10 === 0 ? (label + 1) % 3 : label));
    const accuracy = await knnAccuracy({ vectors, labels: asked }, { vectors, labels }, { k: 15, temperature: 0.1 });
    expect(accuracy).to.equal(0.9);
  });

  it('needs a bank of at least k', async () => {
    const bank = { vectors: new Float32Array(20), labels: new Int32Array(10) };
    const error = await rejection(() => knnLabels(new Float32Array(2), bank, { k: 11, temperature: 0.1 }));
    expect(error.message).to.equal("kNN can't ask 11 neighbours: its bank has 10 examples; take a smaller k");
  });
});

describe('what is watched of representations', () => {
  it('asks the training images without labels of their own, and tells spread from collapse', async () => {
    const { splits, ...about } = await loadDataSet('synthetic-shapes');
    const pick = (name: 'train' | 'validation', size: number) => ({ ...splits[name], size });
    const data = { ...about, splits: { ...splits, train: pick('train', 40), validation: pick('validation', 600) } };
    const random = new Random(3);
    /** Outputs that know little of the images: a random projection, centred at 1, with a spread as given. */
    const measured = async (spread: number) => {
      const pixels = 32 * 32 * 3;
      const projection = tf.tensor2d(random.fillNormal(new Float32Array(pixels * 64)), [pixels, 64]);
      const model = await liveModelOf(
        embeddingModel({
          embeddingDim: 64,
          image: { height: 32, width: 32, channels: 3, range: [0, 1] },
          metric: 'cosine',
          embed: (x) => x.sub(0.5).mul(1e4).sin().matMul(projection).mul(spread).add(1),
        }),
      );
      await using _ = model;
      const options = { neighbours: 20, temperature: 0.1 };
      const request = { split: 'validation', seed: 1, options } as const;
      const found = await embeddingQuality({ images: 'x', labels: 'label' })(model, data, request);
      projection.dispose();
      return Object.fromEntries(found.map(({ name, value }) => [name, value]));
    };
    const wide = await measured(1e4);
    // Directions evenly spread over the sphere in d dimensions: each coordinate has mean 0 and variance 1/d.
    expect(wide.std).to.be.closeTo(1, 0.01);
    expect(wide.knn).to.be.within(0.05, 0.2); // 1/8 by guessing
    const narrow = await measured(1e-4);
    expect(narrow.std).to.be.closeTo(0.004, 0.001);
  });
});
