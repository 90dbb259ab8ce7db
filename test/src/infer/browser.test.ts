import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type DeviceReport, probeDevices } from '@onnx-forge/infer';
import { expect } from 'chai';
import { build, type Metafile } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { bundleForBrowser, PAGE, PAGE_SCRIPT, WASM_FILES } from '../browser/bundle.js';
import { launchChromium, openPage, waitForGlobal } from '../browser/chromium.js';
import type { InferPage } from '../browser/page.js';
import { ISOLATION, ONNXRUNTIME_WEB, Site, STRICT_POLICY } from '../browser/site.js';
import { linearGaussianRun, TemporaryFolders, writeRun } from './run-folder.js';

const inside = (packageName: string) => (file: string) => file.includes(`node_modules/${packageName}/`);

describe('infer: bundles', () => {
  const folders = new TemporaryFolders();
  after(() => folders.remove());

  const filesOf = ({ inputs }: Metafile): string[] => Object.keys(inputs);

  it('for browsers hold onnxruntime-web, nothing of onnxruntime-node and nothing of Node', async () => {
    const folder = folders.make();
    const { metafile } = await bundleForBrowser(PAGE_SCRIPT, folder); // fails on an import of a Node module
    expect(filesOf(metafile).filter(inside('onnxruntime-web'))).to.have.length(2); // one for each driver
    expect(filesOf(metafile).filter(inside('onnxruntime-node'))).to.deep.equal([]);
    for (const file of Object.keys(metafile.outputs).filter((name) => name.endsWith('page.js'))) {
      expect(readFileSync(file, 'utf8')).not.to.match(/(from|import\(|require\() ?['"](onnxruntime-node|node:)/);
    }
  });

  it('for browsers fetch onnxruntime only when a device is opened', async () => {
    const { metafile } = await bundleForBrowser(PAGE_SCRIPT, folders.make());
    const first = Object.entries(metafile.outputs).find(([name]) => name.endsWith('page.js'))![1];
    expect(Object.keys(first.inputs).filter(inside('onnxruntime-web'))).to.deep.equal([]);
    const later = first.imports.filter(({ kind, path }) => kind === 'dynamic-import' && /\/ort\.\w+/.test(path));
    expect(later).to.have.length(2);
  });

  it('for Node hold nothing of onnxruntime-web', async () => {
    const { metafile } = await build({
      entryPoints: [PAGE_SCRIPT],
      bundle: true,
      format: 'esm',
      platform: 'node',
      external: ['onnxruntime-node'],
      write: false,
      metafile: true,
      logLevel: 'error',
    });
    expect(filesOf(metafile).filter(inside('onnxruntime-web'))).to.deep.equal([]);
    const imported = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
    expect(imported).to.include('onnxruntime-node').and.not.include('onnxruntime-web');
  });

  it('for Node as CommonJS find the CUDA libraries where a module does', async () => {
    const folder = folders.make();
    const outfile = join(folder, 'bundle.cjs');
    await build({
      stdin: {
        contents: `import { probeDevices } from '@onnx-forge/infer';
          probeDevices().then((reports) => console.log(JSON.stringify(reports)));`,
        resolveDir: fileURLToPath(new URL('.', import.meta.url)),
      },
      bundle: true,
      format: 'cjs',
      platform: 'node',
      external: ['onnxruntime-node'],
      outfile,
      logLevel: 'error',
    });
    symlinkSync(fileURLToPath(new URL('../../../node_modules', import.meta.url)), join(folder, 'node_modules'));
    const { stdout } = await promisify(execFile)(process.execPath, [outfile]);
    const cuda = (reports: readonly DeviceReport[]) => reports.find(({ device }) => device === 'cuda');
    expect(cuda(JSON.parse(stdout) as DeviceReport[])).to.deep.equal(cuda(await probeDevices()));
  });
});

describe('infer: in a page', () => {
  const folders = new TemporaryFolders();
  const run = folders.make();
  const bundle = folders.make();
  /** The scripts without WebAssembly files beside them, which are in `elsewhere/`. */
  const apart = folders.make();
  let browser: Browser | undefined;

  before(async function () {
    browser = await launchChromium(this);
    writeRun(run, linearGaussianRun());
    await bundleForBrowser(PAGE_SCRIPT, bundle);
    cpSync(bundle, apart, { recursive: true, filter: (file) => !file.endsWith('.wasm') });
    mkdirSync(join(apart, 'elsewhere'));
    for (const file of WASM_FILES.flatMap((name) => [name, name.replace('.wasm', '.mjs')])) {
      cpSync(join(ONNXRUNTIME_WEB, file), join(apart, 'elsewhere', file));
    }
  });

  after(async () => {
    await browser?.close();
    folders.remove();
  });

  /** Calls `use` with a page of its own site. */
  async function withPage(
    headers: Readonly<Record<string, string>>,
    use: (page: Page, complaints: string[]) => Promise<void>,
    scripts: string = bundle,
  ): Promise<void> {
    await using site = await Site.open(
      { '/': { folder: scripts }, '/app/index.html': { html: PAGE }, '/app/run/': { folder: run } },
      headers,
    );
    const { page, complaints } = await openPage(browser!, `${site.url}app/index.html`);
    await waitForGlobal(page, 'infer');
    await use(page, complaints);
    await page.close();
  }

  /** Two images of a loaded run, or the error of loading it. */
  async function attempt(page: Page, options: object): Promise<{ images?: number[]; error?: string }> {
    return page.evaluate(async (given) => {
      const { infer } = globalThis as unknown as InferPage;
      try {
        const model = await infer.load('run', given);
        if (model.kind !== 'latent') throw new Error('the run is of another kind');
        const { images } = await model.sample(2, { seed: 1 });
        await model.dispose();
        return { images: Array.from(images.data) };
      } catch (error) {
        if (error instanceof infer.ForgeError) return { error: `${error.code}: ${error.message}` };
        throw error;
      }
    }, options);
  }

  for (const device of ['wasm', 'webgpu'] as const) {
    it(`works on ${device} under a strict content security policy, which nothing offends`, () =>
      withPage({ 'content-security-policy': STRICT_POLICY }, async (page, complaints) => {
        expect((await attempt(page, { device })).images).to.have.length(10);
        expect(complaints).to.deep.equal([]);
      }));

    it(`takes the WebAssembly files of ${device} from wasmPaths`, () =>
      withPage(
        {},
        async (page) => {
          expect((await attempt(page, { device, wasmPaths: '/elsewhere' })).images).to.have.length(10);
          const other = await attempt(page, { device, wasmPaths: '/other' });
          expect(other.error).to.match(/^bad-input: onnxruntime-web was loaded with .*a page's first load decides$/);
          expect((await attempt(page, { device })).images).to.have.length(10);
        },
        apart,
      ));
  }

  it('takes single WebAssembly files from wasmPaths, relative to the page', () =>
    withPage(
      {},
      async (page) => {
        const wasmPaths = { wasm: '../elsewhere/ort-wasm-simd-threaded.wasm' };
        expect((await attempt(page, { device: 'wasm', wasmPaths })).images).to.have.length(10);
      },
      apart,
    ));

  it('says that the WebAssembly files are missing, and how to go on', () =>
    withPage(
      {},
      async (page) => {
        expect((await attempt(page, { device: 'wasm' })).error)
          .to.match(
            /^device-unavailable: device 'wasm' is not available here: onnxruntime-web's file .*\.wasm can't be fetched: the server says 404/,
          )
          .and.match(/wasmPaths/)
          .and.not.match(/\n/);
        expect((await attempt(page, { device: 'wasm' })).error).to.match(/then reload the page/);
      },
      apart,
    ));

  it('says that the page forbids WebAssembly', () =>
    withPage({ 'content-security-policy': "script-src 'self'" }, async (page) => {
      expect((await attempt(page, { device: 'wasm' })).error).to.match(
        /^device-unavailable: .*the page's content security policy must allow WebAssembly: script-src 'wasm-unsafe-eval'$/,
      );
    }));

  it('computes on several threads where the page is cross-origin isolated', () =>
    withPage({ ...ISOLATION, 'content-security-policy': STRICT_POLICY }, async (page, complaints) => {
      const several = await attempt(page, { device: 'wasm', threads: 2 });
      expect(page.workers()).to.have.length.at.least(1);
      let one: number[] | undefined;
      await withPage({}, async (plain) => {
        one = (await attempt(plain, { device: 'wasm' })).images;
        expect(plain.workers()).to.deep.equal([]);
      });
      several.images!.forEach((value, i) => {
        expect(value).to.be.closeTo(one![i]!, 1e-5);
      });
      expect(complaints).to.deep.equal([]);
    }));

  it('works on a page that is not secure, where browsers keep their hash functions and WebGPU away', async function () {
    const other = await launchChromium(this, { args: ['--host-resolver-rules=MAP insecure.test 127.0.0.1'] });
    try {
      await using site = await Site.open({
        '/': { folder: bundle },
        '/index.html': { html: PAGE },
        '/run/': { folder: run },
      });
      const { page } = await openPage(other, `${site.url.replace('127.0.0.1', 'insecure.test')}index.html`);
      await waitForGlobal(page, 'infer');
      expect(
        await page.evaluate(() => [(globalThis as { isSecureContext?: boolean }).isSecureContext, 'subtle' in crypto]),
      ).to.deep.equal([false, false]);
      expect((await attempt(page, { device: 'wasm' })).images).to.have.length(10);
      expect((await attempt(page, { device: 'webgpu' })).error).to.match(/secure pages only \(https, or localhost\)$/);
    } finally {
      await other.close();
    }
  });

  it('reports the bytes that have come and that will come', () =>
    withPage({}, async (page) => {
      const { parts, sizes } = await page.evaluate(async () => {
        const { infer } = globalThis as unknown as InferPage;
        const seen: { done: number; total: number; file: string }[] = [];
        const model = await infer.load('run', { device: 'wasm', onProgress: (progress) => seen.push(progress) });
        return { parts: seen, sizes: Object.values(model.manifest.graphs).map(({ bytes }) => bytes) };
      });
      const total = sizes.reduce((sum, size) => sum + size, 0);
      expect(parts.map((part) => part.total)).to.deep.equal(parts.map(() => total));
      expect(parts.map(({ done }) => done)).to.deep.equal(parts.map(({ done }) => done).sort((a, b) => a - b));
      expect(parts.at(-1)!.done).to.equal(total);
      expect(new Set(parts.map(({ file }) => file)).size).to.equal(sizes.length);
    }));

  it('loads and disposes 200 times in the same memory', () =>
    withPage({ 'content-security-policy': STRICT_POLICY }, async (page) => {
      const bytes = await page.evaluate(async () => {
        const { infer } = globalThis as unknown as InferPage;
        const { WebAssembly: host } = globalThis as unknown as { WebAssembly: WasmHost };
        const { Memory } = host;
        const memories: { buffer: { byteLength: number } }[] = [];
        host.Memory = class extends Memory {
          constructor(description: unknown) {
            super(description);
            memories.push(this);
          }
        };
        const size = (): number => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
        const sizes: number[] = [];
        for (let time = 0; time < 200; time++) {
          const model = await infer.load('run', { device: 'wasm' });
          if (model.kind === 'latent') await model.sample(2);
          await model.dispose();
          if (time === 19 || time === 199) sizes.push(size());
        }
        return sizes;
      });
      expect(bytes[0]).to.be.above(0);
      expect(bytes[1]! / bytes[0]!).to.be.at.most(1.1);
    }));
});

/** `WebAssembly`, as far as the memory of a module is watched. */
interface WasmHost {
  Memory: new (description: unknown) => { buffer: { byteLength: number } };
}
