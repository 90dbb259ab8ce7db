import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkModel, tf } from '@onnx-forge/export';
import { readModel } from '@onnx-forge/export/sources';
import { SCORES } from '../../../export/graph-model-file.js';
import { onnxModel } from '../../../infer/onnx.js';
import { MUTATE_JSON } from '../mutate-json.js';
import type { OpenTarget } from '../target.js';

interface KerasCase {
  readonly topology: object;
  readonly weights: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly data: readonly number[];
  }[];
}

/** A saved model whose `model.json` changes; its weights lie beside it. */
function savedModel(name: string, save: (folder: string) => Promise<void>): OpenTarget {
  return async (scratch) => {
    await mkdir(scratch, { recursive: true });
    await save(scratch);
    const path = join(scratch, 'model.json');
    return {
      name,
      foreign: true,
      seeds: [await readFile(path)],
      words: ['__proto__', 'class_name', '../', 'float32', 'null', '-1'],
      mutations: MUTATE_JSON,
      async read(bytes) {
        await writeFile(path, bytes);
        try {
          await readModel(path);
        } finally {
          tf.disposeVariables();
        }
      },
    };
  };
}

export const layersModel = savedModel('layers-model', async (folder) => {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [4, 4, 1], filters: 2, kernelSize: 2, activation: 'relu' }),
      tf.layers.batchNormalization(),
      tf.layers.flatten(),
      tf.layers.dense({ units: 2, activation: 'softmax' }),
    ],
  });
  await model.save({
    async save({ modelTopology, weightSpecs, weightData }) {
      const weightsManifest = [{ paths: ['w.bin'], weights: weightSpecs }];
      await writeFile(
        join(folder, 'model.json'),
        JSON.stringify({ format: 'layers-model', modelTopology, weightsManifest }),
      );
      await writeFile(join(folder, 'w.bin'), Buffer.from(weightData as ArrayBuffer));
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' as const } };
    },
  });
  model.dispose();
});

export const graphModel = savedModel('graph-model', (folder) => SCORES.save(folder));

export const keras3 = savedModel('keras-3', async (folder) => {
  const text = readFileSync(new URL('../../../../fixtures/keras-3.json', import.meta.url), 'utf8');
  const { topology, weights } = (JSON.parse(text) as Record<string, KerasCase>)['residual block with a gate']!;
  const specs = weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32' }));
  const json = {
    format: 'layers-model',
    modelTopology: topology,
    weightsManifest: [{ paths: ['w.bin'], weights: specs }],
  };
  await writeFile(join(folder, 'model.json'), JSON.stringify(json));
  await writeFile(join(folder, 'w.bin'), Buffer.from(Float32Array.from(weights.flatMap(({ data }) => data)).buffer));
});

/** The checker of ONNX files, which reads protobuf. */
export const onnx: OpenTarget = async () => {
  const folder = new URL('../../../../../models/pretrained/vae-2d/graphs/', import.meta.url);
  if ((await readdir(folder)).length === 0) throw new Error('there are no graphs');
  return {
    name: 'onnx',
    seeds: [
      onnxModel({
        inputs: { x: ['n', 2] },
        outputs: { y: ['n', 2] },
        nodes: [
          ['Add', ['x', 'c'], 'a'],
          ['Softmax', ['a'], 'y', { axis: -1 }],
        ],
        constants: { c: { dims: [2], dataType: 1, rawData: new Uint8Array(8) } },
      }),
    ],
    words: ['x', 'y', 'Softmax', Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f), Uint8Array.of(0x3a, 2)],
    read: (bytes) => checkModel(bytes),
  };
};
