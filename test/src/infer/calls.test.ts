import {
  AbortError,
  type CallOptions,
  DisposedError,
  float32,
  InputError,
  type LatentModel,
  load,
} from '@onnx-forge/infer';
import { expect } from 'chai';
import { linearGaussian } from './linear-gaussian.js';
import { rejection } from './rejection.js';
import { linearGaussianRun, TemporaryFolders, writeRun } from './run-folder.js';

const x = Float32Array.from(linearGaussian().x.flat()); // [4, 5]
const z = Float32Array.of(0.5, -1);

const METHODS: Readonly<Record<string, (model: LatentModel, options: CallOptions) => Promise<unknown>>> = {
  encode: (model, options) => model.encode(x, options),
  decode: (model, options) => model.decode(z, options),
  sample: (model, options) => model.sample(3, options),
  elbo: (model, options) => model.elbo(x, options),
  logLikelihood: (model, options) => model.logLikelihood(x, options),
  'logLikelihood.stream': (model, options) => model.logLikelihood.stream(x, options).next(),
  interpolate: (model, options) => model.interpolate(z, z, options),
  perturb: (model, options) => model.perturb(z, options),
  run: (model, options) => model.run('encode', { x: float32(x, [4, 5]) }, options),
};

describe('infer: calls', () => {
  const folders = new TemporaryFolders();
  let folder: string;

  before(() => {
    folder = folders.make();
    writeRun(folder, linearGaussianRun());
  });

  after(() => folders.remove());

  const open = async (): Promise<LatentModel> => (await load(folder, { device: 'cpu' })) as LatentModel;

  for (const [name, call] of Object.entries(METHODS)) {
    it(`of ${name} end with an AbortError, whatever the reason is`, async () => {
      await using model = await open();
      for (const reason of ['a text', new Error('closed'), undefined]) {
        const early = AbortSignal.abort(reason);
        const late = new AbortController();
        const calls = [call(model, { signal: early }), call(model, { signal: late.signal })];
        late.abort(reason);
        for (const [i, signal] of [early, late.signal].entries()) {
          const { code, message, cause } = await rejection(AbortError, calls[i]!);
          expect(code).to.equal('aborted');
          expect(message).to.match(/^\w+ of .* was given up$/);
          expect(cause).to.equal(signal.reason);
        }
      }
      await call(model, { signal: new AbortController().signal });
    });
  }

  it('under way are done before the model is disposed, and no others begin', async () => {
    const model = await open();
    const stream = model.logLikelihood.stream(x, { samples: 50, batchSize: 1 });
    const first = stream.next();
    const whole = model.logLikelihood(x, { samples: 50, batchSize: 1 });
    const perturbed = model.perturb(z);
    await model.dispose();
    const { value } = await first;
    const { values } = await whole;
    expect(values).to.have.length(4);
    expect(value!.values[0]).to.equal(values[0]);
    expect((await perturbed).images.dims).to.deep.equal([2, 1, 1, 5]);
    await rejection(DisposedError, stream.next());
    await rejection(DisposedError, model.encode(x));
  });

  it('throw what onProgress throws', async () => {
    await using model = await open();
    const mine = new RangeError("the caller's");
    const onProgress = (): never => {
      throw mine;
    };
    for (const call of [model.elbo(x, { onProgress }), model.logLikelihood(x, { onProgress })]) {
      expect(await call.catch((error: unknown) => error)).to.equal(mine);
    }
    const later = { onProgress: (): Promise<void> => Promise.reject(mine) };
    for (const call of [model.elbo(x, later), model.logLikelihood(x, later)]) {
      expect(await call.catch((error: unknown) => error)).to.equal(mine);
    }
  });

  it('in parts reject the first part when their arguments are wrong', async () => {
    await using model = await open();
    for (const [images, options] of [
      [x, { samples: -1 }],
      [x, { signal: 3 as never }],
      ['no images' as never, {}],
    ] as const) {
      await rejection(InputError, model.logLikelihood.stream(images, options).next());
    }
  });
});
