import { readdir, readFile } from 'node:fs/promises';
import { compileStep, stepModels, tf } from '@onnx-forge/export';
import { DeviceError, Random } from '@onnx-forge/infer';
import { assert } from 'chai';

const SOURCES = new URL('../../../packages/export/src/', import.meta.url);

/** Ways to ask which machine this is. */
const QUESTIONS = /\bnode:(os|process|worker_threads|child_process)\b|\bprocess\.|\bnavigator\b|hardwareConcurrency/;

const inputs = { x: { shape: [2, 6, 6, 64] } };

/** A step with a convolution from and to whole blocks of channels, and a product. */
function step({ x }: Record<string, tf.Tensor>): Record<string, tf.Tensor> {
  const filter = tf.tensor(new Random(2).fillUniform(new Float32Array(3 * 3 * 64 * 64), -1, 1), [3, 3, 64, 64]);
  return { loss: tf.mean(tf.relu(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same'))) };
}

describe('exported graphs and the processor', () => {
  it('nothing in packages/export asks which machine it runs on', async () => {
    // But for the backend, which runs what it records, and what tfjs-node adds to it: neither writes a graph.
    const files = (await readdir(SOURCES, { recursive: true })).filter((name) =>
      /^(?!backend\/|node\/).*\.ts$/.test(name),
    );
    assert.isAbove(files.length, 50);
    for (const file of files) assert.notMatch(await readFile(new URL(file, SOURCES), 'utf8'), QUESTIONS, file);
  });

  it('a step for files is of standard operators, whatever the steps that run here are made of', async () => {
    const options = { device: 'cpu', random: new Random(1) } as const;
    const { bytes } = stepModels({ step: { inputs, step } }).step!;
    for (const dialect of [undefined, {}]) {
      await using training = await compileStep({ inputs, step }, { ...options, ...(dialect && { dialect }) });
      assert.deepEqual(training.portable().step!.bytes, bytes);
    }
    const blocked = stepModels({ step: { inputs, step } }, { dialect: { channelBlock: 16 } }).step!;
    assert.notDeepEqual(blocked.bytes, bytes);
  });

  it('steps for a processor that this one is not compile, and are refused here', async () => {
    const opened: number[] = [];
    for (const channelBlock of [8, 16]) {
      const dialect = { channelBlock };
      const { bytes } = stepModels({ step: { inputs, step } }, { dialect }).step!;
      assert.include(Buffer.from(bytes).toString('latin1'), 'com.microsoft.nchwc');
      try {
        const options = { device: 'cpu', random: new Random(1), dialect } as const;
        await using _ = await compileStep({ inputs, step }, options);
        opened.push(channelBlock);
      } catch (error) {
        assert.instanceOf(error, DeviceError);
        assert.include((error as DeviceError).message, `blocks of ${channelBlock} channels`);
      }
    }
    assert.isAtMost(opened.length, 1, 'a processor has one size of blocks or none');
  });
});
