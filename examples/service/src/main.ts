import { startServer } from './server.js';

const { RUN = 'models/pretrained/vae-2d', PORT = '8080', HOST = '127.0.0.1', HOSTS, BATCH = '256' } = process.env;

const server = await startServer({
  run: RUN,
  port: Number(PORT),
  host: HOST,
  ...(HOSTS && { hosts: HOSTS.split(',') }),
  limits: { batch: Number(BATCH) },
});
console.log(`${RUN} at ${server.url}`);

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void server.close());
