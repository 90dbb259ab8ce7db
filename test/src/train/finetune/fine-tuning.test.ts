import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ImportedModel, importModel } from '@onnx-forge/export/import';
import { load, Random } from '@onnx-forge/infer';
import {
  type DataSet,
  defineDataSet,
  evaluateRun,
  type FineTuningSettings,
  fineTuning,
  type TrainRequest,
  type TrainResult,
  tf,
  train,
  verifyRun,
} from '@onnx-forge/train';
import { imageMap } from '@onnx-forge/train/finetune';
import { loadCheckpoint } from '@onnx-forge/train/run';
import { assert } from 'chai';
import { rejection } from '../rejects.js';
import { classifierFile, denoiserFile, type FileChoice } from './files.js';

const CLASSES = ['bar', 'blob', 'dark'];

/** 8 x 8 images of three kinds that a small net tells apart: a bright bar, a bright square, nothing; with noise. */
async function shapes({ channels = 1, classes = 3 }: FileChoice = {}): Promise<DataSet> {
  const random = new Random(3);
  const picture = (index: number) => {
    const label = index % classes;
    const x = Float32Array.from({ length: 64 * channels }, (_, i) => {
      const [row, column] = [Math.floor(i / (8 * channels)), Math.floor(i / channels) % 8];
      const lit = label === 0 ? row === 4 : label === 1 ? row > 2 && row < 6 && column > 2 && column < 6 : false;
      return (lit ? 0.8 : 0) + 0.2 * random.uniform();
    });
    return { x, label };
  };
  const all = (size: number) => Array.from({ length: size }, (_, index) => picture(index));
  const data = await defineDataSet({
    name: 'shapes',
    fields: {
      x: { shape: [8, 8, channels], range: [0, 1] },
      label: { shape: [], dtype: 'int32', below: classes },
    },
    splits: { train: all(96), validation: all(24), test: all(24) },
  });
  return { ...data, vocabularies: { label: CLASSES.slice(0, classes) } };
}

describe('fine-tuning an ONNX file', () => {
  let folder: string;
  const path = (name: string) => join(folder, name);
  const tune = async (
    settings: FineTuningSettings,
    { file = classifierFile(), data, ...request }: Partial<TrainRequest> & { file?: Uint8Array; out: string },
  ): Promise<TrainResult> => {
    await writeFile(path('theirs.onnx'), file);
    const recipe = await fineTuning(path('theirs.onnx'), { batchSize: 8, learningRate: 0.02, epochs: 2, ...settings });
    return train({ recipe, data: data ?? (await shapes()), device: 'cpu', figures: false, ...request });
  };
  const weightsOf = async (run: string): Promise<Map<string, number[]>> => {
    const { state } = (await loadCheckpoint(run))!;
    return new Map(Object.entries(state).map(([name, { data }]) => [name, [...data]]));
  };
  const fileWeights = (model: ImportedModel): Map<string, number[]> =>
    new Map([...model.variables].map(([name, variable]) => [`model/${name}`, [...variable.dataSync()]]));

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'onnx-forge-tune-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('makes a run that is a classifier, verified, evaluated, and loaded by its file alone', async () => {
    const out = path('run');
    const { measurements, kind } = await tune({ epochs: 8 }, { out });
    assert.equal(kind, 'classifier');
    const accuracy = measurements.find(({ name }) => name === 'accuracy')!;
    assert.isAbove(accuracy.value, 0.9);
    assert.deepEqual(await readFile(path('run/base/model.onnx')), Buffer.from(classifierFile()));
    const recipe = await fineTuning(path('run/base/model.onnx'));
    const verified = await verifyRun({ recipe, run: out });
    assert.isBelow(Math.max(...verified.map(({ worst }) => worst)), 1e-5);
    const again = await evaluateRun({ recipe, run: out, data: await shapes() });
    assert.equal(again.find(({ name }) => name === 'accuracy')!.value, accuracy.value);
    const model = await load(out, { device: 'cpu' });
    if (model.kind !== 'classifier') throw new Error(model.kind);
    assert.deepEqual(model.manifest.serve.classes, CLASSES);
    assert.equal(model.manifest.serve.featureDim, 5);
    await model.dispose();
  });

  it('computes what the file computes, of images in its layout, normalised', async () => {
    const mean = [0.4, 0.5, 0.6];
    const std = [0.2, 0.25, 0.3];
    const out = path('run');
    const data = await shapes({ channels: 3 });
    // A learning rate so small that the weights stay where they are.
    const settings = { mean: mean.join(), std: std.join(), learningRate: 1e-12, epochs: 1 };
    await tune(settings, { out, file: classifierFile({ channels: 3, softmax: true }), data });
    const model = await load(out, { device: 'cpu' });
    const image = new Float32Array(192);
    data.splits.test.fields.x!.read(0, image, 0);
    const { logits, probabilities } = await model.run('classify', {
      x: { type: 'float32', data: image, dims: [1, 192] },
    });
    await model.dispose();
    const nchw = Float32Array.from({ length: 192 }, (_, i) => {
      const [c, place] = [Math.floor(i / 64), i % 64];
      return (image[place * 3 + c]! - mean[c]!) / std[c]!;
    });
    const theirs = importModel(classifierFile({ channels: 3, softmax: true }));
    const { scores } = theirs.call({ image: tf.tensor(nchw, [1, 3, 8, 8]) });
    const expected = [...scores!.dataSync()];
    expected.forEach((p, i) => void assert.closeTo((probabilities!.data as Float32Array)[i]!, p, 1e-6));
    // Logits are before the softmax: the losses need them.
    const sum = (logits!.data as Float32Array).reduce((total, l) => total + Math.exp(l), 0);
    expected.forEach((p, i) => void assert.closeTo(Math.exp((logits!.data as Float32Array)[i]!) / sum, p, 1e-6));
  });

  it('trains the weights that were named, and a new last layer', async () => {
    await tune({ train: 'body.weight', head: 2 }, { out: path('run'), data: await shapes({ classes: 2 }) });
    const [after, before] = [await weightsOf(path('run')), fileWeights(importModel(classifierFile()))];
    const moved = [...before.keys()].filter((name) => `${after.get(name)}` !== `${before.get(name)}`);
    assert.sameMembers(moved, ['model/body.weight', 'model/head.weight', 'model/head.bias']);
    assert.lengthOf(after.get('model/head.weight')!, 10);
  });

  it('trains adapters alone, and goes on bit for bit', async () => {
    const settings = { train: 'body.weight,head.weight', lora: 2, epochs: 3 };
    await tune(settings, { out: path('whole') });
    await tune(settings, { out: path('parts'), maxSteps: 13 });
    await tune(settings, { out: path('parts'), resume: true, maxSteps: 36 });
    const [whole, parts] = [await weightsOf(path('whole')), await weightsOf(path('parts'))];
    assert.deepEqual(parts, whole);
    const before = fileWeights(importModel(classifierFile()));
    for (const [name, numbers] of before) assert.deepEqual(whole.get(name), numbers, name);
    const graphs = ['whole', 'parts'].map((run) => readFile(path(`${run}/graphs/classify.onnx`)));
    const [first, second] = await Promise.all(graphs);
    assert.isTrue(first!.equals(second!));
    const names = [...importModel(first!).variables.keys()];
    assert.includeMembers(names, ['model/body.weight', 'model/head.weight']);
    assert.isEmpty(names.filter((name) => name.includes('lora')));
  });

  it('places images by the contrastive loss, and gives numbers for them by the squared error', async () => {
    const embedded = await tune({ loss: 'contrastive', epochs: 6 }, { out: path('vectors') });
    assert.equal(embedded.kind, 'embedding');
    assert.isAbove(embedded.measurements.find(({ name }) => name === 'auc')!.value, 0.9);
    const file = denoiserFile(3);
    const request = { file, data: await shapes({ channels: 3 }), evaluate: true };
    const cleaned = await tune({ loss: 'mse', epochs: 30, optimizer: 'adam' }, { out: path('clean'), ...request });
    assert.equal(cleaned.kind, 'image-map');
    assert.isBelow(cleaned.measurements[0]!.value, 0.01);
    const model = await load(path('clean'), { device: 'cpu', kinds: [imageMap] });
    if (model.kind !== 'image-map') throw new Error(model.kind);
    assert.deepEqual((await model.map(new Float32Array(192))).dims, [1, 192]);
    await model.dispose();
  });

  it('refuses what does not fit, in one line, before anything is written', async () => {
    const refusals: [RegExp, FineTuningSettings, Partial<TrainRequest> & { file?: Uint8Array }][] = [
      [/no weight's name fits "bodi\.weight".*did you mean 'body\.weight'\?/, { train: 'bodi.weight' }, {}],
      [/tells 3 classes apart, and the data have 2: --head 2/, {}, { data: await shapes({ classes: 2 }) }],
      [/wants images of 8 x 8 in colour|8 x 8/, {}, { file: classifierFile({ channels: 3 }) }],
      [/there is no loss 'cross-entrop'; did you mean 'cross-entropy'/, { loss: 'cross-entrop' as 'mse' }, {}],
      [/mean must be a number, not '1,2'/, { mean: '1,2' }, {}],
      [/std must be above 0/, { std: '0' }, {}],
      [/height and width of input 'image' are free/, {}, { file: classifierFile({ size: 'side' }) }],
      [/always 1 at a time: export the file with a free batch/, {}, { file: classifierFile({ batch: 1 }) }],
      [/layout flat does not fit/, { layout: 'flat' }, {}],
      [/has no output 'score'; did you mean 'scores'/, { output: 'score' }, {}],
      [/has a rank of at most 3, not 4/, { lora: 4, train: 'head.weight' }, {}],
      [/output 'scores' is 3 for an image, and the field 'x'/, { loss: 'mse' }, {}],
      [/option 'lora' must be a whole number/, { lora: -1 }, {}],
    ];
    for (const [says, settings, request] of refusals) {
      const error = await rejection(() => tune(settings, { out: path('refused'), ...request }));
      assert.match(error.message, says);
    }
    assert.isNull(await readFile(path('refused/manifest.json')).catch(() => null));
  });

  it('does not go on with another file', async () => {
    await tune({}, { out: path('run'), maxSteps: 2 });
    const error = await rejection(() =>
      tune({}, { out: path('run'), resume: true, file: classifierFile({ softmax: true }) }),
    );
    assert.equal(error.code, 'option-invalid');
  });
});
