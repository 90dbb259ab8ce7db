import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fetchDataSet } from '@onnx-forge/train/data';
import { randomBytes, toySet } from '../../train/data/support.js';
import type { Scenario } from './scenarios.js';

const content = randomBytes(300_000);

/** A server of the toy data set's file that is slow enough to be interrupted. */
export async function serveToy(): Promise<{ server: Server; url: string }> {
  const { packed } = toySet(content);
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-length': packed.length });
    const send = (from: number): void => {
      if (from >= packed.length) response.end();
      else response.write(packed.subarray(from, from + 30_000), () => setTimeout(send, 5, from + 30_000));
    };
    send(0);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/toy` };
}

/** Fetches the toy data set; the exit code and the line of the command line. */
export async function fetchFrom(url: string, dataDir: string): Promise<number> {
  try {
    await fetchDataSet(toySet(content, [url]), { dataDir });
    return 0;
  } catch (error) {
    process.stderr.write(`onnx-forge: ${(error as Error).message}\n`);
    return 1;
  }
}

export const fetchScenario = (url: string): Scenario => ({
  name: 'fetch',
  async setup() {},
  argv: (work) => ['fetch', url, join(work, 'data')],
});
