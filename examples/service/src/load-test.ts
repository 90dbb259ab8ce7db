/**
 * Sends as many requests as it can from a number of clients to a service with and one without batching, and prints what
 * came of it. The two take turns in short rounds, so that a machine's moods meet both.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';

const { RUN = 'models/pretrained/vae-2d', ROUNDS = '20', ROUND_MS = '500' } = process.env;
const CLIENTS = [1, 8, 32] as const;
const BATCHES = [1, 256] as const;
const body = JSON.stringify({ count: 1, seed: 1 });

interface Service {
  readonly batch: number;
  readonly url: string;
  readonly child: ChildProcess;
  readonly agent: Agent;
}

/** Of all rounds together. */
interface Result {
  readonly latencies: number[];
  seconds: number;
  failed: number;
}

const services = await Promise.all(BATCHES.map(start));
try {
  console.log('| clients | batching | requests/s | p50 ms | p95 ms | p99 ms | failed |');
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  for (const clients of CLIENTS) {
    const results = services.map((): Result => ({ latencies: [], seconds: 0, failed: 0 }));
    for (const service of services) await load(service, clients, { latencies: [], seconds: 0, failed: 0 });
    for (let round = 0; round < Number(ROUNDS); round++) {
      for (const [index, service] of services.entries()) await load(service, clients, results[index]!);
    }
    for (const [index, { batch }] of services.entries()) console.log(row(clients, batch, results[index]!));
  }
} finally {
  for (const { child, agent } of services) {
    agent.destroy();
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
  }
}

async function start(batch: number): Promise<Service> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('main.js', import.meta.url))], {
    env: { ...process.env, RUN, PORT: '0', BATCH: `${batch}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const url = `${line.toString().trim().split(' ').at(-1)}/sample`;
  return { batch, url, child, agent: new Agent({ keepAlive: true }) };
}

/** One round; its numbers are added to the result. */
async function load(service: Service, clients: number, result: Result): Promise<void> {
  const begin = performance.now();
  const client = async (): Promise<void> => {
    while (performance.now() < begin + Number(ROUND_MS)) {
      const sent = performance.now();
      if ((await post(service)) === 200) result.latencies.push(performance.now() - sent);
      else result.failed++;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  result.seconds += (performance.now() - begin) / 1000;
}

function post({ url, agent }: Service): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const sent = request(url, { method: 'POST', agent, headers }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

function row(clients: number, batch: number, { latencies, seconds, failed }: Result): string {
  latencies.sort((a, b) => a - b);
  const at = (part: number): string => (latencies[Math.floor(part * latencies.length)] ?? Number.NaN).toFixed(1);
  const cells = [
    clients,
    batch > 1 ? 'yes' : 'no',
    (latencies.length / seconds).toFixed(0),
    at(0.5),
    at(0.95),
    at(0.99),
  ];
  return `| ${[...cells, failed].join(' | ')} |`;
}
