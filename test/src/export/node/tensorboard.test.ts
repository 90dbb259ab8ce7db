import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { tf } from '@onnx-forge/export';
import { assert } from 'chai';
import protobuf from 'protobufjs';
import { complaint, useFolder, useNodeEntry } from './entry.js';

/** Written by events.py, with TensorBoard's own protobufs and its own writer. */
const { data, records } = JSON.parse(
  readFileSync(new URL('../../../fixtures/events.json', import.meta.url), 'utf8'),
) as { readonly data: readonly number[]; readonly records: Readonly<Record<string, string>> };

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; }
  message Summary { repeated Value value = 1; }
  message Value { string tag = 1; float simple_value = 2; Tensor tensor = 8; Metadata metadata = 9; }
  message Tensor { int32 dtype = 1; Shape tensor_shape = 2; bytes tensor_content = 4; }
  message Shape { repeated Dim dim = 2; }
  message Dim { int64 size = 1; }
  message Metadata { Plugin plugin_data = 1; string summary_description = 3; }
  message Plugin { string plugin_name = 1; }
`);
const EVENT = root.lookupType('Event');

interface Event {
  readonly step?: number;
  readonly fileVersion?: string;
  readonly summary?: { readonly value: readonly [Value] };
}
interface Value {
  readonly tag: string;
  readonly simpleValue?: number;
  readonly tensor?: { readonly tensorContent: Uint8Array; readonly tensorShape: { readonly dim: { size: number }[] } };
}

/** CRC-32C, bit by bit from its polynomial; masked as in a TFRecord. */
function maskedCrc(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0x82f63b78 : 0);
  }
  sum = ~sum >>> 0;
  return (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;
}

/** The data of a file's records, whose checksums must be right. */
function recordsOf(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const found: Uint8Array[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(view.getBigUint64(at, true));
    const content = file.subarray(at + 12, at + 12 + length);
    assert.equal(view.getUint32(at + 8, true), maskedCrc(file.subarray(at, at + 8)));
    assert.equal(view.getUint32(at + 12 + length, true), maskedCrc(content));
    found.push(content);
    at += 16 + length;
  }
  return found;
}

/** The records of the only file of a folder. */
function written(folder: string): Uint8Array[] {
  const files = readdirSync(folder);
  assert.lengthOf(files, 1);
  assert.match(files[0]!, /^events\.out\.tfevents\.\d{10}\..*\.v2$/);
  return recordsOf(readFileSync(`${folder}/${files[0]}`));
}

function events(folder: string): Event[] {
  return written(folder).map((record) => EVENT.toObject(EVENT.decode(record), { longs: Number }) as Event);
}

/** [tag, step, value] of each scalar. */
function scalars(folder: string): [string, number, number][] {
  const all = events(folder).flatMap(({ step = 0, summary }) => {
    const value = summary?.value[0];
    return value?.simpleValue === undefined ? [] : [[value.tag, step, value.simpleValue] as [string, number, number]];
  });
  return all;
}

describe('tf.node.summaryFileWriter', () => {
  const entry = useNodeEntry();
  const inFolder = useFolder();

  it('writes the bytes that TensorBoard writes', () => {
    const writer = entry().node.summaryFileWriter(inFolder('logs'));
    const values = entry().tensor1d([...data]);
    writer.scalar('loss', 0.25, 3);
    writer.scalar('loss', entry().scalar(0), 0);
    writer.scalar('Verlust/ä', -1e30, 2 ** 40);
    writer.histogram('weights', values, 7, 4);
    writer.histogram('weights', values.reshape([2, 4]), 7, undefined, 'of *all* layers');
    writer.flush();
    const now = Date.now() / 1000;
    const expected = ['version', 'scalar', 'zero', 'large step', 'histogram', 'described histogram'];
    const found = written(inFolder('logs'));
    assert.lengthOf(found, expected.length);
    for (const [i, name] of expected.entries()) {
      const [record] = recordsOf(Buffer.from(records[name]!, 'base64'));
      const view = new DataView(found[i]!.buffer, found[i]!.byteOffset);
      // The wall time is the first field.
      assert.closeTo(view.getFloat64(1, true), now, 60);
      view.setFloat64(1, 1.5, true);
      assert.deepEqual(Buffer.from(found[i]!), Buffer.from(record!), name);
    }
  });

  it('gives a folder one writer, and each writer one folder', () => {
    const { summaryFileWriter } = entry().node;
    const [a, b] = [summaryFileWriter(inFolder('a')), summaryFileWriter(inFolder('deep', 'b'))];
    assert.equal(summaryFileWriter(inFolder('.', 'a')), a);
    a.scalar('x', 1, 1);
    b.scalar('x', 2, 1);
    a.scalar('x', 3, 2);
    assert.deepEqual(scalars(inFolder('a')), [
      ['x', 1, 1],
      ['x', 2, 3],
    ]);
    assert.deepEqual(scalars(inFolder('deep', 'b')), [['x', 1, 2]]);
  });

  it('writes histograms of equal values, and of none', () => {
    const writer = entry().node.summaryFileWriter(inFolder('logs'));
    writer.histogram('equal', entry().fill([3, 2], 4), 1);
    writer.histogram('none', entry().tensor1d([]), 1);
    const tensors = events(inFolder('logs')).flatMap(({ summary }) => summary?.value[0].tensor ?? []);
    const numbers = tensors.map(({ tensorContent = new Uint8Array() }) =>
      Array.from(new Float32Array(new Uint8Array(tensorContent).buffer)),
    );
    assert.deepEqual(numbers, [[3.5, 4.5, 6], []]);
  });

  it('refuses in one line', async () => {
    const { node, tensor1d, scalar } = entry();
    const check = async (attempt: () => void, message: string) => assert.include(await complaint(attempt), message);
    await check(() => node.summaryFileWriter(''), 'Invalid logdir: . Expected a non-empty string for logdir.');
    const writer = node.summaryFileWriter(inFolder('logs'));
    await check(() => writer.scalar('x', 1, 0.5), 'step is expected to be an integer, but is instead 0.5');
    await check(() => writer.scalar('x', tensor1d([1]) as never, 1), 'a tensor of rank 0, but got rank 1');
    await check(() => writer.scalar('x', scalar(1), 1, 'words'), 'scalar() does not support description yet');
    await check(() => writer.histogram('x', tensor1d([1]), 1, 0), 'a strictly positive integer, but it was 0');
    await check(
      () => writer.histogram('x', tensor1d([1, Number.NaN]), 3),
      "histogram 'x' of step 3 has a value that is NaN",
    );
    await check(
      () => writer.histogram('x', tensor1d(['a']), 3),
      "histogram 'x' must be of numbers, but got a string tensor",
    );
  });
});

describe('tf.node.tensorBoard', () => {
  const entry = useNodeEntry();
  const inFolder = useFolder();

  function fit(
    settings: Parameters<ReturnType<typeof entry>['node']['tensorBoard']>[1],
    options: tf.ModelFitArgs = {},
  ) {
    const { sequential, layers, tensor2d, node } = entry();
    const model = sequential({ layers: [layers.dense({ units: 1, inputShape: [2], name: 'board' })] });
    model.compile({ loss: 'meanSquaredError', optimizer: 'sgd', metrics: ['mae'] });
    const [x, y] = [tensor2d([1, 2, 3, 4, 5, 6], [3, 2]), tensor2d([1, 2, 3], [3, 1])];
    const callbacks = node.tensorBoard(inFolder('logs'), settings);
    return model.fit(x, y, { epochs: 2, batchSize: 2, verbose: 0, callbacks, ...options });
  }

  it('writes losses and metrics of each epoch', async () => {
    const { tensor2d } = entry();
    const validationData: [tf.Tensor, tf.Tensor] = [tensor2d([[1, 1]]), tensor2d([[1]])];
    const { history } = await fit({}, { validationData });
    const curve = (tag: string, name: string) =>
      history[name]!.map((value, i) => [tag, i + 1, Math.fround(value as number)]);
    const byTag = (all: [string, number, number][]) => all.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    const expected = (prefix: string) => [
      ...curve('epoch_loss', `${prefix}loss`),
      ...curve('epoch_mae', `${prefix}mae`),
    ];
    assert.deepEqual<unknown>(byTag(scalars(inFolder('logs', 'train'))), expected(''));
    assert.deepEqual<unknown>(byTag(scalars(inFolder('logs', 'val'))), expected('val_'));
  });

  it('writes those of each batch, if asked', async () => {
    await fit({ updateFreq: 'batch' });
    const steps = scalars(inFolder('logs', 'train')).filter(([tag]) => tag === 'batch_loss');
    assert.deepEqual(
      steps.map(([, step]) => step),
      [1, 2, 3, 4],
    );
    assert.isFalse(existsSync(inFolder('logs', 'val')));
  });

  it('writes histograms of the weights every so many epochs', async () => {
    await fit({ histogramFreq: 2 }, { epochs: 3 });
    const found = events(inFolder('logs', 'train')).flatMap(({ step = 0, summary }) => {
      const { tag, tensor } = summary?.value[0] ?? {};
      return tensor ? [[tag, step]] : [];
    });
    // tfjs numbers the names of weights that were there before.
    assert.deepEqual(
      found.map(([tag, step]) => [`${tag}`.replace(/_\d+$/, ''), step]),
      [0, 2].flatMap((step) => ['board/kernel', 'board/bias'].map((tag) => [tag, step])),
    );
  });

  it('refuses settings in one line', async () => {
    const { tensorBoard } = entry().node;
    assert.include(
      await complaint(() => tensorBoard('logs', { updateFreq: 'never' as never })),
      "Expected updateFreq to be 'batch' or 'epoch', but got never",
    );
    assert.include(
      await complaint(() => tensorBoard('logs', { histogramFreq: -1 })),
      'Expected histogramFreq to be a positive integer, but got -1',
    );
  });
});
