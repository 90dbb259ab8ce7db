import { InputError, Random, type Vectors } from '@onnx-forge/infer';
import {
  defineRecipe,
  embeddingModel,
  fittedAffine,
  mlp,
  pairwiseContrastiveLoss,
  type Split,
  tf,
  train,
  verifyRun,
} from '@onnx-forge/train';
import { withinClassWhitening } from '@onnx-forge/train/kinds';
import { setAffine } from '@onnx-forge/train/layers';
import { loadCheckpoint } from '@onnx-forge/train/run';
import { expect } from 'chai';
import { inTemporaryFolder } from './tiny.js';

const SIZE = 3;

/** Vectors of several classes that vary within them by `mix` times independent normal numbers. */
function classes(count: number, members: number, mix: readonly (readonly number[])[]) {
  const random = new Random(5);
  const normal = () => Array.from(random.fillNormal(new Float32Array(SIZE)));
  const labels: number[] = [];
  const rows: number[][] = [];
  for (let label = 0; label < count; label++) {
    const middle = normal().map((value) => 4 * value + 1);
    for (let member = 0; member < members; member++) {
      const noise = normal();
      rows.push(middle.map((value, i) => value + mix[i]!.reduce((sum, part, j) => sum + part * noise[j]!, 0)));
      labels.push(label);
    }
  }
  const vectors: Vectors = { data: Float32Array.from(rows.flat()), dims: [rows.length, SIZE] };
  return { vectors, labels };
}

const MIX = [
  [2, 0, 0],
  [1.5, 0.5, 0],
  [-1, 0.2, 0.1],
];

function mapped({ data, dims }: Vectors, { kernel, bias }: { kernel: Float64Array; bias: Float64Array }): number[][] {
  const [rows, size] = dims as [number, number];
  return Array.from({ length: rows }, (_, row) =>
    Array.from(bias, (start, j) => {
      let sum = start;
      for (let i = 0; i < size; i++) sum += data[row * size + i]! * kernel[i * size + j]!;
      return sum;
    }),
  );
}

/** The pooled covariance within classes, by its definition: half the mean product of differences of a class's pairs. */
function within(rows: readonly number[][], labels: readonly number[]): number[][] {
  const groups = [...new Set(labels)].map((label) => rows.filter((_, row) => labels[row] === label));
  const freedom = rows.length - groups.length;
  return Array.from({ length: SIZE }, (_, i) =>
    Array.from({ length: SIZE }, (_, j) => {
      let sum = 0;
      for (const group of groups) {
        for (const a of group) for (const b of group) sum += ((a[i]! - b[i]!) * (a[j]! - b[j]!)) / (2 * group.length);
      }
      return sum / freedom;
    }),
  );
}

describe('whitening within classes', () => {
  it('makes the covariance within classes the identity and the mean 0', () => {
    const { vectors, labels } = classes(5, 8, MIX);
    const rows = mapped(vectors, withinClassWhitening(vectors, labels, 0));
    within(rows, labels).forEach((line, i) => {
      line.forEach((value, j) => {
        expect(value).to.be.closeTo(i === j ? 1 : 0, 1e-6);
      });
    });
    for (let i = 0; i < SIZE; i++) expect(rows.reduce((sum, row) => sum + row[i]!, 0)).to.be.closeTo(0, 1e-6);
  });

  it('makes distances those of Mahalanobis with the shrunk covariance', () => {
    const shrinkage = 0.3;
    const { vectors, labels } = classes(4, 5, MIX);
    const raw = mapped(vectors, { kernel: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), bias: new Float64Array(SIZE) });
    const covariance = within(raw, labels);
    const even = covariance.reduce((sum, line, i) => sum + line[i]!, 0) / SIZE;
    const [[a, b, c], [, d, e], [, , f]] = covariance.map((line, i) =>
      line.map((value, j) => (1 - shrinkage) * value + (i === j ? shrinkage * even : 0)),
    ) as [number[], number[], number[]];
    // The inverse of a symmetric 3 x 3 matrix by its cofactors.
    const [A, B, C] = [d! * f! - e! * e!, c! * e! - b! * f!, b! * e! - c! * d!];
    const det = a! * A + b! * B + c! * C;
    const inverse = [
      [A, B, C],
      [B, a! * f! - c! * c!, b! * c! - a! * e!],
      [C, b! * c! - a! * e!, a! * d! - b! * b!],
    ].map((line) => line.map((value) => value / det));
    const white = mapped(vectors, withinClassWhitening(vectors, labels, shrinkage));
    for (const [one, other] of [
      [0, 1],
      [3, 17],
      [9, 12],
    ] as const) {
      const x = raw[one]!.map((value, i) => value - raw[other]![i]!);
      const expected = x.reduce(
        (sum, xi, i) => sum + x.reduce((part, xj, j) => part + xi * inverse[i]![j]! * xj, 0),
        0,
      );
      const found = white[one]!.reduce((sum, value, i) => sum + (value - white[other]![i]!) ** 2, 0);
      expect(found).to.be.closeTo(expected, 1e-6 * expected);
    }
  });

  it('says what is missing', () => {
    const { vectors, labels } = classes(2, 2, MIX);
    const single = Array.from(labels, (_, row) => row);
    expect(() => withinClassWhitening(vectors, single, 0.1)).to.throw(InputError, 'a class with two different vectors');
    expect(() => withinClassWhitening(vectors, labels, 0)).to.throw(InputError, 'whiten with more shrinkage');
    expect(() => withinClassWhitening(vectors, labels, 0.1)).not.to.throw();
  });

  it('is the identity until it is set, in a layer that no gradient moves', () => {
    const net = fittedAffine(2);
    expect(net.weights.map(({ trainable }) => trainable)).to.deep.equal([false, false]);
    const at = (x: number[]) => Array.from(tf.tidy(() => net.apply(tf.tensor([x])).dataSync()));
    expect(at([3, 4])).to.deep.equal([3, 4]);
    setAffine(net, { kernel: [1, 2, 3, 4], bias: [0.5, -1] });
    expect(at([3, 4])).to.deep.equal([15.5, 21]);
    setAffine(net);
    expect(at([3, 4])).to.deep.equal([3, 4]);
    net.dispose();
  });
});

/** Two numbers an example: a big one that tells nothing and a small one that tells the class. */
function noisy(): Split {
  const random = new Random(11);
  const rows = Array.from({ length: 24 }, (_, row) => {
    const [loud] = random.fillNormal(new Float32Array(1));
    const [quiet] = random.fillNormal(new Float32Array(1));
    return Float32Array.of(10 * loud!, (row % 6) + 0.01 * quiet!);
  });
  return {
    size: rows.length,
    fields: {
      x: { shape: [2], dtype: 'float32', read: (index, out, offset) => out.set(rows[index]!, offset) },
      label: {
        shape: [],
        dtype: 'int32',
        read(index, out, offset) {
          out[offset] = index % 6;
        },
      },
      image: {
        shape: [],
        dtype: 'int32',
        read(index, out, offset) {
          out[offset] = index;
        },
      },
    },
  };
}

const whitened = defineRecipe({
  name: 'whitened',
  task: 'a test',
  source: 'none',
  data: { real: 'noisy', embedded: 'noisy' },
  options: { batchSize: 12, epochs: 2, whiten: true },
  batch: {
    x: { shape: [2] },
    label: { shape: [], dtype: 'int32' },
    image: { shape: [], dtype: 'int32' },
  },
  nets: (_, init) => ({
    body: mlp([2, 2], { activation: 'relu', kernel: init.glorotUniform }),
    white: fittedAffine(2),
  }),
  steps: {
    contrast: {
      updates: ['body'],
      optimizer: () => tf.train.sgd(1e-4),
      loss: ({ body }, { x, label, image }) => pairwiseContrastiveLoss(body.apply(x), label, image, 1),
    },
  },
  serves: ({ body, white }, { whiten }) =>
    embeddingModel({
      embeddingDim: 2,
      image: { height: 1, width: 2, channels: 1, range: [-40, 40] },
      metric: 'euclidean',
      embed: (x) => body.apply(x),
      identity: 'label',
      ...(whiten && { whitening: { layer: white, shrinkage: 0.001 } }),
    }),
});

describe('a whitening that is measured after training', () => {
  for (const engine of ['eager', 'compiled'] as const) {
    it(`enters the graph, the validation and the checkpoint of the ${engine} engine; a resumed run has the same`, () =>
      inTemporaryFolder(async (folder) => {
        const split = noisy();
        const data = {
          name: 'noisy',
          splits: { train: split, validation: split, test: split },
          files: [],
          embedded: true,
        };
        const common = { recipe: whitened, data, engine, device: 'cpu', evaluate: false, figures: false } as const;
        const kernelOf = async (out: string) => (await loadCheckpoint(out))!.state['white/1/kernel']!.data;
        for (const set of [{}, { averaging: 0.5 }]) {
          const name = 'averaging' in set ? 'averaged' : 'plain';
          const out = `${folder}/${name}`;
          const { metrics } = await train({ ...common, out, set });
          expect(metrics.auc).to.be.above(0.99);
          const [parity] = await verifyRun({ recipe: whitened, run: out });
          expect(parity!.worst).to.be.below(1e-4);
        }
        const bare = await train({ ...common, out: `${folder}/bare`, set: { whiten: false } });
        expect(bare.metrics.auc, 'the loud number hides the class').to.be.below(0.8);
        await train({ ...common, out: `${folder}/halves`, set: { epochs: 1 } });
        const half = await kernelOf(`${folder}/halves`);
        await train({ ...common, out: `${folder}/halves`, set: { epochs: 2 }, resume: true });
        const whole = await kernelOf(`${folder}/plain`);
        expect(await kernelOf(`${folder}/halves`)).to.deep.equal(whole);
        expect(half).not.to.deep.equal(whole);
      }));
  }
});
