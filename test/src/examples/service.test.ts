import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Limits, type RunningServer, startServer } from '@onnx-forge/example-service';
import { type LatentModel, load, Random } from '@onnx-forge/infer';
import { expect } from 'chai';

const RUN = fileURLToPath(new URL('../../../models/pretrained/vae-2d', import.meta.url));
const LOAD_TEST = fileURLToPath(new URL('../../../examples/service/dist/load-test.js', import.meta.url));
const MAIN = fileURLToPath(new URL('../../../examples/service/dist/main.js', import.meta.url));

/** An answer of several lines of JSON. */
// biome-ignore lint/suspicious/noExplicitAny: JSON
async function lines(answer: Response): Promise<any[]> {
  return (await answer.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('examples/service', () => {
  let server: RunningServer;
  let model: LatentModel;

  async function serving(limits: Limits, use: () => Promise<void>): Promise<void> {
    server = await startServer({ run: RUN, device: 'cpu', limits });
    try {
      await use();
    } finally {
      await server.close();
    }
  }

  const post = (path: string, body: unknown, signal?: AbortSignal): Promise<Response> =>
    fetch(`${server.url}${path}`, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...(signal && { signal }),
    });

  /** Status and error of an answer that refuses; the message is one line. */
  async function refusal(answer: Response): Promise<{ status: number; code: string; message: string }> {
    const { error } = (await answer.json()) as { error: { code: string; message: string } };
    expect(error.message).to.not.include('\n');
    return { status: answer.status, ...error };
  }

  /** Samples of the model itself, as the service answers them. */
  async function samplesOf(count: number, seed: number): Promise<number[][]> {
    const { data } = await model.decode(new Random(seed).fillNormal(new Float32Array(2 * count)));
    return Array.from({ length: count }, (_, row) =>
      Array.from(data.subarray(row * 784, (row + 1) * 784), (value) => Math.round(255 * value)),
    );
  }

  /** Black and white images. */
  const images = (count: number): number[][] => {
    const random = new Random(4);
    return Array.from({ length: count }, () => Array.from({ length: 784 }, () => Number(random.uniform() < 0.2)));
  };

  before(async () => {
    const loaded = await load(RUN, { device: 'cpu' });
    if (loaded.kind !== 'latent') throw new Error(loaded.kind);
    model = loaded;
  });

  after(() => model.dispose());

  it('samples; overlapping requests are decoded together and get their own images', () =>
    serving({ requestsPerClient: 64 }, async () => {
      const asked = Array.from({ length: 40 }, (_, seed) => ({ count: 1 + (seed % 5), seed }));
      const answers = await Promise.all(asked.map((body) => post('/sample', body)));
      for (const [index, { count, seed }] of asked.entries()) {
        const { images: got } = (await answers[index]!.json()) as { images: number[][] };
        const wanted = await samplesOf(count, seed);
        expect(got).to.have.length(count);
        // Rounded to bytes: products of another shape may round the other way.
        const worst = Math.max(...got.flatMap((image, i) => image.map((byte, j) => Math.abs(byte - wanted[i]![j]!))));
        expect(worst).to.be.at.most(1);
      }
    }));

  it('streams log-likelihoods, part by part', () =>
    serving({}, async () => {
      const x = images(12);
      const answer = await post('/log-likelihood', { images: x, samples: 20, seed: 3 });
      expect(answer.headers.get('content-type')).to.equal('application/x-ndjson');
      const parts = await lines(answer);
      const last = parts.pop();
      expect(parts.map(({ start, done, total }) => [start, done, total])).to.deep.equal([
        [0, 5, 12],
        [5, 10, 12],
        [10, 12, 12],
      ]);
      const all = await model.logLikelihood(x, { samples: 20, seed: 3, batchSize: 5 });
      expect(parts.flatMap(({ values }) => values)).to.deep.equal([...all.values]);
      expect(last).to.deep.equal({ mean: all.mean, standardError: all.standardError, samples: 20, seed: 3 });
    }));

  it('refuses bad requests in one line', () =>
    serving({ bodyBytes: 10_000 }, async () => {
      const cases: [string, unknown, number, string][] = [
        ['/sample', '{', 400, 'not JSON'],
        ['/sample', { count: 101 }, 400, 'count'],
        ['/sample', { cuont: 6 }, 400, 'cuont'],
        ['/log-likelihood', { images: [] }, 400, 'images'],
        ['/log-likelihood', { images: [[0, 1]] }, 400, 'row 0 must have 784 elements'],
        ['/log-likelihood', { images: [new Array(784).fill(2)] }, 400, '[0, 1]'],
        ['/log-likelihood', { images: images(1), samples: 0 }, 400, 'samples'],
        ['/log-likelihood', { images: images(10) }, 413, '10000 bytes'],
        ['/elsewhere', {}, 404, '/sample'],
      ];
      for (const [path, body, status, words] of cases) {
        const got = await refusal(await post(path, body));
        expect(got.status, got.message).to.equal(status);
        expect(got.message).to.include(words);
      }
      // A body whose length is not told in advance is counted.
      const endless = new ReadableStream({
        pull: (controller) => controller.enqueue(new TextEncoder().encode(' '.repeat(1000))),
      });
      const init = { method: 'POST', body: endless, duplex: 'half' } as RequestInit;
      expect((await fetch(`${server.url}/sample`, init).catch(() => ({ status: 413 }))).status).to.equal(413);
      expect((await post('/sample', {})).status).to.equal(200);
    }));

  it('refuses what is too much: 503 when full, 429 for one client; and is free again afterwards', () =>
    serving({ requests: 5, requestsPerClient: 3 }, async () => {
      const body = { images: images(50), samples: 500 };
      const answers = await Promise.all(Array.from({ length: 8 }, () => post('/log-likelihood', body)));
      const statuses = answers.map(({ status }) => status).sort();
      expect(statuses).to.deep.equal([200, 200, 200, 429, 429, 429, 429, 429]);
      for (const answer of answers) {
        if (answer.status === 200) expect((await lines(answer)).at(-1)).to.have.property('mean');
        else expect((await refusal(answer)).code).to.equal('greedy');
      }
      expect((await post('/sample', {})).status).to.equal(200);
    }).then(() =>
      serving({ requests: 2 }, async () => {
        const body = { images: images(50), samples: 500 };
        const answers = await Promise.all(Array.from({ length: 4 }, () => post('/log-likelihood', body)));
        expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 200, 503, 503]);
        const full = answers.find(({ status }) => status === 503)!;
        expect(full.headers.get('retry-after')).to.equal('1');
        await Promise.all(answers.map((answer) => answer.text()));
      }),
    ));

  it('keeps no turn for those that are slow to send their bodies, and answers them when they have', () =>
    serving({ requests: 1, requestsPerClient: 4 }, async () => {
      const body = '{"count": 1}';
      const slow = await Promise.all(
        Array.from({ length: 3 }, async () => {
          const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
          socket.write(
            `POST /sample HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
          );
          await once(socket, 'connect');
          return socket;
        }),
      );
      // The one that is turned away says that the three are there.
      let statuses: number[] = [];
      while (!statuses.includes(429)) {
        const answers = await Promise.all([post('/sample', {}), post('/sample', {}), post('/sample', {})]);
        statuses = answers.map(({ status }) => status);
        for (const answer of answers) await answer.text();
      }
      expect((await post('/sample', {})).status).to.equal(200);
      for (const socket of slow) {
        socket.write(body.slice(5));
        const [answer] = (await once(socket, 'data')) as [Buffer];
        expect(answer.toString()).to.match(/^HTTP\/1\.1 200/);
        socket.destroy();
      }
    }));

  it('frees the place of a client that went away, and stops its work', () =>
    serving({ requests: 1 }, async () => {
      const controller = new AbortController();
      const answer = await post('/log-likelihood', { images: images(100), samples: 5000 }, controller.signal);
      expect((await post('/sample', {})).status).to.equal(503);
      controller.abort();
      await answer.text().catch(() => undefined);
      let status = 503;
      while (status === 503) status = (await post('/sample', {})).status;
      expect(status).to.equal(200);
    }));

  it('finishes what is under way on SIGTERM, takes nothing new, and ends with exit code 0', async () => {
    const child = spawn(process.execPath, [MAIN], {
      env: { ...process.env, RUN, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(createInterface(child.stdout), 'line');
    server = { url: line.split(' ').at(-1), close: async () => undefined };
    const answer = await post('/log-likelihood', { images: images(100), samples: 1000 });
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    let refused: number | string = 200; // until the signal has arrived
    while (refused === 200) {
      refused = await post('/sample', {}).then(
        ({ status }) => status,
        () => 'no connection',
      );
    }
    expect(refused).to.be.oneOf([503, 'no connection']);
    const parts = await lines(answer);
    expect(parts).to.have.length(21);
    expect(parts.at(-1).mean).to.be.finite;
    expect(await exited).to.deep.equal([0, null]);
  });

  it('has a load test that prints a row for each number of clients, with and without batching', async () => {
    const env = { ...process.env, RUN, ROUNDS: '1', ROUND_MS: '50' };
    const { stdout } = await promisify(execFile)(process.execPath, [LOAD_TEST], { env });
    const rows = stdout
      .trim()
      .split('\n')
      .slice(2)
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    expect(rows.map(([clients, batching]) => `${clients} ${batching}`)).to.deep.equal([
      '1 no',
      '1 yes',
      '8 no',
      '8 yes',
      '32 no',
      '32 yes',
    ]);
    for (const [, , rate, p50, p95, p99, failed] of rows) {
      expect(Number(rate)).to.be.above(0);
      expect(Number(p50)).to.be.at.most(Number(p95)).and.at.most(Number(p99));
      expect(failed).to.equal('0');
    }
  });
});
