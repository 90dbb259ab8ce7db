import { runInNewContext } from 'node:vm';
import { GraphError, InputError, type LatentModel, load } from '@onnx-forge/infer';
import { expect } from 'chai';
import { linearGaussian } from './linear-gaussian.js';
import type { ModelSpec } from './onnx.js';
import { rejection } from './rejection.js';
import { linearGaussianRun, TemporaryFolders, writeRun } from './run-folder.js';

const x = Float32Array.from(linearGaussian().x.flat()); // [4, 5]
const z = Float32Array.of(0.5, -1);

/** Every method that takes arrays, as a call whose result can be compared. */
const CALLS: Readonly<
  Record<string, (model: LatentModel, images: Float32Array, latent: Float32Array) => Promise<unknown>>
> = {
  encode: (model, images) => model.encode(images),
  'encode of rows': (model, images) => model.encode([0, 1, 2, 3].map((row) => images.subarray(5 * row, 5 * row + 5))),
  'encode of a tensor': (model, images) => model.encode({ type: 'float32', dims: [4, 5], data: images }),
  decode: (model, _, latent) => model.decode(latent),
  elbo: (model, images) => model.elbo(images, { samples: 3 }),
  logLikelihood: (model, images) => model.logLikelihood(images, { samples: 5, batchSize: 1 }),
  'logLikelihood.stream': async (model, images) => {
    const parts: unknown[] = [];
    const stream = model.logLikelihood.stream(images, { samples: 5, batchSize: 1 });
    await Promise.resolve(); // the caller goes on before it asks for the first part
    for await (const part of stream) parts.push(part);
    return parts;
  },
  'interpolate in latent space': (model, _, latent) => model.interpolate(latent, latent, { steps: 3 }),
  'interpolate in data space': (model, _, latent) => model.interpolate(latent, latent, { steps: 3, space: 'data' }),
  perturb: (model, _, latent) => model.perturb(latent),
};

describe('infer: inputs', () => {
  const folders = new TemporaryFolders();
  let model: LatentModel;

  before(async () => {
    const folder = folders.make();
    writeRun(folder, linearGaussianRun());
    model = (await load(folder, { device: 'cpu' })) as LatentModel;
  });

  after(async () => {
    await model.dispose();
    folders.remove();
  });

  for (const [name, call] of Object.entries(CALLS)) {
    it(`are read before ${name} returns: what is done to them later changes nothing`, async () => {
      const expected = await call(model, x.slice(), z.slice());
      const [images, latent] = [x.slice(), z.slice()];
      const filled = call(model, images, latent);
      images.fill(Number.NaN);
      latent.fill(Number.NaN);
      expect(await filled).to.deep.equal(expected);
      const [sentImages, sentLatent] = [x.slice(), z.slice()];
      const sent = call(model, sentImages, sentLatent);
      structuredClone([sentImages, sentLatent], { transfer: [sentImages.buffer, sentLatent.buffer] });
      expect(await sent).to.deep.equal(expected);
    });
  }

  it('may be arrays of another realm, or in shared memory', async () => {
    const expected = await model.encode(x);
    const foreign = runInNewContext('({ flat: new Float32Array(numbers), rows: [numbers.slice(0, 5)] })', {
      numbers: Array.from(x),
    }) as { readonly flat: Float32Array; readonly rows: readonly (readonly number[])[] };
    expect(foreign.flat).not.to.be.instanceOf(Float32Array);
    expect(await model.encode(foreign.flat)).to.deep.equal(expected);
    expect(await model.encode({ type: 'float32', dims: [4, 5], data: foreign.flat })).to.deep.equal(expected);
    expect([...(await model.encode(foreign.rows)).mu.data]).to.deep.equal([...expected.mu.data.subarray(0, 2)]);
    const shared = new Float32Array(new SharedArrayBuffer(x.byteLength));
    shared.set(x);
    expect(await model.encode(shared as unknown as Float32Array)).to.deep.equal(expected);
  });

  it('that are no arrays of numbers are named', async () => {
    const row = Array.from(x.subarray(0, 5));
    const wrong: [unknown, RegExp][] = [
      [null, /^x must hold at least one row of 5 numbers, as a Float32Array, .*; not null$/],
      [undefined, /not undefined$/],
      [7, /not a number$/],
      ['01010', /not a string$/],
      [Float64Array.from(row), /not a Float64Array$/],
      [row, /^x: row 0 must have 5 elements, not a number$/],
      [['01010'], /^x: row 0 must have 5 elements, not a string$/],
      [[null], /^x: row 0 must have 5 elements, not null$/],
      [[row.map(String)], /^x: element 0 of row 0 must be a number, not a string$/],
      [[BigInt64Array.from(row, () => 1n)], /^x: element 0 of row 0 must be a number, not a bigint$/],
      [[row.with(3, 1e39)], /^x: element 3 of row 0 is Infinity/],
      [{ type: 'float32', dims: [1, 5], data: Float64Array.from(row) }, /^x must be float32 \[rows, 5\]/],
      [{ type: 'float32', dims: [1, 5], data: row }, /^x must hold at least one row of 5 numbers.*not an object$/],
    ];
    for (const [given, message] of wrong) {
      expect((await rejection(InputError, model.encode(given as Float32Array))).message).to.match(message);
    }
  });

  it('that are no options are named', async () => {
    const calls: (() => Promise<unknown>)[] = [
      () => model.sample(2, null as never),
      () => model.encode(x, 3 as never),
      () => model.logLikelihood(x, null as never),
      () => model.interpolate(z, z, null as never),
    ];
    for (const call of calls) {
      expect((await rejection(InputError, call())).message).to.match(/^the options of \w+ of .* must be an object/);
    }
    const dims = rejection(InputError, model.perturb(z, { dims: 1 as never }));
    expect((await dims).message).to.equal("dims must be 'all' or an array, not a number");
  });

  it('that ask for more images than an array holds are refused at once', async () => {
    const begin = process.memoryUsage.rss();
    const calls = [
      model.sample(1e9),
      model.interpolate(z, z, { steps: 1e9 }),
      model.interpolate(z, z, { steps: 1e9, space: 'data' }),
    ];
    for (const call of calls) {
      const { message } = await rejection(InputError, call);
      expect(message).to.match(
        /^1000000000 images of 5 numbers fit into no array: ask for at most 858993459 at a time$/,
      );
    }
    expect(process.memoryUsage.rss() - begin).to.be.below(1e9);
  });

  it('that are of the wrong kind of number are named', async () => {
    expect((await rejection(InputError, model.sample('3' as never))).message).to.match(/not a string$/);
    expect((await rejection(InputError, model.sample(1, { seed: '7' as never }))).message).to.match(/not a string$/);
  });

  it('too large for float32 end in an error, not in NaN', async () => {
    const folder = folders.make();
    const run = linearGaussianRun();
    const { decode } = run.graphs;
    const nodes = [...decode!.nodes.slice(0, -1), ['Sub', ['Wz', 'Wz'], 'mean']] as ModelSpec['nodes'];
    writeRun(folder, { ...run, graphs: { ...run.graphs, decode: { ...decode!, nodes } } });
    await using overflowing = (await load(folder, { device: 'cpu' })) as LatentModel;
    expect([...(await overflowing.decode([[1, 2]])).data]).to.deep.equal([0, 0, 0, 0, 0]);
    const weights = linearGaussian().W.map(([a, b]) => Math.abs(a! + b!));
    expect(3e38 * Math.max(...weights)).to.be.above(3.4028235e38); // infinity in float32
    const refused = overflowing.decode([
      [1, 2],
      [3e38, 3e38],
    ]);
    const { code, message } = await rejection(GraphError, refused);
    expect(code).to.equal('graph-run');
    expect(message).to.match(/^mean is NaN for row 1 of z: its numbers are too large/);
  });
});
