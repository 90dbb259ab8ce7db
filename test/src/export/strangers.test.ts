import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkModel, InvalidModelError, tf } from '@onnx-forge/export';
import { readModel, SavedModelError } from '@onnx-forge/export/sources';
import { expect } from 'chai';
import { SCORES } from './graph-model-file.js';

interface Topology {
  readonly class_name: string;
  readonly config: { readonly layers: { name: string; inbound_nodes: unknown[] }[] };
}

describe('models of strangers', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'onnx-forge-strangers-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function refusalOf(json: string | object): Promise<string> {
    const file = join(folder, 'model.json');
    writeFileSync(file, typeof json === 'string' ? json : JSON.stringify(json));
    const error = await readModel(file).then(
      () => new Error('it was read'),
      (failure: Error) => failure,
    );
    expect(error).to.be.instanceOf(SavedModelError);
    expect(error.message).to.not.include('\n');
    return error.message;
  }

  /** Two branches that meet, of which the test spoils the connections. */
  function branches(spoil: (layers: Topology['config']['layers']) => void): object {
    const x = tf.input({ shape: [2], name: 'x' });
    const dense = (name: string) => tf.layers.dense({ units: 2, name, useBias: false });
    const a = dense('a').apply(x) as tf.SymbolicTensor;
    const y = tf.layers.add({ name: 'sum' }).apply([a, dense('b').apply(a) as tf.SymbolicTensor]) as tf.SymbolicTensor;
    const model = tf.model({ inputs: x, outputs: y });
    const modelTopology = model.toJSON(undefined, false) as unknown as Topology;
    model.dispose();
    const written = modelTopology as unknown as { model_config?: Topology };
    spoil((written.model_config ?? modelTopology).config.layers);
    return { format: 'layers-model', modelTopology };
  }

  const layer = (layers: Topology['config']['layers'], name: string) => layers.find((each) => each.name === name)!;

  it('a layer that waits for one that is not there is refused: tfjs would wait without end', async () => {
    const spoilt = branches((layers) => {
      layer(layers, 'b').inbound_nodes = [[['nobody', 0, 0, {}]]];
    });
    expect(await refusalOf(spoilt)).to.include("layer 'b' waits for call 0 of layer 'nobody', which is never made");
  });

  it('so are circles, calls that are never made, and two layers of one name', async () => {
    const circle = branches((layers) => {
      layer(layers, 'a').inbound_nodes = [[['b', 0, 0, {}]]];
    });
    expect(await refusalOf(circle)).to.include('never made');
    const later = branches((layers) => {
      layer(layers, 'b').inbound_nodes = [[['a', 7, 0, {}]]];
    });
    expect(await refusalOf(later)).to.include("call 7 of layer 'a'");
    const twice = branches((layers) => {
      layers.push({ ...layer(layers, 'a') });
    });
    expect(await refusalOf(twice)).to.include("two layers 'a'");
  });

  it('an unspoilt model of that kind is read', async () => {
    const file = join(folder, 'model.json');
    const weights = ['a/kernel', 'b/kernel'].map((name) => ({ name, shape: [2, 2], dtype: 'float32' }));
    const weightsManifest = [{ paths: ['w.bin'], weights }];
    writeFileSync(join(folder, 'w.bin'), new Uint8Array(32));
    writeFileSync(file, JSON.stringify({ ...branches(() => {}), weightsManifest }));
    expect((await readModel(file)).format).to.equal('layers-model');
  });

  it('weights that are not in its folder are not read', async () => {
    const weights = [{ name: 'a/kernel', shape: [1], dtype: 'float32' }];
    for (const path of ['../w.bin', 'x/../../w.bin', '/etc/passwd', join(folder, '..', 'w.bin')]) {
      const message = await refusalOf({ ...branches(() => {}), weightsManifest: [{ paths: [path], weights }] });
      expect(message).to.include(`names weights that are not in its folder: '${path}'`);
    }
    const asked: string[] = [];
    const server = createServer(({ url = '' }, response) => {
      asked.push(url);
      const weightsManifest = [
        { paths: [decodeURIComponent(new URL(url, 'http://x').searchParams.get('path')!)], weights },
      ];
      response.end(JSON.stringify({ ...branches(() => {}), weightsManifest }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      for (const path of [
        '../w.bin',
        '%2e%2e/w.bin',
        '/w.bin',
        'http://169.254.169.254/w',
        '//other/w',
        'file:///etc/passwd',
      ]) {
        const error = await readModel(`${base}/model/model.json?path=${encodeURIComponent(path)}`).then(
          () => new Error('it was read'),
          (failure: Error) => failure,
        );
        expect(error.message).to.include('names weights that are not in its folder');
      }
      expect(asked.filter((url) => !url.startsWith('/model/model.json'))).to.deep.equal([]);
    } finally {
      server.close();
    }
  });

  it('nesting beyond reason does not exhaust the stack', async () => {
    const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
    for (const key of ['keras_version', 'model_config', 'config']) {
      const json = `{"format": "layers-model", "modelTopology": {"${key}": ${deep}}}`;
      expect(await refusalOf(json)).to.include('nested more than 500 deep');
    }
  });

  it('a layer of Keras that is no object is refused', async () => {
    const model_config = {
      module: 'other',
      class_name: 'Sequential',
      config: { name: 'n', layers: [{ class_name: 1 }] },
    };
    expect(await refusalOf({ format: 'layers-model', modelTopology: { model_config } })).to.include('model.json');
  });

  it('a graph model whose nodes or outputs are none is refused', async () => {
    const json = SCORES.json as { modelTopology: object; signature: object };
    const cases: [object, RegExp][] = [
      [{ ...json, modelTopology: { node: [1] } }, /node\[0\] must be an object/],
      [{ ...json, modelTopology: { node: [{ name: 'x', op: 'Add', input: 'y' }] } }, /input must be a list/],
      [{ ...json, signature: { inputs: 3 } }, /signature\.inputs/],
    ];
    await SCORES.save(folder);
    for (const [spoilt, words] of cases) expect(await refusalOf(spoilt)).to.match(words);
  });

  it('bytes that are no protobuf message are an invalid model', () => {
    for (const bytes of [
      Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0x0f),
      Uint8Array.of(0x0c),
      Buffer.from('not a model'),
    ]) {
      expect(() => checkModel(bytes)).to.throw(InvalidModelError);
    }
  });
});
