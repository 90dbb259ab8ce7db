import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DataError, loadDataSet } from '@onnx-forge/train';
import { type FetchProgress, fetchDataSet } from '@onnx-forge/train/data';
import { expect } from 'chai';
import { zipSync } from 'fflate';
import { skip } from '../../mocha/skip.js';
import { failure, randomBytes, temporaryFolder, toySet } from './support.js';

const content = randomBytes(200_000);
const { packed } = toySet(content);
const flipped = Uint8Array.from(packed, (byte, i) => (i === 500 ? byte ^ 1 : byte));

type Handler = (response: ServerResponse, request: IncomingMessage) => void;

const HANDLERS: Readonly<Record<string, Handler>> = {
  '/packed': (response) => response.end(packed),
  '/plain': (response) => response.end(content),
  '/unpacked-on-the-way': (response) => response.setHeader('content-encoding', 'gzip').end(packed),
  '/official.zip': (response) =>
    response.end(zipSync({ 'top/all.bin': content, 'top/README': content.subarray(0, 9) })),
  '/other.zip': (response) => response.end(zipSync({ 'top/other.bin': content })),
  '/absent': (response) => response.writeHead(404).end('no such file'),
  '/error-page': (response) => response.end('<html>please log in</html>'),
  '/flipped': (response) => response.end(flipped),
  '/endless': (response) => {
    const send = (): void => {
      if (!response.destroyed) response.write(content, () => setImmediate(send));
    };
    send();
  },
  '/breaks-off': (response) => {
    response.writeHead(200, { 'content-length': packed.length });
    response.write(packed.subarray(0, 1000), () => response.destroy());
  },
  '/stalls': (response) => void response.write(packed.subarray(0, 1000)),
  '/moved': (response) => response.writeHead(302, { location: '/packed' }).end(),
};

describe('fetching a data set', () => {
  const folder = temporaryFolder();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url!);
    HANDLERS[request.url!]!(response, request);
  });
  let base = '';

  before((done) => {
    server.listen(0, '127.0.0.1', () => {
      base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      done();
    });
  });
  after((done) => {
    server.close(done);
    server.closeAllConnections();
  });
  beforeEach(() => {
    requests.length = 0;
  });

  const setFrom = (...paths: readonly string[]) =>
    toySet(
      content,
      paths.map((path) => (path.startsWith('/') ? base + path : path)),
    );
  const fetchFrom = (paths: readonly string[], options: object = {}) =>
    fetchDataSet(setFrom(...paths), { dataDir: folder.path, ...options });
  const stored = (): readonly string[] => readdirSync(join(folder.path, 'toys'));

  it('says so where no server is known, instead of blaming the network', async () => {
    const error = await failure(DataError, () => fetchDataSet(setFrom(), { dataDir: folder.path }));
    expect(error.code).to.equal('data-download');
    expect(error.message).to.include('no server is known that has it in this form').and.to.not.include('online');
  });

  it('stores the file as it came and tells its progress', async () => {
    const progress: FetchProgress[] = [];
    const [file] = await fetchFrom(['/packed'], { onProgress: (step: FetchProgress) => progress.push(step) });
    expect(file).to.include({ status: 'downloaded', name: 'toy.bin.gz', bytes: packed.length, url: `${base}/packed` });
    expect(stored()).to.deep.equal(['toy.bin.gz']);
    expect(readFileSync(file!.path)).to.deep.equal(Buffer.from(packed));
    const received = progress.map((step) => step.received);
    expect(received).to.deep.equal(received.toSorted((a, b) => a - b));
    expect(progress.at(-1)).to.include({ dataSet: 'toy', file: 'toy.bin', received: packed.length });
    expect((await loadDataSet(setFrom(), { dataDir: folder.path })).splits.train.size).to.equal(content.length);
  });

  it('names the file by what arrived: packed, plain, or unpacked on the way', async () => {
    expect((await fetchFrom(['/plain']))[0]!.name).to.equal('toy.bin');
    expect(stored()).to.deep.equal(['toy.bin']);
  });

  it('copes with a server that declares the file itself as an encoding', async () => {
    expect((await fetchFrom(['/unpacked-on-the-way']))[0]!.name).to.equal('toy.bin');
  });

  it('stores the archive that a file is in, if it has the file', async () => {
    const setWithin = (...paths: readonly string[]) => {
      const set = toySet(content);
      const urls = paths.map((path) => base + path);
      const within = { archive: 'official.zip', member: 'all.bin', urls };
      return { ...set, files: set.files.map((file) => ({ ...file, within })) };
    };
    const set = setWithin('/other.zip', '/official.zip');
    const [fetched] = await fetchDataSet(set, { dataDir: folder.path });
    expect(fetched).to.include({ status: 'downloaded', url: `${base}/official.zip`, name: 'toy.bin' });
    expect(stored()).to.deep.equal(['official.zip']);
    const { splits } = await loadDataSet(set, { dataDir: folder.path });
    expect(splits.train.size).to.equal(content.length);
    expect((await fetchDataSet(set, { dataDir: folder.path }))[0]).to.include({ status: 'present' });
    rmSync(join(folder.path, 'toys', 'official.zip'));
    const wrong = await failure(DataError, () => fetchDataSet(setWithin('/other.zip'), { dataDir: folder.path }));
    expect(wrong.message).to.match(/other\.zip: sent an archive that has it not: .*expected the file all\.bin/);
    expect(stored()).to.deep.equal([]);
  });

  it('follows redirects', async () => {
    expect((await fetchFrom(['/moved']))[0]!.status).to.equal('downloaded');
  });

  it('tries the mirrors in turn until one has a good copy', async () => {
    const bad = ['/absent', '/error-page', '/flipped', '/endless', '/breaks-off'];
    const [file] = await fetchFrom([...bad, '/packed', '/plain']);
    expect(requests).to.deep.equal([...bad, '/packed']);
    expect(file!.url).to.equal(`${base}/packed`);
    expect(stored()).to.deep.equal(['toy.bin.gz']);
  });

  it('gives up a server that stalls', async () => {
    const [file] = await fetchFrom(['/stalls', '/packed'], { stallTimeout: 200 });
    expect(file!.url).to.equal(`${base}/packed`);
  });

  it('leaves nothing behind when no server has it, and says what each did', async () => {
    const error = await failure(DataError, () => fetchFrom(['/absent', '/flipped', '/breaks-off']));
    expect(error.code).to.equal('data-download');
    expect(error.message).to.include('HTTP 404').and.to.include('/flipped: sent').and.to.include('toy.bin');
    expect(error.data.offline).to.equal(false);
    expect(stored()).to.deep.equal([]);
  });

  it('says so when the machine seems offline', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, 'close');
    const error = await failure(DataError, () =>
      fetchFrom([`http://127.0.0.1:${port}/`, 'http://no-such-host.invalid/']),
    );
    expect(error.message).to.include('is this machine online?').and.to.include(setFrom().files[0]!.sha256);
    expect(error.data.offline).to.equal(true);
  });

  it('removes the part that a killed process left, not that of a running one', async () => {
    // Process ids end below 2^22 on Linux.
    const [gone, alive] = ['.toy.bin.999999999.0123abcd.part', `.toy.bin.${process.ppid}.0123abcd.part`];
    mkdirSync(join(folder.path, 'toys'));
    for (const name of [gone, alive]) writeFileSync(join(folder.path, 'toys', name), '');
    await fetchFrom(['/packed']);
    expect(stored()).to.have.members([alive, 'toy.bin.gz']);
  });

  it('leaves a good file alone', async () => {
    const [first] = await fetchFrom(['/packed']);
    const before = statSync(first!.path);
    requests.length = 0;
    const [second] = await fetchFrom(['/packed']);
    expect(second).to.include({ status: 'present', path: first!.path });
    expect(requests).to.deep.equal([]);
    expect(statSync(first!.path).mtimeMs).to.equal(before.mtimeMs);
  });

  it('replaces a damaged file, but only by a good one', async () => {
    const path = join(folder.path, 'toys', 'toy.bin.gz');
    mkdirSync(join(folder.path, 'toys'));
    writeFileSync(path, flipped);
    await failure(DataError, () => fetchFrom(['/absent']));
    expect(readFileSync(path)).to.deep.equal(Buffer.from(flipped));
    await fetchFrom(['/packed']);
    expect(readFileSync(path)).to.deep.equal(Buffer.from(packed));
  });

  it('stops at once when aborted and leaves nothing behind', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    const fetching = fetchFrom(['/stalls', '/packed'], { signal: abort.signal, onProgress: () => abort.abort(reason) });
    expect(await failure(Error, () => fetching)).to.equal(reason);
    expect(stored()).to.deep.equal([]);
    expect(requests).to.deep.equal(['/stalls']);
  });

  it('names a file that stands where its folder should be', async () => {
    writeFileSync(join(folder.path, 'toys'), 'a file where the folder should be');
    const error = await failure(DataError, () => fetchFrom(['/packed']));
    expect(error.code).to.equal('data-unwritable');
    expect(error.message).to.include(join(folder.path, 'toys'));
  });

  it('names a folder that it can not write', async function () {
    if (process.getuid?.() === 0) skip(this, 'root may write into any folder');
    chmodSync(folder.path, 0o500);
    expect((await failure(DataError, () => fetchFrom(['/packed']))).code).to.equal('data-unwritable');
  });
});
