import { fileURLToPath } from 'node:url';
import { type GeneratorModel, type LatentModel, load } from '@onnx-forge/infer';
import { type RunningServer, startServer } from '@onnx-forge/train/serve';
import { expect } from 'chai';
import { PNG } from 'pngjs';
import { floats, type ModelSpec } from '../../infer/onnx.js';
import { type RunSpec, TemporaryFolders, writeRun } from '../../infer/run-folder.js';
import { rejection } from '../rejects.js';

const VAE = fileURLToPath(new URL('../../../../models/pretrained/vae-2d', import.meta.url));
const TOKEN = 'a-token-of-the-test';
const image = { height: 1, width: 3, channels: 1, range: [0, 1] } as const;

/** features = x, logits = 4 x: the class of an image is its brightest pixel. */
const CLASSIFIER: RunSpec = {
  kind: 'classifier',
  serve: { classes: ['left', 'middle', 'right'], featureDim: 3, image },
  graphs: {
    classify: {
      inputs: { x: ['batch', 3] },
      outputs: { logits: ['batch', 3], probabilities: ['batch', 3], features: ['batch', 3] },
      nodes: [
        ['Identity', ['x'], 'features'],
        ['Mul', ['x', 'four'], 'logits'],
        ['Softmax', ['logits'], 'probabilities'],
      ],
      constants: { four: floats([4]) },
    },
  },
};

const EMBEDDING: RunSpec = {
  kind: 'embedding',
  serve: { embeddingDim: 2, image, metric: 'euclidean' },
  graphs: {
    embed: {
      inputs: { x: ['batch', 3] },
      outputs: { embedding: ['batch', 2] },
      nodes: [['MatMul', ['x', 'E'], 'embedding']],
      constants: { E: floats([3, 0, 0, 4, 1, 1], [3, 2]) },
    },
  },
};

/** x = tanh(z) in [-1, 1]; the prior is uniform. */
const GENERATOR: RunSpec = {
  kind: 'generator',
  serve: { latentDim: 2, prior: 'uniform', image: { height: 1, width: 2, channels: 1, range: [-1, 1] } },
  graphs: {
    generate: { inputs: { z: ['batch', 2] }, outputs: { image: ['batch', 2] }, nodes: [['Tanh', ['z'], 'image']] },
  } as unknown as Readonly<Record<string, ModelSpec>>,
};

describe('train/serve', () => {
  const folders = new TemporaryFolders();
  const runs: Record<string, string> = { vae: VAE };
  let server: RunningServer;

  before(async () => {
    for (const [name, spec] of Object.entries({ classifier: CLASSIFIER, faces: EMBEDDING, gan: GENERATOR })) {
      runs[name] = folders.make();
      writeRun(runs[name], spec);
    }
    server = await startServer({ runs, device: 'cpu', token: TOKEN });
  });

  after(async () => {
    await server.close();
    folders.remove();
  });

  const authorised = { authorization: `Bearer ${TOKEN}` };
  const get = (path: string, headers: Record<string, string> = authorised) =>
    fetch(`${server.url}${path}`, { headers });
  const post = (path: string, body: unknown, headers: Record<string, string> = authorised) =>
    fetch(`${server.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const answer = async (path: string, body: unknown): Promise<Record<string, unknown>> => {
    const got = await post(path, body);
    expect(got.status, await got.clone().text()).to.equal(200);
    return (await got.json()) as Record<string, unknown>;
  };

  it('lists the models with what each can do', async () => {
    const { models } = (await (await get('/models')).json()) as { models: { name: string; operations: string[] }[] };
    expect(Object.fromEntries(models.map(({ name, operations }) => [name, operations]))).to.deep.equal({
      vae: ['sample', 'interpolate', 'perturb', 'log-likelihood'],
      classifier: ['classify'],
      faces: ['embed', 'compare'],
      gan: ['sample', 'interpolate', 'perturb', 'score'],
    });
  });

  it('samples as the model does, as bytes and as a PNG, from both kinds of prior', async () => {
    await using vae = (await load(VAE, { device: 'cpu' })) as LatentModel;
    const { images } = await vae.sample(3, { seed: 5 });
    const bytes = Array.from(images.data, (value) => Math.round(255 * value));
    const got = (await answer('/vae/sample', { count: 3, seed: 5 })) as { images: number[][] };
    expect(got.images.flat()).to.deep.equal(bytes);

    await using gan = (await load(runs.gan!, { device: 'cpu' })) as GeneratorModel;
    const drawn = await gan.sample(4, { seed: 2 });
    const ofGan = (await answer('/gan/sample', { count: 4, seed: 2 })) as { images: number[][] };
    expect(ofGan.images.flat()).to.deep.equal(
      Array.from(drawn.images.data, (value) => Math.round((255 * (value + 1)) / 2)),
    );

    const png = await post('/vae/sample', { count: 1 }, { ...authorised, accept: 'image/png' });
    expect(png.headers.get('content-type')).to.equal('image/png');
    const { width, height } = PNG.sync.read(Buffer.from(await png.arrayBuffer()));
    expect([width, height]).to.deep.equal([32, 32]);
  });

  it('walks from one vector to the other, in the order asked for', async () => {
    const body = { from: [-2, 0], to: [2, 0], steps: 3 };
    const { alphas, images } = (await answer('/gan/interpolate', body)) as { alphas: number[]; images: number[][] };
    const byte = (z: number) => Math.round((255 * (Math.tanh(z) + 1)) / 2);
    expect(alphas).to.deep.equal([0, 0.5, 1]);
    expect(images).to.deep.equal([-2, 0, 2].map((z) => [byte(z), byte(0)]));
  });

  it('perturbs dimensions one at a time', async () => {
    const got = (await answer('/gan/perturb', { z: [0, 0], epsilon: [-1, 1] })) as {
      dims: number[];
      images: number[][];
    };
    const byte = (z: number) => Math.round((255 * (Math.tanh(z) + 1)) / 2);
    const middle = byte(0);
    expect(got.dims).to.deep.equal([0, 1]);
    expect(got.images).to.deep.equal([
      [byte(-1), middle],
      [byte(1), middle],
      [middle, byte(-1)],
      [middle, byte(1)],
    ]);
  });

  it('classifies numbers and files alike', async () => {
    const png = new PNG({ width: 3, height: 1, colorType: 0 });
    for (const [pixel, value] of [0, 255, 0].entries())
      png.data.fill(value, 4 * pixel, 4 * pixel + 3).fill(255, 4 * pixel + 3, 4 * pixel + 4);
    const file = PNG.sync.write(png, { colorType: 0 }).toString('base64');
    const got = await answer('/classifier/classify', { images: [[0, 1, 0], file, [0, 0, 0.5]] });
    expect(got.labels).to.deep.equal(['middle', 'middle', 'right']);
    const [numbers, ofFile] = got.probabilities as number[][];
    expect(ofFile).to.deep.equal(numbers);
    // Softmax of (0, 4, 0).
    expect(numbers![1]).to.be.closeTo(Math.exp(4) / (Math.exp(4) + 2), 1e-6);
  });

  it('embeds and compares', async () => {
    const { embeddings } = await answer('/faces/embed', {
      images: [
        [1, 0, 0],
        [0, 1, 0],
      ],
    });
    expect(embeddings).to.deep.equal([
      [3, 0],
      [0, 4],
    ]);
    const compared = await answer('/faces/compare', { a: [[1, 0, 0]], b: [[0, 1, 0]] });
    expect(compared).to.deep.equal({ metric: 'euclidean', dissimilarity: [5] });
  });

  it('describes itself: every route of every model, with the schema that checks its body', async () => {
    const { openapi, paths, security } = (await (await get('/openapi.json')).json()) as {
      readonly openapi: string;
      readonly security: unknown;
      readonly paths: Readonly<
        Record<string, { post: { requestBody: { content: Record<string, { schema: object }> } } }>
      >;
    };
    expect(openapi).to.equal('3.1.0');
    expect(security).to.deep.equal([{ token: [] }]);
    const { models } = (await (await get('/models')).json()) as { models: { name: string; operations: string[] }[] };
    const routes = models.flatMap(({ name, operations }) => operations.map((operation) => `/${name}/${operation}`));
    expect(Object.keys(paths)).to.deep.equal(routes);
    const { schema } = paths['/vae/sample']!.post.requestBody.content['application/json']!;
    expect(schema).to.deep.include({ type: 'object', additionalProperties: false });
    expect(schema).to.have.nested.property('properties.count.maximum', 100);
    expect(JSON.stringify(paths)).to.include('in base64');
  });

  it('wants the token everywhere but where machines ask whether it lives', async () => {
    for (const headers of [{}, { authorization: 'Bearer another' }, { authorization: TOKEN }]) {
      expect((await get('/models', headers)).status).to.equal(401);
      expect((await post('/vae/sample', {}, headers)).status).to.equal(401);
      expect((await get('/metrics', headers)).status).to.equal(401);
    }
    expect(await (await get('/healthz', {})).json()).to.deep.equal({ status: 'ok' });
    expect(await (await get('/readyz', {})).json()).to.deep.equal({ status: 'ready' });
  });

  it('counts requests by route and status, and all unknown paths as one', async () => {
    await answer('/vae/sample', {});
    await post('/vae/sample', { count: 0 });
    await post('/no/such', {});
    await post('/nor/this', {});
    const text = await (await get('/metrics')).text();
    expect(text).to.match(/onnx_forge_requests_total\{route="\/vae\/sample",status="200"\} \d/);
    expect(text).to.match(/onnx_forge_requests_total\{route="\/vae\/sample",status="400"\} 1/);
    expect(text).to.match(/onnx_forge_requests_total\{route="none",status="404"\} 2/);
    expect(text).to.not.include('no/such');
    expect(text).to.match(/onnx_forge_requests_under_way \d/);
    expect(text).to.include('process_resident_memory_bytes');
  });

  it('refuses what a model does not do, and images of another size, in one line', async () => {
    const refusal = async (path: string, body: unknown) => {
      const got = await post(path, body);
      return [got.status, ((await got.json()) as { error: { message: string } }).error.message] as const;
    };
    const [status, message] = await refusal('/classifier/sample', {});
    expect(status).to.equal(404);
    expect(message).to.include('POST /classifier/classify');
    expect((await refusal('/sample', {}))[0]).to.equal(404);
    const [tooSmall, why] = await refusal('/classifier/classify', { images: [[1]] });
    expect([tooSmall, why.includes('3 elements')]).to.deep.equal([400, true]);
    const noImage = await refusal('/classifier/classify', { images: [Buffer.from('no image').toString('base64')] });
    expect(noImage[0]).to.equal(400);
    expect(noImage[1]).to.include('image 0');
  });

  it('refuses names that are no part of a route, and runs that are none', async () => {
    for (const name of ['a/b', '', 'models', '..']) {
      const error = await rejection(() => startServer({ runs: { [name]: VAE }, device: 'cpu' }));
      expect(error.message).to.include(`'${name}'`);
    }
    expect((await rejection(() => startServer({ runs: { a: '/no/such' }, device: 'cpu' }))).code).to.equal(
      'run-missing',
    );
  });
});
