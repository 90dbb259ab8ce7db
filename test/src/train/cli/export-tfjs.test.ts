import { existsSync } from 'node:fs';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { float32, openSession } from '@onnx-forge/infer';
import { expect } from 'chai';
import { SCORES } from '../../export/graph-model-file.js';
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
    'a graph model without a graph': [
      (folder) => writeFile(join(folder, 'model.json'), '{"format": "graph-model"}'),
      /is not a saved tfjs model: modelTopology/,
    ],
    'another JSON file': [
      (folder) => writeFile(join(folder, 'model.json'), '{}'),
      /is not a saved model of a known format/,
    ],
    'no JSON': [(folder) => writeFile(join(folder, 'model.json'), '{'), /is not JSON/],
    'a layer that tfjs does not know': [
      (folder) => writeFile(join(folder, 'model.json'), JSON.stringify(MODEL).replace('"Dense"', '"Mystery"')),
      /model\.json: tfjs has no layer class 'Mystery'/,
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

describe('onnx-forge export --shape', () => {
  it('fixes and names free sizes, in every input that shares them', () =>
    inFolder(async (folder) => {
      await save(folder);
      const fixed = await onnxForge('export model.json -o onnx --shape b=3,2 --json', folder);
      expect(fixed.code, fixed.stderr).to.equal(0);
      const shapes = { a: { dtype: 'float32', shape: [3, 1] }, b: { dtype: 'float32', shape: [3, 2] } };
      expect(JSON.parse(fixed.stdout)).to.have.property('inputs').that.deep.equals(shapes);
      expect(JSON.parse(fixed.stdout)).to.have.nested.property('parity.ok', true);
      await using session = await openSession(await readFile(join(folder, 'onnx/model.onnx')), { device: 'cpu' });
      const a = float32(Float32Array.of(1, 2, 3), [3, 1]);
      const result = await session.run({ a, b: float32(new Float32Array(6), [3, 2]) });
      expect([...result.double!.data]).to.deep.equal([2.5, 4.5, 6.5]);

      const both = await onnxForge('export model.json -o onnx --shape a=batch,1 --shape b=2,2 --json', folder);
      expect(both.code, both.stderr).to.equal(0);
      expect(JSON.parse(both.stdout)).to.have.nested.property('outputs.sum.shape').that.deep.equals([2, 1]);

      const named = await onnxForge('export model.json -o onnx --shape a=rows,1 --json', folder);
      expect(named.code, named.stderr).to.equal(0);
      expect(JSON.parse(named.stdout)).to.have.nested.property('outputs.sum.shape').that.deep.equals(['rows', 1]);
    }));

  const WRONG: Readonly<Record<string, RegExp>> = {
    '--shape c=1,2': /the model has no input 'c'; inputs: a, b/,
    '--shape a=1,1,1': /--shape a=1,1,1 has 3 sizes, but input 'a' is \[batch, 1\]/,
    '--shape a=1,2': /--shape a=1,2: input 'a' is \[batch, 1\]/,
    '--shape a=2,1 --shape b=3,2': /input 'b' is \[batch, 2\], and another --shape says batch = 2/,
    '--shape a=rows,1 --shape b=3,2': /another --shape says batch = rows/,
    '--shape a': /takes name=sizes/,
    '--shape a=1,1 --shape a=2,1': /--shape a=... is given twice/,
  };
  it('refuses what is no size of the model, and writes nothing', () =>
    inFolder(async (folder) => {
      await save(folder);
      for (const [flags, message] of Object.entries(WRONG)) {
        const ended = await onnxForge(`export model.json -o onnx ${flags}`, folder);
        expect([ended.code, complaints(ended).length], flags).to.deep.equal([2, 1]);
        expect(complaints(ended)[0]).to.match(message);
        expect(existsSync(join(folder, 'onnx/model.onnx'))).to.equal(false);
      }
    }));
});

describe('onnx-forge export --import', () => {
  const LAYERS = `import { tf } from '@onnx-forge/export';
    class Mystery extends tf.layers.Layer {
      static readonly className = 'Mystery';
      readonly units: number;
      constructor(config: { units: number }) { super(config as never); this.units = config.units; }
      override computeOutputShape(shape: tf.Shape): tf.Shape { return shape; }
      override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor { return tf.mul([inputs].flat()[0]!, this.units + 2); }
      override getConfig() { return { ...super.getConfig(), units: this.units }; }
    }
    tf.serialization.registerClass(Mystery as never);`;
  const model = () => {
    const layers = [input('x', 1), { ...dense('odd', 1, 'x'), class_name: 'Mystery' }];
    const config = { name: 'odd', layers, input_layers: [['x', 0, 0]], output_layers: [['odd', 0, 0]] };
    return JSON.stringify({ format: 'layers-model', modelTopology: { class_name: 'Model', config } });
  };

  it("registers layers of one's own before the model is read", () =>
    inFolder(async (folder) => {
      await symlink(fileURLToPath(new URL('../../../../node_modules', import.meta.url)), join(folder, 'node_modules'));
      await writeFile(join(folder, 'layers.ts'), LAYERS);
      await writeFile(join(folder, 'model.json'), model());
      const { code, stderr } = await onnxForge('export model.json -o onnx --import ./layers.ts', folder);
      expect(code, stderr).to.equal(0);
      await using session = await openSession(await readFile(join(folder, 'onnx/model.onnx')), { device: 'cpu' });
      const result = await session.run({ x: float32(Float32Array.of(1, -2), [2, 1]) });
      expect([...result.odd!.data]).to.deep.equal([3, -6]);

      const without = await onnxForge('export model.json -o onnx', folder);
      expect(without.code).to.equal(1);
      expect(complaints(without)[0]).to.match(/tfjs has no layer class 'Mystery'; .*--import \.\/layers\.ts/);
      const missing = await onnxForge('export model.json -o onnx --import ./nothing.ts', folder);
      expect([missing.code, complaints(missing)[0]]).to.deep.equal([
        2,
        `onnx-forge: there is no module ${join(folder, 'nothing.ts')}`,
      ]);
    }));
});

describe('onnx-forge export of a saved graph model', () => {
  async function scores(onnx: string): Promise<number[]> {
    await using session = await openSession(await readFile(onnx), { device: 'cpu' });
    const { score } = await session.run({ picture: float32(Float32Array.of(1, 0, 0, 1), [1, 2, 2]) });
    return Array.from(score!.data as Float32Array);
  }

  it('sees by its content what it is, and compares it', () =>
    inFolder(async (folder) => {
      await SCORES.save(folder);
      const { code, stdout, stderr } = await onnxForge('export model.json -o onnx --json', folder);
      expect(code, stderr).to.equal(0);
      expect(JSON.parse(stdout)).to.include({ format: 'graph-model' }).and.to.have.nested.property('parity.ok', true);
      expect(await scores(join(folder, 'onnx/model.onnx'))).to.deep.equal([5, 50]);
    }));

  it('reads it by URL, the query with every file', () =>
    inFolder(async (folder) => {
      await SCORES.save(folder);
      const server = createServer(async ({ url = '' }, response) => {
        const { pathname, search } = new URL(url, 'http://localhost');
        const name = /^\/small\/([\w.-]+)$/.exec(pathname)?.[1];
        if (name === undefined || search !== '?token=5') return response.writeHead(403).end();
        response.end(await readFile(join(folder, name)));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      try {
        const url = `http://127.0.0.1:${port}/small/model.json`;
        const { code, stderr } = await onnxForge(['export', `${url}?token=5`], folder);
        expect(code, stderr).to.equal(0);
        expect(await scores(join(folder, 'small-onnx/model.onnx'))).to.deep.equal([5, 50]);
        const refused = await onnxForge(['export', url], folder);
        expect(refused.code).to.equal(1);
        expect(complaints(refused)[0]).to.match(/model\.json can't be read: the server says 403/);
      } finally {
        server.close();
      }
    }));
});
