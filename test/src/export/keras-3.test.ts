import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportOnnx } from '@onnx-forge/export';
import { readModel, SavedModelError } from '@onnx-forge/export/sources';
import { openSession, type Tensor } from '@onnx-forge/infer';
import { expect } from 'chai';

interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Case {
  readonly topology: object;
  readonly weights: readonly (Numbers & { readonly name: string })[];
  readonly inputs: Readonly<Record<string, Numbers>>;
  readonly outputs: readonly Numbers[];
}

/** Models as Keras 3 describes them, with the outputs that Keras computed (keras-3.py beside the file). */
const CASES = JSON.parse(readFileSync(new URL('../../fixtures/keras-3.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, Case>
>;

describe('models of Keras 3', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'onnx-forge-keras-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function save({ topology, weights }: Pick<Case, 'topology' | 'weights'>): string {
    const data = Float32Array.from(weights.flatMap(({ data }) => data));
    const specs = weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32' }));
    const model = {
      format: 'layers-model',
      modelTopology: topology,
      weightsManifest: [{ paths: ['w.bin'], weights: specs }],
    };
    writeFileSync(join(folder, 'model.json'), JSON.stringify(model));
    writeFileSync(join(folder, 'w.bin'), Buffer.from(data.buffer));
    return join(folder, 'model.json');
  }

  async function compute(file: string, inputs: Case['inputs']): Promise<Tensor[]> {
    const { format, run, signature } = await readModel(file);
    expect(format).to.equal('keras-3');
    const exported = exportOnnx(run, signature);
    await using session = await openSession(exported.bytes, { device: 'cpu' });
    expect(Object.keys(exported.inputs).sort()).to.deep.equal(Object.keys(inputs).sort());
    const feeds = Object.entries(inputs).map(([name, { shape, data }]): [string, Tensor] => {
      const type = exported.inputs[name]!.dtype as 'float32' | 'int32';
      return [name, { type, dims: shape, data: (type === 'int32' ? Int32Array : Float32Array).from(data) } as Tensor];
    });
    const results = await session.run(Object.fromEntries(feeds));
    return Object.keys(exported.outputs).map((name) => results[name]!);
  }

  for (const [name, given] of Object.entries(CASES)) {
    it(`agree with Keras: ${name}`, async () => {
      const results = await compute(save(given), given.inputs);
      expect(results.map(({ dims }) => dims)).to.deep.equal(given.outputs.map(({ shape }) => shape));
      for (const [i, { data }] of given.outputs.entries()) {
        const errors = data.map((value, k) => Math.abs(Number(results[i]!.data[k]) - value) / (1 + Math.abs(value)));
        expect(Math.max(...errors), `output ${i}`).to.be.below(2e-6);
      }
    });
  }
  void SavedModelError;
});
