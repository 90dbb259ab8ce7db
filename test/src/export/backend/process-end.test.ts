import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';

/** A synchronous read is answered after an asynchronous one that is still waited for. */
const PROGRAM = `
  import { registerOnnxBackend, tf } from '@onnx-forge/export';
  registerOnnxBackend({ smallest: 0, opening: 0 });
  await tf.setBackend('onnx');
  const [a, b] = [tf.add(tf.ones([2]), 1), tf.add(tf.ones([2]), 2)];
  const first = a.data();
  const second = b.dataSync();
  console.log(String(await first), String(second));
`;

describe('the onnx backend in a process', () => {
  it('lets it end after a synchronous read behind an asynchronous one', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
      cwd: import.meta.dirname,
      timeout: 60_000,
    });
    expect(stdout.trim()).to.equal('2,2 3,3');
  });
});
