import { connect, type Socket } from 'node:net';
import type { Random } from '@onnx-forge/infer';

/** A client that does a server harm, for one connection. */
export interface BadClient {
  readonly name: string;
  /** Sends its bytes; `pause` ends early when the campaign does. */
  act(socket: Socket, random: Random, pause: (milliseconds: number) => Promise<void>): Promise<void>;
}

const head = (path: string, length: number | string, more = ''): string =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n${more}\r\n`;

const SAMPLE = '{"count": 8, "seed": 3}';

const images = (count: number): string =>
  JSON.stringify({ images: Array(count).fill(Array(784).fill(0)), samples: 50 });

/** Bytes that are no request, or none that may be answered. */
const GARBAGE: readonly string[] = [
  '\u0000\u0001\u0002\r\n\r\n',
  'GET / HTTP/9.9\r\n\r\n',
  'POST /sample HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 2\r\n\r\n{}',
  head('/sample', '-5'),
  head('/sample', '99999999999999999999'),
  head('/sample', 5, 'Content-Length: 7\r\n'),
  head('/sample', 5, 'Transfer-Encoding: chunked\r\n'),
  head('/sample', 1, `${'X-Long: '.padEnd(20_000, 'y')}\r\n`),
  head('/sample', 1, Array.from({ length: 3000 }, (_, i) => `X-${i}: 1\r\n`).join('')),
  `${head('/sample', 3)}{"c`,
  `${head('/sample', 4)}null`,
  `${head('/log-likelihood', 13)}{"images": 1}`,
  'POST /sample HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n',
  'POST /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n',
  `${head('/sample', SAMPLE.length)}${SAMPLE}`.repeat(30),
];

/** Clients of every kind. */
export const BAD_CLIENTS: readonly BadClient[] = [
  {
    name: 'sends its headers byte by byte',
    async act(socket, _random, pause) {
      for (const character of head('/sample', SAMPLE.length)) {
        socket.write(character);
        await pause(100);
      }
    },
  },
  {
    name: 'sends its body byte by byte',
    async act(socket, _random, pause) {
      socket.write(head('/sample', SAMPLE.length));
      for (const character of SAMPLE.slice(0, -1)) {
        socket.write(character);
        await pause(300);
      }
    },
  },
  {
    name: 'does not read its answer',
    async act(socket, _random, pause) {
      const body = images(20);
      socket.pause();
      socket.write(head('/log-likelihood', body.length) + body);
      await pause(5000);
    },
  },
  {
    name: 'goes away while it is answered',
    async act(socket, random, pause) {
      const body = images(30);
      socket.write(head('/log-likelihood', body.length) + body);
      await pause(random.uniform() * 200);
      socket.resetAndDestroy();
    },
  },
  {
    name: 'goes away in the middle of its request',
    async act(socket, random, pause) {
      socket.write(`${head('/sample', 1000)}${SAMPLE}`);
      await pause(random.uniform() * 50);
      if (random.uniform() < 0.5) socket.resetAndDestroy();
    },
  },
  {
    name: 'sends more than it may',
    async act(socket, _random, pause) {
      socket.write(head('/sample', 2 ** 30));
      const part = 'x'.repeat(2 ** 16);
      for (let sent = 0; sent < 64 && socket.writable; sent++) {
        if (!socket.write(part)) await pause(5);
      }
    },
  },
  {
    name: 'sends garbage',
    async act(socket, random, pause) {
      socket.write(GARBAGE[random.integer(GARBAGE.length)]!);
      await pause(200 + random.uniform() * 300);
    },
  },
  { name: 'connects and says nothing', act: (_socket, random, pause) => pause(1000 + random.uniform() * 4000) },
];

/** One connection of a bad client, to its end. */
export async function misbehave(
  client: BadClient,
  to: { readonly port: number; readonly address: string },
  random: Random,
  pause: (milliseconds: number) => Promise<void>,
): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port: to.port, localAddress: to.address });
  // The service may end the connection at any time: it is right to.
  socket.on('error', () => {});
  socket.resume();
  await new Promise<void>((resolve) => {
    socket.once('connect', () => resolve());
    socket.once('close', () => resolve());
  });
  if (!socket.destroyed) await client.act(socket, random, pause);
  socket.destroy();
}
