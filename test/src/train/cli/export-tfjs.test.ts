import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { float32, openSession } from '@onnx-forge/infer';
import { expect } from 'chai';
import { complaints, inFolder, onnxForge } from './onnx-forge.js';

const dense = (name: string, units: number, input: string) => ({
  class_name: 'Dense',
  name,
  config: { name, units, use_bias: true, activation: 'linear' },
  inbound_nodes: [[[input, 0, 0, {}]]],
});
const input = (name: string, size: number) => ({
  class_name: 'InputLayer',
  name,
  config: { name, batch_input_shape: [null, size], dtype: 'float32' },
  inbound_nodes: [],
});

/** Two inputs, two outputs, the outputs not in the order of the inputs: sum = 10 + 1 b, double = 0.5 + 2 a. */
const MODEL = {
  format: 'layers-model',
  modelTopology: {
    class_name: 'Model',
    config: {
      name: 'pair',
      layers: [input('a', 1), input('b', 2), dense('double', 1, 'a'), dense('sum', 1, 'b')],
      input_layers: [
        ['a', 0, 0],
        ['b', 0, 0],
      ],
      output_layers: [
        ['sum', 0, 0],
        ['double', 0, 0],
      ],
    },
  },
  weightsManifest: [
    {
      // The second shard begins within a value.
      paths: ['shard1.bin', 'shard2.bin'],
      weights: [
        { name: 'double/kernel', shape: [1, 1], dtype: 'float32' },
        { name: 'double/bias', shape: [1], dtype: 'float32' },
        { name: 'sum/kernel', shape: [2, 1], dtype: 'float32' },
        { name: 'sum/bias', shape: [1], dtype: 'float32' },
      ],
    },
  ],
};
const WEIGHTS = Buffer.from(Float32Array.of(2, 0.5, 1, 1, 10).buffer);

async function save(folder: string): Promise<void> {
  await writeFile(join(folder, 'model.json'), JSON.stringify(MODEL));
  await writeFile(join(folder, 'shard1.bin'), WEIGHTS.subarray(0, 6));
  await writeFile(join(folder, 'shard2.bin'), WEIGHTS.subarray(6));
}

describe('onnx-forge export of a saved layers model', () => {
  it('keeps names and order of inputs and outputs, and the numbers', () =>
    inFolder(async (folder) => {
      await save(folder);
      const { code, stdout, stderr } = await onnxForge('export model.json -o onnx --json', folder);
      expect(code, stderr).to.equal(0);
      expect(JSON.parse(stdout)).to.have.nested.property('parity.ok', true);
      const signature = JSON.parse(await readFile(join(folder, 'onnx/signature.json'), 'utf8')) as Record<
        string,
        object
      >;
      expect(Object.entries(signature.inputs!)).to.deep.equal([
        ['a', { shape: ['batch', 1], dtype: 'float32' }],
        ['b', { shape: ['batch', 2], dtype: 'float32' }],
      ]);
      expect(Object.keys(signature.outputs!)).to.deep.equal(['sum', 'double']);
      await using session = await openSession(await readFile(join(folder, 'onnx/model.onnx')), { device: 'cpu' });
      const a = float32(Float32Array.of(1, 2, 3), [3, 1]);
      const b = float32(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2]);
      const { sum, double } = await session.run({ a, b });
      expect(Array.from(sum!.data as Float32Array)).to.deep.equal([13, 17, 21]);
      expect(Array.from(double!.data as Float32Array)).to.deep.equal([2.5, 4.5, 6.5]);
    }));

  const damages: Record<string, [damage: (folder: string) => Promise<void>, says: RegExp]> = {
    'a truncated shard': [
      (folder) => writeFile(join(folder, 'shard2.bin'), WEIGHTS.subarray(6, 12)),
      /shard1\.bin, .*shard2\.bin hold 12 bytes instead of 20/,
    ],
    'a graph model': [
      (folder) => writeFile(join(folder, 'model.json'), '{"format": "graph-model"}'),
      /is a tfjs graph model/,
    ],
    'another JSON file': [(folder) => writeFile(join(folder, 'model.json'), '{}'), /is not a saved tfjs layers model/],
    'no JSON': [(folder) => writeFile(join(folder, 'model.json'), '{'), /is not JSON/],
    'a layer that tfjs does not know': [
      (folder) => writeFile(join(folder, 'model.json'), JSON.stringify(MODEL).replace('"Dense"', '"Mystery"')),
      /model\.json can't be loaded by tfjs: .*Mystery/,
    ],
  };
  for (const [what, [damage, says]] of Object.entries(damages)) {
    it(`refuses ${what} in one line`, () =>
      inFolder(async (folder) => {
        await save(folder);
        await damage(folder);
        const ended = await onnxForge('export model.json -o onnx', folder);
        expect(ended.code).to.equal(1);
        expect(complaints(ended)).to.have.length(1);
        expect(ended.stderr.trim()).to.match(says).and.not.include('\n');
      }));
  }
});
