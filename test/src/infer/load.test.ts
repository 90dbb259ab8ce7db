import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  AbortError,
  checkManifest,
  DeviceError,
  ForgeError,
  InputError,
  type LatentModel,
  load,
  loadManifest,
  loadTrainable,
  RunFolderError,
  runFiles,
} from '@onnx-forge/infer';
import { expect } from 'chai';
import ort from 'onnxruntime-node';
import { external } from './onnx.js';
import { rejection } from './rejection.js';
import {
  type LooseManifest,
  linearGaussianRun,
  TemporaryFolders,
  writeGraph,
  writeManifest,
  writeRun,
} from './run-folder.js';

describe('infer: load', () => {
  const folders = new TemporaryFolders();
  let folder: string;
  let manifest: LooseManifest;

  beforeEach(() => {
    folder = folders.make();
    manifest = writeRun(folder, linearGaussianRun());
  });

  after(() => folders.remove());

  /** Loading fails with this code and a message that matches. */
  async function refuses(code: string, message: RegExp, location: string | URL = folder): Promise<void> {
    const error = await rejection(ForgeError, load(location, { device: 'cpu' }));
    expect(error.code, error.message).to.equal(code);
    expect(error.message).to.match(message);
  }

  it('gives a model of the kind that the manifest names', async () => {
    await using model = await load(folder, { device: 'cpu' });
    expect(model.kind).to.equal('latent');
    expect(model.device).to.equal('cpu');
    expect(model.manifest).to.deep.equal(manifest);
    expect(await loadManifest(folder)).to.deep.equal(manifest);
  });

  it('loads from a file: URL', async () => {
    await using model = await load(pathToFileURL(folder), { device: 'cpu' });
    expect(model.kind).to.equal('latent');
  });

  it('reads weights from files beside a graph, and checks them', async () => {
    const { graphs } = linearGaussianRun();
    const { constants, ...decode } = graphs.decode!;
    const [name, tensor] = Object.entries(constants!).find(([, { dims }]) => dims!.length === 2)!;
    const moved = external(tensor.dims as number[], 'decode.data', 4096);
    const file = new Uint8Array(4096 + tensor.rawData!.length);
    file.set(tensor.rawData!, 4096);
    writeFileSync(join(folder, 'graphs', 'decode.data'), file);
    const entry = writeGraph(folder, 'decode', { ...decode, constants: { ...constants, [name]: moved } });
    const sha256 = createHash('sha256').update(file).digest('hex');
    entry.externalData = [{ file: 'graphs/decode.data', sha256, bytes: file.length }];
    writeManifest(folder, { ...manifest, graphs: { ...manifest.graphs, decode: entry } });
    const whole = folders.make();
    writeRun(whole, linearGaussianRun());
    await using expected = await load(whole, { device: 'cpu' });
    await using model = await load(folder, { device: 'cpu' });
    const z = Float32Array.of(0.5, -1);
    expect(await (model as LatentModel).decode(z)).to.deep.equal(await (expected as LatentModel).decode(z));
    expect(runFiles(model.manifest).map((each) => each.file)).to.include('graphs/decode.data');

    file[4096]! ^= 1;
    writeFileSync(join(folder, 'graphs', 'decode.data'), file);
    await refuses('graph-hash', /decode\.data is not the file/);
    rmSync(join(folder, 'graphs', 'decode.data'));
    await refuses('graph-missing', /decode\.data is missing/);
  });

  it('tells a folder that is absent, empty, a file, or unfinished', async () => {
    await refuses('run-missing', /there is no folder .*nowhere/, join(folder, 'nowhere'));
    await refuses('run-missing', /manifest\.json is a file/, join(folder, 'manifest.json'));
    await refuses('run-missing', /is empty/, folders.make());
    rmSync(join(folder, 'manifest.json'));
    await refuses('run-incomplete', /has no manifest\.json.*training has not finished/);
  });

  it('tells a manifest that is cut off, or from a newer version', async () => {
    const text = JSON.stringify(manifest);
    writeFileSync(join(folder, 'manifest.json'), text.slice(0, text.length / 2));
    await refuses('manifest-invalid', /manifest\.json is not JSON/);
    writeManifest(folder, { format: 2, everything: 'different' });
    await refuses('run-newer', /has format 2, written by a newer version; this version reads format 1/);
  });

  it('names the first thing that is wrong in a manifest', async () => {
    const withoutOpset = Object.fromEntries(
      Object.entries(manifest.graphs as Record<string, object>).map(([name, graph]) => [
        name,
        { ...graph, opset: undefined },
      ]),
    );
    const spoiled: [Partial<LooseManifest>, RegExp][] = [
      [{ format: 0 }, /format/],
      [{ format: undefined }, /format/],
      [{ kind: 'oracle' }, /kind/],
      [{ created: 'yesterday' }, /created/],
      [{ steps: -1 }, /steps/],
      [{ serve: { ...manifest.serve, latentDim: 0 } }, /serve\.latentDim/],
      [{ serve: { ...manifest.serve, prior: 'cauchy' } }, /serve\.prior/],
      [{ metrics: [{ name: 'elbo', value: null }] }, /metrics\[0\]\.value must be a number, not null$/],
      [{ seed: undefined }, /is not valid: seed is missing: it must be a number$/],
      [
        { graphs: withoutOpset },
        /is not valid: graphs\.\w+\.opset is missing: it must be a whole number of at least 1$/,
      ],
    ];
    for (const [change, message] of spoiled) {
      writeManifest(folder, { ...manifest, ...change });
      await refuses('manifest-invalid', message);
    }
    writeFileSync(join(folder, 'manifest.json'), 'null');
    await refuses('manifest-invalid', /is not valid/);
  });

  it('never reads a graph outside the run folder', async () => {
    for (const file of [
      '/etc/passwd',
      '../secret.onnx',
      'graphs/../../x',
      'C:\\x.onnx',
      'http://evil/x.onnx',
      'a//b',
      '.\t./secret.onnx',
      'graphs/.\n./x.onnx',
      ' ../secret.onnx',
      'graphs/a\u0000.onnx',
      '',
    ]) {
      const encode = { ...manifest.graphs.encode, file };
      writeManifest(folder, { ...manifest, graphs: { ...manifest.graphs, encode } });
      await refuses('manifest-invalid', /graphs\.encode\.file: expected a relative path inside the run folder/);
    }
  });

  it('tells a graph that is missing, another, or no ONNX file', async () => {
    const { encode, ...others } = manifest.graphs;
    writeManifest(folder, { ...manifest, graphs: others });
    await refuses('run-incomplete', /has no graph 'encode'/);

    writeManifest(folder, manifest);
    writeFileSync(join(folder, encode.file), 'not onnx');
    await refuses('graph-hash', /encode\.onnx is not the file that was exported: 8 bytes/);

    const entry = { ...encode, sha256: createHash('sha256').update('not onnx').digest('hex') };
    writeManifest(folder, { ...manifest, graphs: { ...manifest.graphs, encode: entry } });
    await refuses('not-onnx', /encode\.onnx is not an ONNX model/);

    rmSync(join(folder, encode.file));
    await refuses('graph-missing', /encode\.onnx is missing/);
  });

  it('tells a graph whose shapes are not those of the manifest, and a manifest whose shapes are not those of its kind', async () => {
    const identity = {
      inputs: { z: ['n', 3] },
      outputs: { mean: ['n', 3] },
      nodes: [['Identity', ['z'], 'mean']],
    } as const;
    const decode = writeGraph(folder, 'decode', identity);
    writeManifest(folder, { ...manifest, graphs: { ...manifest.graphs, decode } });
    await refuses(
      'manifest-invalid',
      /graph 'decode' of the latent model must have z float32 \[batch, 2\].*float32 \[n, 3\]/,
    );
    const claimed = { ...decode, inputs: manifest.graphs.decode.inputs, outputs: manifest.graphs.decode.outputs };
    writeManifest(folder, { ...manifest, graphs: { ...manifest.graphs, decode: claimed } });
    await refuses('graph-signature', /input 'z' is float32 \[n, 3\], but the manifest says float32 \[n, 2\]/);
  });

  it('refuses an unavailable device before it reads a graph', async () => {
    await rejection(DeviceError, load(folder, { device: 'wasm' }));
  });

  it('says what is no place of a run', async () => {
    const wrong: [unknown, RegExp][] = [
      [undefined, /^a run is loaded from a folder, a URL or a RunSource, not from undefined$/],
      [null, /not from null$/],
      [7, /not from a number$/],
      [{}, /not from an object$/],
      ['', /not from an empty text$/],
      ['http://', /^'http:\/\/' is not a valid URL$/],
      ['http://me:secret@?token=secret', /^'http:\/\/' is not a valid URL$/],
      ['file://server/run', /^'file:\/\/server\/run' is no file of this machine: /],
      [
        'ftp://me:secret@server/run',
        /^a run is loaded from a folder, an http\(s\) or a file: URL, not from a ftp: URL$/,
      ],
      ['blob:http://server/some', /not from a blob: URL$/],
      [{ read: async () => undefined }, /^a RunSource has a location .*, and the methods read and explainAbsence$/],
    ];
    for (const [location, message] of wrong) {
      for (const call of [load, loadManifest, loadTrainable]) {
        expect((await rejection(InputError, call(location as string))).message).to.match(message);
      }
    }
    await rejection(InputError, load(folder, null as never));
  });

  it('refuses options that would be ignored or fail later', async () => {
    const controller = new AbortController();
    const wrong: [object, RegExp][] = [
      [{ signal: controller }, /^the signal of a load must be an AbortSignal .*, not an AbortController$/],
      [{ signal: true }, /not a boolean$/],
      [{ onProgress: 7 }, /^onProgress of a load must be a function, not a number$/],
      [{ maxBytes: '100' }, /^maxBytes must be a number of bytes above 0, not a string$/],
      [{ threads: '2' }, /^threads must be a whole number of at least 1, not a string$/],
    ];
    for (const [options, message] of wrong) {
      for (const call of [load, loadTrainable]) {
        if (call === loadTrainable && 'threads' in options) continue; // the run has no step: that is found first
        expect((await rejection(InputError, call(folder, options))).message).to.match(message);
      }
    }
    controller.abort();
    await (await load(folder, { device: 'cpu', signal: null as never, onProgress: null as never })).dispose();
  });

  it('names what a RunSource gave instead of bytes', async () => {
    const given: [unknown, RegExp][] = [
      ['{}', /^mine: the RunSource gave a string for manifest\.json: it must give a Uint8Array$/],
      [new ArrayBuffer(8), /gave an ArrayBuffer for/],
      [new Blob(['{}']), /gave a Blob for/],
      [{}, /gave an object for/],
    ];
    for (const [bytes, message] of given) {
      const source = {
        location: 'mine',
        read: async () => bytes as Uint8Array,
        explainAbsence: async () => new Error(),
      };
      expect((await rejection(InputError, load(source as never))).message).to.match(message);
    }
    const bytes = await readFile(join(folder, 'manifest.json'));
    const read = async (file: string) => (file === 'manifest.json' ? bytes : readFile(join(folder, file)));
    const source = { location: 'mine', read, explainAbsence: async () => new Error() };
    await (await load(source as never, { device: 'cpu' })).dispose(); // Node's Buffer is a Uint8Array
  });

  it('leaves an error of onProgress as it is', async () => {
    const mine = new Error("the caller's");
    const onProgress = (): never => {
      throw mine;
    };
    const outcome = await load(folder, { device: 'cpu', onProgress }).catch((error: unknown) => error);
    expect(outcome).to.equal(mine);
  });

  it('releases what it opened when it is given up while the last graph is being opened', async () => {
    const { InferenceSession } = ort;
    const { create } = InferenceSession;
    const controller = new AbortController();
    const probes = 1; // of the device
    const graphs = Object.keys(manifest.graphs).length;
    const open = new Set<unknown>();
    let created = 0;
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    InferenceSession.create = async (...given: unknown[]) => {
      const session = await (create as (...all: unknown[]) => ReturnType<typeof create>).apply(InferenceSession, given);
      const release = session.release.bind(session);
      open.add(session);
      session.release = async () => {
        await release();
        open.delete(session);
        if (open.size === 0 && created === probes + graphs) finish();
      };
      created++;
      if (created === probes + graphs) controller.abort(new Error('left'));
      return session;
    };
    try {
      const { cause } = await rejection(AbortError, load(folder, { device: 'cpu', signal: controller.signal }));
      expect(cause).to.be.an('error').with.property('message', 'left');
      await finished;
    } finally {
      InferenceSession.create = create;
    }
  });

  it('keeps details that it does not know', () => {
    const extended = { ...manifest, engine: 'compiled', host: { cpu: 'x' }, serve: { ...manifest.serve, extra: 1 } };
    expect(checkManifest(extended)).to.deep.equal(extended);
  });

  describe('over http', () => {
    let server: Server;
    let base: string;

    before(async () => {
      server = createServer(async (request, response) => {
        if (request.url?.startsWith('/broken')) return void response.writeHead(500).end();
        const body = await readFile(join(folder, request.url ?? '')).catch(() => undefined);
        response.writeHead(body ? 200 : 404).end(body);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });

    after(() => server.close());

    it('loads the same run, with and without a slash at the end', async () => {
      for (const url of [base, `${base}/`, new URL(base)]) {
        await using model = await load(url, { device: 'cpu' });
        await using local = await load(folder, { device: 'cpu' });
        const z = Float32Array.of(0.5, -1);
        expect(await (model as LatentModel).decode(z)).to.deep.equal(await (local as LatentModel).decode(z));
      }
    });

    it('sends a query with every file, and shows neither it nor a password in what it says', async () => {
      const asked: string[] = [];
      const guarded = createServer(async (request, response) => {
        const { pathname, search, searchParams } = new URL(request.url!, 'http://here');
        asked.push(search);
        if (searchParams.get('token') !== 'a b') return void response.writeHead(403).end();
        response.end(await readFile(join(folder, pathname.replace('/run/', ''))));
      });
      await new Promise<void>((resolve) => guarded.listen(0, '127.0.0.1', resolve));
      const home = `http://127.0.0.1:${(guarded.address() as AddressInfo).port}/run`;
      await (await load(`${home}?token=a%20b`, { device: 'cpu' })).dispose();
      expect(asked).to.have.length.above(1);
      expect(new Set(asked)).to.deep.equal(new Set(['?token=a%20b']));
      const addresses = [`${home}?token=secret`, new URL(`${home}/?token=secret#secret`)];
      for (const address of [...addresses, `${home.replace('//', '//me:secret@')}`]) {
        const error = await rejection(ForgeError, load(address, { device: 'cpu' }));
        expect(error.message).to.include(`${home}/`).and.not.include('secret');
        expect(JSON.stringify(error.data)).to.not.include('secret');
        const late = load(address, { device: 'cpu', signal: AbortSignal.abort() });
        expect((await rejection(ForgeError, late)).message).to.not.include('secret');
      }
      guarded.close();
    });

    it('fetches as the caller says', async () => {
      const tokens: (string | undefined)[] = [];
      const guarded = createServer(async (request, response) => {
        tokens.push(request.headers.authorization);
        if (request.headers.authorization !== 'Bearer open') return void response.writeHead(401).end();
        response.end(await readFile(join(folder, request.url!)));
      });
      await new Promise<void>((resolve) => guarded.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(guarded.address() as AddressInfo).port}`;
      await refuses('run-unreachable', /the server says 401/, url);
      const headers = { authorization: 'Bearer open' };
      await (await load(url, { device: 'cpu', request: { headers } })).dispose();
      expect(tokens.slice(1)).to.deep.equal(tokens.slice(1).map(() => 'Bearer open'));
      const asked: string[] = [];
      const own = (address: URL, init: RequestInit): Promise<Response> => {
        asked.push(address.pathname);
        return fetch(address, { ...init, headers });
      };
      await (await load(url, { device: 'cpu', fetch: own })).dispose();
      expect(asked[0]).to.equal('/manifest.json');
      expect(asked).to.have.length(1 + Object.keys(manifest.graphs).length);
      const none = load(url, { fetch: null as never });
      expect((await rejection(RunFolderError, none)).message).to.match(/there is no fetch here .*option 'fetch'$/);
      guarded.close();
    });

    it("refuses a request, and an answer of the caller's fetch, that can be none", async () => {
      const wrong: [object, RegExp][] = [
        [{ request: 7 }, /^request must be an object, not a number$/],
        [{ request: { signal: AbortSignal.abort() } }, /^request takes no signal: .* option 'signal'$/],
        [{ idleTimeout: '5' }, /^idleTimeout must be a number of milliseconds above 0, not a string$/],
      ];
      for (const [options, message] of wrong) {
        expect((await rejection(InputError, load(base, options))).message).to.match(message);
      }
      for (const answer of [undefined, 7, {}]) {
        const gave = rejection(RunFolderError, load(base, { fetch: async () => answer as Response }));
        expect((await gave).message).to.match(/can't be fetched: option 'fetch' gave .*, not a Response$/);
      }
    });

    it('takes the answers of a fetch without web streams', async () => {
      const own = async (address: URL): Promise<Response> => {
        const body = await (await fetch(address)).arrayBuffer();
        return { ok: true, status: 200, body: {}, arrayBuffer: async () => body } as unknown as Response;
      };
      await (await load(base, { device: 'cpu', fetch: own })).dispose();
    });

    it('waits for as long as it is told', async () => {
      for (const idleTimeout of [Number.POSITIVE_INFINITY, 1e12]) {
        const slow = (address: URL): Promise<Response> =>
          new Promise((resolve) => setTimeout(resolve, 20, fetch(address)));
        await (await load(base, { device: 'cpu', idleTimeout, fetch: slow })).dispose();
      }
    });

    it('leaves an error of onProgress as it is', async () => {
      const mine = new Error("the caller's");
      const onProgress = (): never => {
        throw mine;
      };
      expect(await load(base, { device: 'cpu', onProgress }).catch((error: unknown) => error)).to.equal(mine);
    });

    it('gives up a server that falls silent', async () => {
      const silent = createServer((request, response) => {
        if (request.url?.startsWith('/half')) response.writeHead(200).write('{');
      });
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
      const told: [string, RegExp][] = [
        [url, /can't be fetched: the server sent nothing for 0\.1 s \(option idleTimeout\)$/],
        [`${url}/half`, /broke off after 1 bytes: the server sent nothing for 0\.1 s/],
      ];
      for (const [address, message] of told) {
        const error = await rejection(RunFolderError, load(address, { idleTimeout: 100 }));
        expect(error.code).to.equal('run-unreachable');
        expect(error.message).to.match(message);
      }
      await rejection(InputError, load(url, { idleTimeout: 0 }));
      silent.closeAllConnections();
      silent.close();
    });

    it('tells a URL without a run, a server that fails, and one that is not there', async () => {
      await refuses('run-missing', /there is no run at .*nowhere\//, `${base}/nowhere`);
      await refuses('run-unreachable', /the server says 500/, `${base}/broken`);
      await refuses('run-unreachable', /can't be fetched/, 'http://127.0.0.1:1');
      mkdirSync(join(folder, 'sub'));
      rmSync(join(folder, 'graphs'), { recursive: true });
      await refuses('graph-missing', /graphs\/encode\.onnx is missing/, base);
    });
  });
});
