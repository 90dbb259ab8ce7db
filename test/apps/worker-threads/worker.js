import { parentPort, workerData } from 'node:worker_threads';
import { scenario } from './scenario.js';

parentPort.postMessage(await scenario(workerData));
