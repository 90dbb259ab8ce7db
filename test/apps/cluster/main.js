import cluster from 'node:cluster';
import { scenario } from './scenario.js';

if (cluster.isPrimary) {
  for (let count = 0; count < 2; count++) {
    const worker = cluster.fork();
    worker.on('message', (outcome) => {
      console.log(JSON.stringify(outcome));
      worker.disconnect();
    });
  }
} else {
  process.send(await scenario({ run: 'runs/vae', devices: ['cpu'] }));
}
