import { dissimilarity, type EmbeddingModel, InputError, load, RunFolderError } from '@onnx-forge/infer';
import { expect } from 'chai';
import fc from 'fast-check';
import { floats, type ModelSpec } from './onnx.js';
import { rejection } from './rejection.js';
import { type RunSpec, TemporaryFolders, writeRun } from './run-folder.js';

/** embedding = x E: 3 pixels, 2 dimensions. */
const E = [3, 0, 0, 4, 1, 1];
const embed: ModelSpec = {
  inputs: { x: ['batch', 3] },
  outputs: { embedding: ['batch', 2] },
  nodes: [['MatMul', ['x', 'E'], 'embedding']],
  constants: { E: floats(E, [3, 2]) },
};
const image = { height: 1, width: 3, channels: 1, range: [0, 1] } as const;
const run: RunSpec = { kind: 'embedding', serve: { embeddingDim: 2, image, metric: 'euclidean' }, graphs: { embed } };

describe('infer: EmbeddingModel', () => {
  const folders = new TemporaryFolders();
  const models: EmbeddingModel[] = [];
  const open = async (serve: object = {}): Promise<EmbeddingModel> => {
    const folder = folders.make();
    writeRun(folder, { ...run, serve: { ...run.serve, ...serve } as RunSpec['serve'] });
    const model = (await load(folder, { device: 'cpu' })) as EmbeddingModel;
    models.push(model);
    return model;
  };

  after(async () => {
    for (const model of models) await model.dispose();
    folders.remove();
  });

  it('embeds, and compares pair by pair by distance', async () => {
    const model = await open();
    const images = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ];
    const { data, dims } = await model.embed(images);
    expect([...data]).to.deep.equal([3, 0, 0, 4, 1, 1]);
    expect(dims).to.deep.equal([3, 2]);
    // (3, 0) to (0, 4): 5; (0, 4) to itself: 0; (1, 1) to (3, 0): sqrt 5.
    const distances = await model.compare(images, [images[1]!, images[1]!, images[0]!]);
    expect([...distances]).to.deep.equal([5, 0, Math.sqrt(5)]);
  });

  it('compares by one minus the cosine where the run says so', async () => {
    const model = await open({ metric: 'cosine' });
    const [right, opposite] = await model.compare(
      [
        [1, 0, 0],
        [0, 0, 1],
      ],
      [
        [0, 1, 0],
        [0, 0, 0.5],
      ],
    );
    expect(right).to.equal(1);
    expect(opposite).to.be.closeTo(0, 1e-12);
  });

  it("decides by the run's threshold or the caller's, the threshold itself being the same still", async () => {
    const model = await open({ threshold: 4.5 });
    const [a, b] = [
      [
        [1, 0, 0],
        [0, 0, 1],
      ],
      [
        [0, 1, 0],
        [0, 0, 1],
      ],
    ];
    const { same, dissimilarity: found, threshold } = await model.verify(a, b);
    expect(same).to.deep.equal([false, true]);
    expect([...found]).to.deep.equal([5, 0]);
    expect(threshold).to.equal(4.5);
    expect((await model.verify(a, b, { threshold: 5 })).same).to.deep.equal([true, true]);
  });

  it('says what is wrong with images or threshold in one line', async () => {
    const model = await open();
    const bytes = await rejection(InputError, model.embed([[0, 255, 0]]));
    expect(bytes.message).to.include('images: element 1 of row 0 is 255; values must lie in [0, 1]');
    const size = await rejection(InputError, model.compare([[0, 0, 0]], [[0, 0]]));
    expect(size.message).to.include('b: row 0 must have 3 elements');
    const counts = await rejection(InputError, model.compare(new Float32Array(6), new Float32Array(3)));
    expect(counts.message).to.include('they have 2 and 1');
    const none = await rejection(InputError, model.verify([[0, 0, 0]], [[0, 0, 0]]));
    expect(none.message).to.include('was trained without a threshold: give one');
    const nan = await rejection(InputError, model.verify([[0, 0, 0]], [[0, 0, 0]], { threshold: Number.NaN }));
    expect(nan.message).to.include('needs a finite threshold');
  });

  it('refuses a manifest whose dimensions are not those of the graph, and an unknown metric', async () => {
    const wrongSize = await rejection(RunFolderError, open({ embeddingDim: 3 }));
    expect(wrongSize.message).to.include("graph 'embed' of the embedding model must have embedding float32 [batch, 3]");
    const wrongMetric = await rejection(RunFolderError, open({ metric: 'taxicab' }));
    expect(wrongMetric.message).to.include('serve.metric');
  });
});

describe('infer: dissimilarity', () => {
  const vector = fc
    .array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 4, maxLength: 4 })
    .map((values) => Float32Array.from(values));

  it('is 0 for a vector and itself, symmetric, and never negative', () => {
    fc.assert(
      fc.property(vector, vector, fc.constantFrom('euclidean' as const, 'cosine' as const), (a, b, metric) => {
        const between = dissimilarity(a, b, metric);
        expect(between).to.be.at.least(0);
        expect(between).to.equal(dissimilarity(b, a, metric));
        if (metric === 'euclidean') expect(dissimilarity(a, a, metric)).to.equal(0);
        else expect(between).to.be.at.most(2 + 1e-12);
      }),
    );
  });

  it('takes a vector of zeros as unlike everything by cosine', () => {
    expect(dissimilarity(new Float32Array(2), Float32Array.of(1, 2), 'cosine')).to.equal(1);
  });
});
