import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { tf } from '@onnx-forge/export';
import { assert } from 'chai';
import { complaint, useFolder, useNodeEntry } from './entry.js';

const json = (path: string): Record<string, unknown> => JSON.parse(readFileSync(path, 'utf8'));

describe('file:// models', () => {
  const entry = useNodeEntry();
  const inFolder = useFolder();
  const url = (...names: readonly string[]) => `file://${inFolder(...names)}`;

  function twoLayers(): tf.Sequential {
    const { sequential, layers } = entry();
    const hidden = layers.dense({ units: 2, inputShape: [3], activation: 'relu', name: 'hidden' });
    const model = sequential({
      name: 'two',
      layers: [hidden, layers.dense({ units: 1, name: 'out', useBias: false })],
    });
    model.setWeights([
      entry().tensor2d([1, 2, 3, 4, 5, 6], [3, 2]),
      entry().tensor1d([7, 8]),
      entry().tensor2d([9, 10], [2, 1]),
    ]);
    return model;
  }

  it('are written byte for byte as tfjs-node writes them', async () => {
    const model = twoLayers();
    model.setUserDefinedMetadata({ words: ['é'] });
    const { modelArtifactsInfo } = await model.save(url('deep', 'model'));
    assert.equal(modelArtifactsInfo.modelTopologyType, 'JSON');
    assert.deepEqual(readdirSync(inFolder('deep', 'model')).sort(), ['model.json', 'weights.bin']);
    const topology = JSON.stringify(model.toJSON('', false));
    const expected =
      `{"modelTopology":${topology},"weightsManifest":[{"paths":["weights.bin"],"weights":[` +
      '{"name":"hidden/kernel","shape":[3,2],"dtype":"float32"},{"name":"hidden/bias","shape":[2],"dtype":"float32"},' +
      '{"name":"out/kernel","shape":[2,1],"dtype":"float32"}]}],"format":"layers-model",' +
      '"generatedBy":"TensorFlow.js tfjs-layers v4.22.0","convertedBy":null,"userDefinedMetadata":{"words":["é"]}}';
    assert.equal(readFileSync(inFolder('deep', 'model', 'model.json'), 'utf8'), expected);
    const weights = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    assert.deepEqual(readFileSync(inFolder('deep', 'model', 'weights.bin')), Buffer.from(weights.buffer));
  });

  it('come back with their weights and metadata', async () => {
    const model = twoLayers();
    model.setUserDefinedMetadata({ words: ['é'] });
    await model.save(url('model'));
    const back = await entry().loadLayersModel(url('model', 'model.json'));
    assert.deepEqual(back.getUserDefinedMetadata(), { words: ['é'] });
    const x = entry().tensor2d([[1, 1, 1]]);
    // relu([1+3+5+7, 2+4+6+8]) = [16, 20]; 9 x 16 + 10 x 20
    assert.deepEqual(Array.from((back.predict(x) as tf.Tensor).dataSync()), [344]);
  });

  it('keep the state of the optimizer: training goes on as if it had not stopped', async () => {
    const { train, tensor2d } = entry();
    const [x, y] = [
      tensor2d([
        [1, 0, 2],
        [0, 1, 1],
      ]),
      tensor2d([[1], [2]]),
    ];
    const fit = (model: tf.LayersModel) => model.fit(x, y, { epochs: 1, shuffle: false, verbose: 0 });
    const model = twoLayers();
    model.compile({ loss: 'meanSquaredError', optimizer: train.adam(0.05), metrics: ['mae'] });
    await fit(model);
    await model.save(url('model'), { includeOptimizer: true });
    const { trainingConfig, weightsManifest } = json(inFolder('model', 'model.json')) as {
      trainingConfig: { loss: string; metrics: string[]; optimizer_config: { class_name: string } };
      weightsManifest: [{ weights: { name: string; group?: string }[] }];
    };
    assert.equal(trainingConfig.loss, 'mean_squared_error');
    assert.deepEqual(trainingConfig.metrics, ['mae']);
    assert.equal(trainingConfig.optimizer_config.class_name, 'Adam');
    const slots = weightsManifest[0].weights.filter(({ group }) => group === 'optimizer');
    assert.lengthOf(slots, 7); // the iteration, and two moments of each weight
    const back = await entry().loadLayersModel(url('model', 'model.json'));
    const [goesOn, anew] = [await fit(model), await fit(back)];
    assert.deepEqual(anew.history, goesOn.history);
    assert.deepEqual(
      back.getWeights().map((w) => w.arraySync()),
      model.getWeights().map((w) => w.arraySync()),
    );
  });

  it('are loaded from several shards, and with quantised weights', async () => {
    const model = twoLayers();
    await model.save(url('model'));
    const file = json(inFolder('model', 'model.json'));
    const weights = readFileSync(inFolder('model', 'weights.bin'));
    mkdirSync(inFolder('shards', 'parts'), { recursive: true });
    for (const [name, part] of [
      ['a', weights.subarray(0, 10)],
      ['b', weights.subarray(10, 32)],
    ] as const) {
      writeFileSync(inFolder('shards', 'parts', `${name}.bin`), part);
    }
    writeFileSync(inFolder('shards', 'c.bin'), Uint8Array.of(0, 255));
    const [{ weights: specs }] = file.weightsManifest as [{ weights: object[] }];
    const quantization = { dtype: 'uint8', min: 9, scale: 1 / 255 };
    const weightsManifest = [
      { paths: ['parts/a.bin', 'parts/b.bin'], weights: specs.slice(0, 2) },
      { paths: ['c.bin'], weights: [{ ...specs[2], quantization }] },
    ];
    writeFileSync(inFolder('shards', 'model.json'), JSON.stringify({ ...file, weightsManifest }));
    const back = await entry().loadLayersModel(url('shards', 'model.json'));
    assert.deepEqual(
      back.getWeights().map((w) => Array.from(w.dataSync())),
      [
        [1, 2, 3, 4, 5, 6],
        [7, 8],
        [9, 10],
      ],
    );
  });

  it('are loaded as graph models, and saved as such', async () => {
    const node = (name: string, op: string, input: string[] = [], attr: object = {}) => ({ name, op, input, attr });
    const type = { dtype: { type: 'DT_FLOAT' }, T: { type: 'DT_FLOAT' } };
    const modelTopology = {
      node: [
        node('x', 'Placeholder', [], { ...type, shape: { shape: { dim: [{ size: '-1' }, { size: '2' }] } } }),
        node('w', 'Const', [], {
          ...type,
          value: { tensor: { dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: '2' }] } } },
        }),
        node('y', 'Mul', ['x', 'w'], type),
      ],
      versions: { producer: 1 },
    };
    const weightsManifest = [{ paths: ['w.bin'], weights: [{ name: 'w', shape: [2], dtype: 'float32' }] }];
    mkdirSync(inFolder('graph'));
    writeFileSync(inFolder('graph', 'w.bin'), new Uint8Array(Float32Array.of(2, 3).buffer));
    const format = { format: 'graph-model', generatedBy: '2.9', convertedBy: 'by hand' };
    writeFileSync(inFolder('graph', 'model.json'), JSON.stringify({ ...format, modelTopology, weightsManifest }));
    const model = await entry().loadGraphModel(url('graph', 'model.json'));
    await model.save(url('again'));
    const back = await entry().loadGraphModel(url('again', 'model.json'));
    for (const one of [model, back]) {
      assert.deepEqual((one.predict(entry().tensor2d([[5, 7]])) as tf.Tensor).arraySync(), [[10, 21]]);
    }
    assert.equal(json(inFolder('again', 'model.json')).convertedBy, 'by hand');
  });

  it('have handlers: one for each URL, and tf.io.fileSystem', async () => {
    const { io } = entry();
    assert.lengthOf(io.getLoadHandlers('file://a/model.json'), 1);
    assert.lengthOf(io.getSaveHandlers('file://a'), 1);
    assert.lengthOf(io.getLoadHandlers('memory://a'), 0);
    await twoLayers().save(io.fileSystem(inFolder('model')));
    const model = await entry().loadLayersModel(io.fileSystem(inFolder('model', 'model.json')));
    assert.equal(model.name, 'two');
  });

  it('are read from a topology and a manifest', async () => {
    const { io } = entry();
    await twoLayers().save(url('model'));
    const { weightsManifest } = json(inFolder('model', 'model.json'));
    writeFileSync(inFolder('model', 'graph.pb'), Uint8Array.of(1, 2, 3));
    writeFileSync(inFolder('model', 'manifest.json'), JSON.stringify(weightsManifest));
    const handler = io.fileSystem([inFolder('model', 'graph.pb'), inFolder('model', 'manifest.json')]);
    const { modelTopology, weightSpecs, weightData } = await handler.load();
    assert.deepEqual(modelTopology, Uint8Array.of(1, 2, 3).buffer);
    assert.deepEqual(
      weightSpecs!.map(({ name }) => name),
      ['hidden/kernel', 'hidden/bias', 'out/kernel'],
    );
    assert.equal((weightData as ArrayBuffer).byteLength, 40);
  });

  it('save weights that come in several pieces', async () => {
    const pieces = [Uint8Array.of(1, 2), Uint8Array.of(3)].map(({ buffer }) => buffer);
    await entry().io.fileSystem(inFolder('model')).save({ modelTopology: {}, weightSpecs: [], weightData: pieces });
    assert.deepEqual(Array.from(readFileSync(inFolder('model', 'weights.bin'))), [1, 2, 3]);
  });

  describe('that are wrong are refused in one line:', () => {
    const load = (...names: readonly string[]) => complaint(() => entry().loadLayersModel(url(...names)));

    it('missing files', async () => {
      assert.equal(await load('none.json'), `Path ${inFolder('none.json')} does not exist: loading failed`);
      await twoLayers().save(url('model'));
      mkdirSync(inFolder('bare'));
      copyFileSync(inFolder('model', 'model.json'), inFolder('bare', 'model.json'));
      const weights = inFolder('bare', 'weights.bin');
      assert.include(await load('bare', 'model.json'), `Weight file ${weights} does not exist: loading failed`);
    });

    it('folders', async () => {
      assert.match(
        await load(),
        /must be a file. Loading from a directory is not supported: there is no model.json in it$/,
      );
      await twoLayers().save(url('model'));
      assert.include(await load('model'), `is not supported: load ${inFolder('model', 'model.json')}`);
    });

    it('weights that are cut off, and files that are no models', async () => {
      await twoLayers().save(url('model'));
      const weights = inFolder('model', 'weights.bin');
      writeFileSync(weights, readFileSync(weights).subarray(0, 39));
      assert.match(await load('model', 'model.json'), /weights\.bin hold 39 bytes instead of 40$/);
      writeFileSync(inFolder('model', 'model.json'), '{"modelTopology"');
      assert.match(await load('model', 'model.json'), /model\.json is not JSON/);
      writeFileSync(inFolder('model', 'model.json'), '{}');
      assert.match(await load('model', 'model.json'), /model\.json is not a saved tfjs model: modelTopology/);
    });

    it('places that can not be written', async () => {
      writeFileSync(inFolder('file'), 'text');
      const save = (target: string) => complaint(() => twoLayers().save(target));
      assert.include(
        await save(url('file')),
        'exists as a file. The path must be nonexistent or point to a directory.',
      );
      assert.match(await save(url('file', 'below')), /file\/below can't be made: ENOTDIR/);
      mkdirSync(inFolder('taken', 'weights.bin'), { recursive: true });
      assert.match(await save(url('taken')), /taken can't be written: EISDIR/);
      assert.deepEqual(readdirSync(inFolder('taken')), ['weights.bin']);
      const { io } = entry();
      const saveTwo = () => io.fileSystem([inFolder('a'), inFolder('b')]).save({ modelTopology: {} });
      assert.equal(await complaint(saveTwo), 'Cannot perform saving to multiple paths.');
      assert.equal(
        await complaint(() => io.fileSystem([inFolder('a')])),
        'file paths must have a length of 2, (actual length is 1).',
      );
    });
  });
});
