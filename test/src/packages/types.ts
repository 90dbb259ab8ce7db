import { expect } from 'chai';
import type { EmptyProject } from './project.js';

const RESOLUTIONS = ['node16', 'nodenext', 'bundler'] as const;
type Resolution = (typeof RESOLUTIONS)[number];

/** The compiler's options of a strict app in Node, which checks the declarations of its packages too. */
export function strict(resolution: Resolution, lib: readonly string[] = ['es2023']): Record<string, unknown> {
  return {
    target: 'es2022',
    lib,
    module: resolution === 'bundler' ? 'esnext' : resolution,
    moduleResolution: resolution,
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    noEmit: true,
    skipLibCheck: false,
  };
}

/** Strict apps compile against what npm has installed. */
export function describeTypes(app: () => EmptyProject): void {
  describe('the declarations, all of them checked', () => {
    async function complaints(
      name: string,
      text: string,
      compilerOptions: Record<string, unknown>,
      file = 'main.ts',
    ): Promise<string> {
      app().write(`${name}/${file}`, text);
      app().write(`${name}/tsconfig.json`, JSON.stringify({ compilerOptions, files: [file] }));
      return app().tsc(name);
    }

    for (const resolution of RESOLUTIONS) {
      for (const lib of [['es2023'], ['es2023', 'dom']]) {
        it(`hold in a strict app under moduleResolution ${resolution}, lib ${lib.join(' and ')}`, async () => {
          expect(await complaints('app', APP, strict(resolution, lib))).to.equal('');
        });
      }
    }

    for (const resolution of RESOLUTIONS) {
      it(`hold in a strict app that was written for tfjs-node, under moduleResolution ${resolution}`, async () => {
        expect(await complaints('node-app', NODE_APP, strict(resolution))).to.equal('');
      });
    }

    it('hold in such an app that is CommonJS', async () => {
      const options = { ...strict('nodenext'), verbatimModuleSyntax: false };
      expect(await complaints('commonjs', COMMONJS_NODE_APP, options, 'main.cts')).to.equal('');
    });

    it('hold in a strict app for a page, without the types of Node', async () => {
      const options = { ...strict('bundler', ['es2023', 'dom']), types: [] };
      expect(await complaints('page', PAGE, options)).to.equal('');
    });

    it('hold in a strict app without exactOptionalPropertyTypes', async () => {
      const options = { ...strict('nodenext'), exactOptionalPropertyTypes: false };
      expect(await complaints('app', APP, options)).to.equal('');
    });

    for (const resolution of RESOLUTIONS) {
      it(`are those of an app's own @tensorflow/tfjs under moduleResolution ${resolution}, with skipLibCheck`, async () => {
        const options = { ...strict(resolution, ['es2023', 'dom']), skipLibCheck: true };
        expect(await complaints('own-tfjs', OWN_TFJS, options)).to.equal('');
      });
    }
  });
}

const APP = `
import { ForgeError, load, type Model } from '@onnx-forge/infer';
import { exportOnnx, tf } from '@onnx-forge/export';
import { type RecipeName, recipes } from '@onnx-forge/models';
import vae from '@onnx-forge/models/vae';
import { train } from '@onnx-forge/train';
import { grid } from '@onnx-forge/viz';

const model: Model = await load('runs/vae', { device: 'auto', maxBytes: 1e6, signal: AbortSignal.timeout(1000) });
if (model.kind === 'latent') {
  const { images } = await model.sample(1, { seed: 1 });
  const png: Uint8Array = grid([images.data], { height: 28, width: 28, columns: 1 });
  // @ts-expect-error: a latent model does not classify
  await model.classify(images);
  console.log(png.length);
}
const { bytes } = exportOnnx(tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4] })] }));
const { status } = await train({ recipe: vae, out: 'runs/vae', maxSteps: 1 });
const { default: recipe } = await recipes.vae();
// @ts-expect-error: there is no such recipe
recipes.vea;
// @ts-expect-error: a tensor is no number
const wrong: number = tf.scalar(1).mul(2);
console.log(bytes.length, status, Object.keys(recipes) as RecipeName[], recipe.name, wrong, new ForgeError('a', 'b').code);
`;

const NODE_APP = `
import { readFileSync } from 'node:fs';
import { exportOnnx } from '@onnx-forge/export';
import tf from '@onnx-forge/export/node';
import * as all from '@onnx-forge/export/node';

const image: tf.Tensor3D | tf.Tensor4D = tf.node.decodeImage(readFileSync('cat.jpg'), 3);
const frames: all.Tensor4D = all.node.decodeGif(new Uint8Array());
const png: Uint8Array = await tf.node.encodePng(tf.node.decodePng(new Uint8Array()));
const model: tf.LayersModel = await tf.loadLayersModel(tf.io.fileSystem('model/model.json'));
const handler: tf.io.IOHandler = tf.io.nodeHTTPRequest('http://localhost/model.json', { headers: { a: 'b' } });
const artifacts: tf.io.ModelArtifacts = await handler.load!();
await model.save('file://model', { includeOptimizer: true });
const callbacks = tf.node.tensorBoard('logs', { updateFreq: 'batch', histogramFreq: 1 });
await model.fit(tf.ones([1, 1]), tf.ones([1, 1]), { callbacks });
const writer: all.SummaryFileWriter = tf.node.summaryFileWriter('logs');
writer.scalar('loss', tf.scalar(1), 1);
exportOnnx(model);
// @ts-expect-error: there is no such frequency
tf.node.tensorBoard('logs', { updateFreq: 'hour' });
// @ts-expect-error: a path is no image
tf.node.decodeImage('cat.jpg');
console.log(image.shape, frames.shape, png.length, artifacts.format, tf.version['tfjs-node'], tf.getBackend());
`;

const COMMONJS_NODE_APP = `
import * as all from '@onnx-forge/export/node';
import tf = require('@onnx-forge/export/node');

const x: tf.Tensor = tf.ones([2]);
const y: all.Tensor = all.add(x, 1);
console.log(y.shape, tf.node.getNumOfSavedModels(), all.version.tfjs);
`;

const PAGE = `
import { load, type LoadProgress } from '@onnx-forge/infer';

const controller = new AbortController();
const onProgress = ({ done, total }: LoadProgress) => console.log(done / total);
await using model = await load(new URL('runs/vae', document.baseURI), { signal: controller.signal, onProgress, wasmPaths: '/ort/' });
if (model.kind === 'classifier') {
  const { labels }: { labels: Int32Array } = await model.classify(new Float32Array(784));
  console.log(labels, model.device satisfies string);
}
`;

const OWN_TFJS = `
import * as own from '@tensorflow/tfjs';
import * as core from '@tensorflow/tfjs-core';
import { layers, type LayersModel } from '@tensorflow/tfjs-layers';
import { GPGPUContext } from '@tensorflow/tfjs-backend-webgl';
import { zeros } from '@onnx-forge/export/tfjs';
import { compileStep, exportOnnx, tf, verify } from '@onnx-forge/export';
import { Random } from '@onnx-forge/infer';

const model = own.sequential({ layers: [own.layers.dense({ units: 1, inputShape: [4] })] });
await verify(exportOnnx(model), model);
exportOnnx(({ x }) => ({ y: own.relu(x!) }), { inputs: { x: { shape: ['n'] } } });
const optimizer = own.train.adam(0.01);
const step = ({ x }: Record<string, own.Tensor>) => ({ loss: optimizer.minimize(() => own.sum(x!), true)! });
await compileStep({ inputs: { x: { shape: [1] } }, step }, { device: 'cpu', random: new Random(1) });
const variable: tf.Variable = own.variable(own.tensor([1]));
const back: core.Variable = tf.variable(zeros([1]));
const layersModel: LayersModel = tf.sequential({ layers: [layers.dense({ units: 1, inputShape: [4] })] });
exportOnnx(({ x }) => ({ y: core.add(x!, 1) }), { inputs: { x: { shape: ['n'] } } });
exportOnnx(layersModel);
// @ts-expect-error: a tensor is no model
exportOnnx(own.scalar(1));
console.log(variable.shape, back.shape, GPGPUContext, own.webgl.forceHalfFloat);
`;
