import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { assert } from 'chai';
import { build } from 'esbuild';
import { complaint, useFolder, useNodeEntry } from './entry.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const run = promisify(execFile);

/** Runs a program in a process of its own, as an app has it. */
async function program(kind: 'module' | 'commonjs', text: string): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, [`--input-type=${kind}`, '--eval', text], { cwd: ROOT });
}

/** A program for tfjs-node, after its import. */
const PROGRAM = `
  (async () => {
    const x = tf.fill([400, 400], 0.5);
    const trace = tf.tidy(() => tf.sum(tf.matMul(x, x)).dataSync()[0]);
    await tf.ready();
    console.log(JSON.stringify({
      backend: tf.getBackend(),
      trace,
      node: typeof tf.node.decodeImage,
      io: typeof tf.io.fileSystem,
      version: tf.version['tfjs-node'] === tf.version.tfjs,
      tensor: x instanceof tf.Tensor,
    }));
  })();`;

describe('@onnx-forge/export/node', () => {
  for (const [kind, how, text] of [
    ['module', 'import tf from', "import tf from '@onnx-forge/export/node';"],
    ['module', 'import * as tf from', "import * as tf from '@onnx-forge/export/node';"],
    ['commonjs', 'require', "const tf = require('@onnx-forge/export/node');"],
    ['commonjs', 'compiled import tf from', "const { default: tf } = require('@onnx-forge/export/node');"],
  ] as const) {
    it(`is tfjs on the onnx backend: ${how}`, async () => {
      const { stdout, stderr } = await program(kind, text + PROGRAM);
      // 400 x 400 entries of 400 x 0.25
      const expected = { backend: 'onnx', trace: 16e6, node: 'function', io: 'function', version: true, tensor: true };
      assert.deepEqual(JSON.parse(stdout), expected);
      assert.equal(stderr, '');
    });
  }

  it('answers to the name of the backend of tfjs-node', async () => {
    const text = `
      import * as tf from '@onnx-forge/export/node';
      const x = tf.tensor1d([1, 2]);
      const found = await tf.setBackend('tensorflow');
      console.log(found, tf.getBackend(), tf.square(x).dataSync().join());`;
    const { stdout } = await program('module', text);
    assert.equal(stdout, 'true tensorflow 1,4\n');
  });

  it('shows the progress of model.fit, unless verbose is 0', async () => {
    const text = (verbose: string) => `
      import * as tf from '@onnx-forge/export/node';
      const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] });
      model.compile({ loss: 'meanSquaredError', optimizer: 'sgd' });
      await model.fit(tf.ones([4, 1]), tf.ones([4, 1]), { epochs: 2, batchSize: 2, ${verbose} });`;
    const line = (epoch: number) => `Epoch ${epoch} / 2\n\\d+ms \\d+us/step - loss=\\d\\S+ \n`;
    assert.match((await program('module', text(''))).stdout, new RegExp(`^${line(1)}${line(2)}$`));
    assert.equal((await program('module', text('verbose: 0'))).stdout, '');
  });

  it('names the kernel whose result is NaN in debug mode', async () => {
    const text = `
      import * as tf from '@onnx-forge/export/node';
      tf.enableDebugMode();
      await tf.log(tf.tensor1d([-1])).data();`;
    const { stderr } = await program('module', text);
    assert.include(stderr, "Found NaN in the result of 'Log'");
  });

  describe('has what programs use', () => {
    const entry = useNodeEntry();
    const inFolder = useFolder();

    it('tf.data.csv of a file, and tf.data.generator', async () => {
      writeFileSync(inFolder('table.csv'), 'a,b\n1,2\n3,4\n');
      const csv = entry().data.csv(`file://${inFolder('table.csv')}`, { columnConfigs: { b: { isLabel: true } } });
      assert.deepEqual<unknown>(await csv.toArray(), [
        { xs: { a: 1 }, ys: { b: 2 } },
        { xs: { a: 3 }, ys: { b: 4 } },
      ]);
      const numbers = entry().data.generator(function* () {
        yield* [1, 2, 3];
      });
      assert.deepEqual<unknown>(await numbers.map((x) => (x as unknown as number) * 2).toArray(), [2, 4, 6]);
    });

    it('tf.time, tf.profile, tf.memory', async () => {
      const { time, profile, memory, ones, matMul } = entry();
      const x = ones([4, 4]);
      const { wallMs, kernelMs } = await time(() => matMul(x, x));
      assert.isAtLeast(wallMs, kernelMs as number);
      const { kernelNames, newTensors } = await profile(() => matMul(x, x));
      assert.deepEqual([kernelNames, newTensors], [['BatchMatMul'], 1]);
      const { numTensors } = memory();
      x.dispose();
      assert.equal(memory().numTensors, numTensors - 1);
    });

    it('tf.browser.fromPixels of bytes, and toPixels', async () => {
      const pixels = { data: Uint8Array.of(1, 2, 3, 255), width: 1, height: 1 };
      const image = entry().browser.fromPixels(pixels);
      assert.deepEqual(image.arraySync(), [[[1, 2, 3]]]);
      assert.deepEqual(Array.from(await entry().browser.toPixels(image)), [1, 2, 3, 255]);
    });

    it('tf.io.nodeHTTPRequest', () => {
      assert.isFunction(entry().io.nodeHTTPRequest('http://localhost/model.json').load);
    });

    it('all that tfjs-node adds to tfjs', () => {
      const { node, io, version } = entry();
      // The keys of tfjs-node's own `tf.node`.
      const names =
        'decodeImage decodeBmp decodeGif decodePng decodeJpeg encodeJpeg encodePng summaryFileWriter tensorBoard ' +
        'getMetaGraphsFromSavedModel getNumOfSavedModels loadSavedModel';
      assert.sameMembers(Object.keys(node), names.split(' '));
      assert.containsAllKeys(io, ['fileSystem', 'nodeHTTPRequest', 'listModels', 'http']);
      assert.containsAllKeys(version, ['tfjs-node', 'tfjs-core', 'tfjs']);
    });

    it('a refusal of TensorFlow SavedModels that says what to do', async () => {
      const { loadSavedModel, getMetaGraphsFromSavedModel, getNumOfSavedModels } = entry().node;
      const message = await complaint(() => loadSavedModel('models/cat'));
      assert.match(message, /^tf\.node\.loadSavedModel: models\/cat would be run by TensorFlow itself/);
      assert.include(message, 'tensorflowjs_converter --input_format=tf_saved_model models/cat models/cat-tfjs');
      assert.match(
        await complaint(() => getMetaGraphsFromSavedModel('a')),
        /^tf\.node\.getMetaGraphsFromSavedModel: a /,
      );
      assert.equal(getNumOfSavedModels(), 0);
    });
  });

  it('is kept by bundlers, with its effects, if only tfjs of it is used', async () => {
    const contents = "import { tensor } from '@onnx-forge/export/node'; console.log(tensor);";
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: ROOT },
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
      external: ['@tensorflow/*', 'onnxruntime-*', 'onnx-proto', 'protobufjs'],
    });
    assert.match(outputFiles[0]!.text, /^registerFileSystem\(\);$/m);
  });
});
