import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { bundleForBrowser, PAGE, PAGE_SCRIPT, WASM_FILES } from '../browser/bundle.js';
import { launchChromium, openPage, waitForGlobal } from '../browser/chromium.js';
import type { InferPage } from '../browser/page.js';
import { ISOLATION, ONNXRUNTIME_WEB, type Route, Site } from '../browser/site.js';
import { linearGaussianRun, TemporaryFolders, writeRun } from './run-folder.js';

const [WASM, WEBGPU] = WASM_FILES as [string, string];

describe('infer: the start of onnxruntime-web', () => {
  const folders = new TemporaryFolders();
  const run = folders.make();
  const bundle = folders.make();
  let browser: Browser | undefined;

  before(async function () {
    browser = await launchChromium(this);
    writeRun(run, linearGaussianRun());
    await bundleForBrowser(PAGE_SCRIPT, bundle);
  });

  after(async () => {
    await browser?.close();
    folders.remove();
  });

  async function withPage(
    routes: Readonly<Record<string, Route>>,
    use: (page: Page, url: string) => Promise<void>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const pages = { '/': { folder: bundle }, '/index.html': { html: PAGE }, '/run/': { folder: run } };
    await using site = await Site.open({ ...pages, ...routes }, headers);
    const { page } = await openPage(browser!, `${site.url}index.html`);
    await waitForGlobal(page, 'infer');
    await use(page, site.url);
    await page.close();
  }

  /** The outcome of several loads at once: the device, or the error's code and message. */
  async function outcomes(page: Page, ...options: readonly object[]): Promise<string[]> {
    return page.evaluate(async (all) => {
      const { infer } = globalThis as unknown as InferPage;
      const one = async (given: object): Promise<string> => {
        try {
          const model = await infer.load('run', given);
          await model.dispose();
          return model.device;
        } catch (error) {
          if (error instanceof infer.ForgeError) return `${error.code}: ${error.message}`;
          throw error;
        }
      };
      return Promise.all(all.map(one));
    }, options);
  }

  it('ends where the page forbids the workers of its threads, for later loads and other devices too', () =>
    withPage(
      {},
      async (page) => {
        const wasm = { device: 'wasm', threads: 2 };
        for (const told of await outcomes(page, wasm, wasm)) {
          expect(told).to.match(
            /^device-unavailable: device 'wasm' .*content security policy forbids workers.*threads: 1/,
          );
        }
        const [again, other] = await outcomes(page, wasm, { device: 'webgpu', threads: 1 });
        expect(again).to.match(/forbids workers/);
        expect(other).to.equal('webgpu');
      },
      { ...ISOLATION, 'content-security-policy': "worker-src 'none'" },
    ));

  it('ends with the WebAssembly of another build', () =>
    withPage({}, async (page) => {
      const [told, other] = await outcomes(
        page,
        { device: 'webgpu', wasmPaths: { wasm: `/${WASM}` } },
        { device: 'wasm' },
      );
      expect(told).to.match(/^device-unavailable: device 'webgpu' is not available here: .*wasmPaths/);
      expect(other).to.equal('wasm');
    }));

  it('makes one WebGPU device a load', () =>
    withPage({}, async (page) => {
      await page.evaluate(() => {
        const page = globalThis as unknown as { GPUAdapter: { prototype: Adapter }; devices: number };
        const { requestDevice } = page.GPUAdapter.prototype;
        page.devices = 0;
        page.GPUAdapter.prototype.requestDevice = function (...given) {
          page.devices++;
          return requestDevice.apply(this, given);
        };
      });
      for (const count of [1, 2]) {
        expect(await outcomes(page, { device: 'webgpu' })).to.deep.equal(['webgpu']);
        expect(await page.evaluate('devices')).to.equal(count);
      }
    }));

  it('goes on to the next candidate of auto', () =>
    withPage({ [`/${WEBGPU}`]: { html: '<h1>not here</h1>' } }, async (page) => {
      await page.evaluate(() => {
        // The adapter of this machine is software, which auto would pass over.
        const { gpu } = (globalThis as unknown as { navigator: { gpu: Adapters } }).navigator;
        const { requestAdapter } = gpu;
        Object.defineProperty(gpu, 'requestAdapter', {
          value: async () =>
            new Proxy(await requestAdapter.call(gpu), {
              get: (adapter, name) => {
                const value = Reflect.get(adapter, name) as unknown;
                return name === 'info' ? {} : typeof value === 'function' ? value.bind(adapter) : value;
              },
            }),
        });
      });
      expect(await outcomes(page, { device: 'auto' })).to.deep.equal(['wasm']);
    }));

  const served: Readonly<Record<string, { readonly route: () => Route; readonly message: RegExp }>> = {
    'a page instead': {
      route: () => ({ html: '<!doctype html><title>Home</title>' }),
      message: /\.wasm is no WebAssembly \(text\/html; charset=utf-8, \d+ bytes that begin with '<!doctype html>'\)/,
    },
    'a file that is cut off': {
      route: () => (_, response) => {
        const half = readFileSync(join(ONNXRUNTIME_WEB, WASM)).subarray(0, 100_000);
        response.writeHead(200, { 'content-type': 'application/wasm' }).end(half);
      },
      message: /\.wasm is cut off or damaged \(100000 bytes\)/,
    },
    'no file': {
      route: () => (_, response) => void response.writeHead(404).end(),
      message: /\.wasm can't be fetched: the server says 404/,
    },
  };
  for (const [name, { route, message }] of Object.entries(served)) {
    it(`says what was fetched: ${name}`, () =>
      withPage({ [`/${WASM}`]: route() }, async (page) => {
        const [told] = await outcomes(page, { device: 'wasm' });
        expect(told)
          .to.match(message)
          .and.match(/wasmPaths/)
          .and.not.match(/\n/);
        expect(await outcomes(page, { device: 'wasm' })).to.deep.equal([told]);
      }));
  }

  it('needs wasmPaths in a bundle of one file', () => {
    const folder = folders.make();
    return build({
      entryPoints: { page: PAGE_SCRIPT },
      bundle: true,
      format: 'iife',
      platform: 'browser',
      outdir: folder,
      logLevel: 'silent',
    }).then(() => {
      for (const file of WASM_FILES) {
        for (const name of [file, file.replace('.wasm', '.mjs')])
          cpSync(join(ONNXRUNTIME_WEB, name), join(folder, name));
      }
      const html = '<!doctype html><title>test</title><script src="/one/page.js"></script>';
      return withPage({ '/one/': { folder }, '/index.html': { html } }, async (page, url) => {
        expect((await outcomes(page, { device: 'wasm' }))[0]).to.match(/^device-unavailable: .*option wasmPaths/);
        await page.reload();
        await waitForGlobal(page, 'infer');
        expect(await outcomes(page, { device: 'wasm', wasmPaths: `${url}one/` })).to.deep.equal(['wasm']);
      });
    });
  });

  it('of a bundle of one file fails at once, not after a time-out, with files that do not fit', () => {
    const folder = folders.make();
    return build({
      entryPoints: { page: PAGE_SCRIPT },
      bundle: true,
      format: 'iife',
      platform: 'browser',
      outdir: folder,
      logLevel: 'silent',
    }).then(() => {
      for (const file of [WASM, WEBGPU].map((name) => name.replace('.wasm', '.mjs'))) {
        cpSync(join(ONNXRUNTIME_WEB, file), join(folder, file));
      }
      cpSync(join(ONNXRUNTIME_WEB, WASM), join(folder, WEBGPU));
      cpSync(join(ONNXRUNTIME_WEB, WEBGPU), join(folder, WASM));
      cpSync(join(ONNXRUNTIME_WEB, WEBGPU.replace('.wasm', '.mjs')), join(folder, 'renamed.mjs'));
      const html = '<!doctype html><title>test</title><script src="/one/page.js"></script>';
      return withPage({ '/one/': { folder }, '/index.html': { html } }, async (page) => {
        const files = { mjs: '/one/renamed.mjs', wasm: `/one/${WEBGPU}` };
        for (const [device, wasmPaths] of [
          ['webgpu', '/one/'],
          ['webgpu', files],
          ['wasm', '/one/'],
        ] as const) {
          const begin = performance.now();
          const [told] = await outcomes(page, { device, wasmPaths });
          expect(told).to.match(
            /^device-unavailable: .* did not start with .*\.mjs, .*\.wasm: .*are its files of version .*option wasmPaths/,
          );
          expect(performance.now() - begin, device).to.be.below(15_000); // the time-out is 20 s
          await page.reload();
          await waitForGlobal(page, 'infer');
        }
      });
    });
  });

  it('refuses wasmPaths that can be none', () =>
    withPage({}, async (page) => {
      for (const [wasmPaths, message] of [
        ['', /^bad-input: wasmPaths is empty; the page's own folder is '\.\/'$/],
        [7, /^bad-input: wasmPaths must be a folder's address or \{ mjs, wasm \}, not a number$/],
        ['ort/?v=2', /^bad-input: wasmPaths 'ort\/\?v=2' is a folder, which takes no query/],
      ] as const) {
        expect((await outcomes(page, { device: 'wasm', wasmPaths }))[0]).to.match(message);
      }
      expect(await outcomes(page, { device: 'wasm' })).to.deep.equal(['wasm']);
    }));

  it('refuses a relative address in a worker that was made from a blob', () =>
    withPage({}, async (page, url) => {
      const told = await page.evaluate(async (base) => {
        const script = `import('${base}page.js').then(async () => {
          const told = [];
          for (const run of ['run', '${base}run']) {
            told.push(await infer.load(run, { device: 'wasm' }).then((model) => model.device, (error) => error.code + ': ' + error.message));
          }
          postMessage(told);
        }, (error) => postMessage([String(error)]));`;
        const address = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
        const worker = new (globalThis as unknown as { Worker: new (at: string, how: object) => AnyWorker }).Worker(
          address,
          {
            type: 'module',
          },
        );
        return new Promise<string[]>((resolve) => {
          worker.onmessage = ({ data }) => resolve(data);
        });
      }, url);
      expect(told[0]).to.match(/^bad-input: 'run' can't be resolved: it is relative, and blob:.*document\.baseURI/);
      expect(told[1]).to.equal('wasm');
    }));

  for (const device of ['wasm', 'webgpu'] as const) {
    it(`of two bundles in a page, on ${device}, over one onnxruntime-web and over two`, async () => {
      const shared = folders.make();
      const names = ['one', 'two'];
      for (const name of names) {
        const entry = join(folders.make(), 'entry.js');
        writeFileSync(entry, `import * as infer from '@onnx-forge/infer'; globalThis.${name} = { infer };`);
        mkdirSync(join(shared, name));
        await build({
          entryPoints: { page: entry },
          bundle: true,
          format: 'esm',
          platform: 'browser',
          external: ['onnxruntime-web/*'],
          nodePaths: [join(process.cwd(), 'node_modules')],
          outdir: join(shared, name),
        });
      }
      for (const file of ['ort.wasm.bundle.min.mjs', 'ort.webgpu.bundle.min.mjs', ...WASM_FILES]) {
        cpSync(join(ONNXRUNTIME_WEB, file), join(shared, file));
      }
      const imports = {
        'onnxruntime-web/wasm': '/shared/ort.wasm.bundle.min.mjs',
        'onnxruntime-web/webgpu': '/shared/ort.webgpu.bundle.min.mjs',
      };
      const html = `<!doctype html><title>test</title><script type="importmap">${JSON.stringify({ imports })}</script>
        <script type="module" src="/page.js"></script>
        <script type="module" src="/shared/one/page.js"></script><script type="module" src="/shared/two/page.js"></script>`;
      await withPage({ '/shared/': { folder: shared }, '/index.html': { html } }, async (page) => {
        await waitForGlobal(page, 'two');
        const found = await page.evaluate(async (wanted) => {
          const copies = globalThis as unknown as Record<'one' | 'two', InferPage> & InferPage;
          const all = [copies.one.infer, copies.two.infer, copies.infer];
          return Promise.all(
            all.map(async (infer) => {
              const model = await infer.load('run', { device: wanted });
              if (model.kind !== 'latent') throw new Error('the run is of another kind');
              const z = Float32Array.of(0.5, -1);
              const calls = Array.from({ length: 20 }, () => model.decode(z));
              const images = (await Promise.all(calls)).map(({ data }) => Array.from(data));
              await model.dispose();
              return images;
            }),
          );
        }, device);
        const [first] = found.flat();
        expect(found.flat()).to.have.length(60);
        for (const image of found.flat()) {
          for (const [i, value] of image.entries()) expect(value).to.be.closeTo(first![i]!, 1e-6);
        }
      });
    });
  }
});

interface Adapter {
  requestDevice(...given: unknown[]): Promise<unknown>;
}

interface Adapters {
  requestAdapter(): Promise<object>;
}

interface AnyWorker {
  onmessage: (event: { readonly data: string[] }) => void;
}
