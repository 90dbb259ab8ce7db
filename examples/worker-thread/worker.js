import { parentPort, workerData } from 'node:worker_threads';
import { load } from '@onnx-forge/infer';

const loaded = load(workerData.run, { device: 'cpu' });

const methods = {
  async sample(count, options) {
    const { images } = await (await loaded).sample(count, options);
    // A copy that can change hands: the thread gives it away, and nothing is copied on the way.
    return { dims: images.dims, data: images.data.slice() };
  },
  async dispose() {
    await (await loaded).dispose();
  },
};

parentPort.on('message', async ({ id, method, args }) => {
  try {
    const result = await methods[method](...args);
    parentPort.postMessage({ id, result }, result ? [result.data.buffer] : []);
  } catch (error) {
    parentPort.postMessage({ id, error: { message: error.message, code: error.code } });
  }
});
