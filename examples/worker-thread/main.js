// node main.js RUN [COUNT]: samples in a worker thread, while this one stays free.
import { Worker } from 'node:worker_threads';

const [run = 'run', count = '1000'] = process.argv.slice(2);
const worker = new Worker(new URL('worker.js', import.meta.url), { workerData: { run } });
const calls = new Map();

worker.on('message', ({ id, error, result }) => {
  const { resolve, reject } = calls.get(id);
  calls.delete(id);
  if (error) reject(Object.assign(new Error(error.message), error));
  else resolve(result);
});

/** A method of the model in the worker. @throws Error with the `code` that the model's error had */
function call(method, ...args) {
  const id = calls.size === 0 ? 0 : Math.max(...calls.keys()) + 1;
  return new Promise((resolve, reject) => {
    calls.set(id, { resolve, reject });
    worker.postMessage({ id, method, args });
  });
}

let ticks = 0;
const clock = setInterval(() => ticks++, 1);
const images = await call('sample', Number(count), { seed: 1 });
clearInterval(clock);
const mean = images.data.reduce((sum, value) => sum + value, 0) / images.data.length;
console.log(JSON.stringify({ dims: images.dims, mean, ticks }));
const refusal = await call('sample', -1).catch(({ code, message }) => ({ code, message }));
console.log(JSON.stringify(refusal));
await call('dispose'); // before the thread ends: onnxruntime does not survive a worker that is terminated at work
await worker.terminate();
