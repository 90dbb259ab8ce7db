import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tf } from '@onnx-forge/export';
import { OnnxImportError } from '@onnx-forge/export/import';
import { readOnnx, SavedModelError } from '@onnx-forge/export/sources';
import { assert } from 'chai';
import type { onnx } from 'onnx-proto';
import { encode, fed, portOf, tensorOf, weight } from './onnx-file.js';

const VALUES = [1.5, -2, 0.25];

/** y = x * w, whose numbers lie in a file of their own behind four other bytes. */
function modelWith(location: string): Uint8Array {
  const { rawData: _, ...rest } = tensorOf('w', weight([3]));
  const external = { dataLocation: 1, externalData: [entry('location', location), entry('offset', '4')] };
  return encode({
    nodes: [{ opType: 'Mul', name: 'product', input: ['x', 'w'], output: ['y'] }],
    initializers: [{ ...rest, ...external } as onnx.ITensorProto],
    inputs: [portOf('x', 'float32', ['batch', 3])],
    outputs: [portOf('y', 'float32', ['batch', 3])],
  });
}

const entry = (key: string, value: string): onnx.IStringStringEntryProto => ({ key, value });

async function refusal(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    assert.notInclude((error as Error).message, '\n');
    return error as Error;
  }
  throw new Error('it was not refused');
}

describe('readOnnx', () => {
  let folder: string;
  const put = async (name: string, bytes: Uint8Array): Promise<string> => {
    await writeFile(join(folder, name), bytes);
    return join(folder, name);
  };
  const weights = new Uint8Array(Float32Array.of(9, ...VALUES).buffer);

  before(() => tf.setBackend('cpu'));

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'read-onnx-'));
    await mkdir(join(folder, 'parts'));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('finds the weights that lie in files beside the model', async () => {
    const file = await put('model.onnx', modelWith('parts/w.bin'));
    await put('parts/w.bin', weights);
    const model = await readOnnx(file);
    const { y } = model.call({ x: tf.ones([2, 3]) });
    assert.deepEqual(Array.from(y!.dataSync()), [...VALUES, ...VALUES]);
    assert.deepEqual([...model.variables.keys()], ['w']);
    model.dispose();
  });

  it('takes files that it is given before those that lie there, and the other options', async () => {
    const file = await put('model.onnx', modelWith('w.bin'));
    const model = await readOnnx(file, { external: { 'w.bin': weights }, trainable: () => false });
    assert.deepEqual(Array.from(model.variables.get('w')!.dataSync()), VALUES);
    assert.lengthOf(model.trainable, 0);
    model.dispose();
  });

  it('reads from a URL, the weights too', async () => {
    const files = new Map([
      ['/nets/model.onnx', modelWith('w.bin')],
      ['/nets/w.bin', weights],
    ]);
    const server: Server = createServer(({ url = '' }, response) => {
      const bytes = files.get(url);
      response.writeHead(bytes ? 200 : 404).end(bytes);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const site = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const model = await readOnnx(`${site}/nets/model.onnx`);
      assert.deepEqual(Array.from(model.variables.get('w')!.dataSync()), VALUES);
      model.dispose();
      assert.match((await refusal(readOnnx(`${site}/nets/other.onnx`))).message, /404/);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  for (const name of ['../w.bin', '/etc/hostname', 'parts/../../w.bin']) {
    it(`refuses weights outside of the model's folder: ${name}`, async () => {
      const error = await refusal(readOnnx(await put('model.onnx', modelWith(name))));
      assert.instanceOf(error, SavedModelError);
      assert.include(error.message, 'not in its folder');
      assert.include(error.message, name);
    });
  }

  it('names the file that is not there, and the one that is damaged', async () => {
    const lacking = await refusal(readOnnx(await put('model.onnx', modelWith('w.bin'))));
    assert.match(lacking.message, /weights of .*model\.onnx: .*w\.bin can't be read/);
    await put('w.bin', weights.subarray(0, 9));
    const short = await refusal(readOnnx(join(folder, 'model.onnx')));
    assert.instanceOf(short, OnnxImportError);
    assert.match(short.message, /model\.onnx: .*'w'/);
    const broken = await refusal(readOnnx(await put('broken.onnx', modelWith('w.bin').subarray(0, 60))));
    assert.match(broken.message, /broken\.onnx: .*cut short/);
    assert.match((await refusal(readOnnx(join(folder, 'none.onnx')))).message, /none\.onnx can't be read/);
    assert.instanceOf(
      await refusal(readOnnx(await put('one.onnx', Uint8Array.from(fed([3]).values)))),
      OnnxImportError,
    );
  });
});
