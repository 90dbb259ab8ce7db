import { Worker } from 'node:worker_threads';

const run = 'runs/vae';
for (let count = 0; count < 2; count++) {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: { run, devices: ['cpu'] } });
  worker.on('message', (outcome) => console.log(JSON.stringify(outcome)));
}
