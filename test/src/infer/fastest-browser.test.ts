import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Refusal } from '@onnx-forge/infer';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { bundleForBrowser, PAGE, PAGE_SCRIPT } from '../browser/bundle.js';
import { launchChromium, openPage, waitForGlobal } from '../browser/chromium.js';
import type { InferPage } from '../browser/page.js';
import { Site, STRICT_POLICY } from '../browser/site.js';
import { linearGaussianRun, TemporaryFolders, writeRun } from './run-folder.js';

const PRETRAINED = fileURLToPath(new URL('../../../models/pretrained/vae-2d', import.meta.url));

/**
 * A script that makes a page or a worker take the adapter of this machine, which is software, for a graphics card, and counts the
 * WebGPU devices that are made.
 */
const AS_HARDWARE = `
  globalThis.gpuDevices = 0;
  if (globalThis.GPUAdapter) {
    globalThis.adapter = { vendor: 'maker', architecture: 'first' };
    for (const name of ['vendor', 'architecture']) {
      Object.defineProperty(GPUAdapterInfo.prototype, name, { get: () => globalThis.adapter[name] });
    }
    for (const { prototype } of [GPUAdapterInfo, GPUAdapter]) {
      Object.defineProperty(prototype, 'isFallbackAdapter', { get: () => false });
    }
    const { requestDevice } = GPUAdapter.prototype;
    GPUAdapter.prototype.requestDevice = function (...given) {
      globalThis.gpuDevices++;
      return requestDevice.apply(this, given);
    };
  }
`;

/** Loads the run in a worker, and sends what {@link Loaded} is. */
const WORKER = `
  ${AS_HARDWARE}
  import('/page.js').then(async () => {
    const model = await infer.load('/run');
    const { images } = await model.sample(2, { seed: 1 });
    const { device, refused } = model;
    postMessage({ device, refused, images: Array.from(images.data), gpuDevices });
  });
`;

interface Loaded {
  readonly device: string;
  readonly refused: readonly Refusal[];
  readonly images: readonly number[];
  /** WebGPU devices that were made since the page was opened. */
  readonly gpuDevices: number;
}

/** Options that decide on the device. */
interface Choosing {
  readonly device: 'auto' | 'wasm';
  readonly measure: 'once' | 'again' | 'never';
}

const AUTO: Choosing = { device: 'auto', measure: 'once' };
const WASM: Choosing = { device: 'wasm', measure: 'once' };
const UNMEASURED: Choosing = { device: 'auto', measure: 'never' };

/** Globals of the page. */
interface GpuPage extends InferPage {
  readonly gpuDevices: number;
  readonly adapter: { architecture: string };
}

/** Runs in a page. */
async function loadRun(options: Choosing): Promise<Loaded> {
  const { infer } = globalThis as unknown as GpuPage;
  const model = await infer.load('/run', options);
  if (model.kind !== 'latent') throw new Error(model.kind);
  const { images } = await model.sample(2, { seed: 1 });
  const { device, refused } = model;
  await model.dispose();
  const { gpuDevices } = globalThis as unknown as GpuPage;
  return { device, refused, images: Array.from(images.data), gpuDevices };
}

interface Trained extends Pick<Loaded, 'device' | 'refused'> {
  readonly losses: readonly number[];
  /** The model with the new weights, and the run loaded after that. */
  readonly model: Pick<Loaded, 'device' | 'refused'>;
  readonly devicesOfLoad: number;
}

/** Runs in a page. */
async function trainOn(options: Choosing): Promise<Trained> {
  const page = globalThis as unknown as GpuPage;
  const session = await page.infer.loadTrainable('/trained', options);
  const x = new Float32Array(50 * 784).map((_, i) => Number(i % 3 === 0));
  const losses: number[] = [];
  for (let step = 0; step < 3; step++) losses.push((await session.step({ x })).loss!);
  const model = await session.model();
  const before = page.gpuDevices;
  await (await page.infer.load('/trained', options)).dispose();
  await model.dispose();
  await session.dispose();
  const { device, refused } = session;
  return {
    ...{ device, refused, losses, devicesOfLoad: page.gpuDevices - before },
    model: { device: model.device, refused: model.refused },
  };
}

describe('infer: the faster device of a browser', () => {
  const folders = new TemporaryFolders();
  let browser: Browser | undefined;
  let site: Site;

  before(async function () {
    browser = await launchChromium(this);
    const folder = folders.make();
    await bundleForBrowser(PAGE_SCRIPT, folder);
    writeRun(join(folder, 'run'), linearGaussianRun());
    await cp(PRETRAINED, join(folder, 'trained'), { recursive: true });
    await writeFile(join(folder, 'worker.js'), WORKER);
    const policy = { 'content-security-policy': STRICT_POLICY };
    site = await Site.open({ '/': { folder }, '/index.html': { html: PAGE } }, policy);
  });

  after(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
    folders.remove();
  });

  /** Calls `use` with a page in a browser's profile of its own, in which no device was ever measured. */
  async function withPage(use: (page: Page) => Promise<void>): Promise<void> {
    const profile = await browser!.newContext();
    await profile.addInitScript(AS_HARDWARE);
    const { page, complaints } = await openPage(profile, `${site.url}index.html`);
    await waitForGlobal(page, 'infer');
    await use(page);
    expect(complaints).to.deep.equal([]);
    await profile.close();
  }

  async function reload(page: Page): Promise<void> {
    await page.reload();
    await waitForGlobal(page, 'infer');
  }

  const isSlower = ({ device, refused }: Pick<Loaded, 'device' | 'refused'>): void => {
    expect(device).to.equal('wasm');
    expect(refused.map((refusal) => refusal.device)).to.deep.equal(['webgpu']);
    expect(refused[0]!.reason).to.match(/^slower here: [\d.]+ ms a call, wasm [\d.]+ ms$/);
  };

  it('is measured for a small model, and remembered by pages and workers', () =>
    withPage(async (page) => {
      const measured = await page.evaluate(loadRun, AUTO);
      isSlower(measured);
      expect(measured.gpuDevices).to.be.above(0);
      const named = await page.evaluate(loadRun, WASM);
      expect(measured.images).to.deep.equal(named.images);

      await reload(page);
      const { gpuDevices, ...remembered } = await page.evaluate(loadRun, AUTO);
      expect(gpuDevices).to.equal(0);
      const { gpuDevices: _, ...first } = measured;
      expect(remembered).to.deep.equal(first);

      const inWorker = await page.evaluate(async () => {
        const { Worker } = globalThis as unknown as { Worker: new (url: string, options: object) => AnyWorker };
        const worker = new Worker('/worker.js', { type: 'module' });
        const told = await new Promise<Loaded>((resolve, reject) => {
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = ({ message }) => reject(new Error(message));
        });
        worker.terminate();
        return told;
      });
      expect(inWorker).to.deep.equal({ ...first, gpuDevices: 0 });
    }));

  it('is measured again when asked for, with another adapter, and where the record is forgotten', () =>
    withPage(async (page) => {
      const devicesOf = async (options: Choosing): Promise<number> => {
        const before = await page.evaluate('gpuDevices');
        const after = await page.evaluate(loadRun, options);
        isSlower(after);
        return after.gpuDevices - Number(before);
      };
      expect(await devicesOf(AUTO)).to.be.above(0);
      expect(await devicesOf(AUTO)).to.equal(0);
      expect(await devicesOf({ device: 'auto', measure: 'again' })).to.be.above(0);
      await page.evaluate(() => {
        (globalThis as unknown as GpuPage).adapter.architecture = 'second';
      });
      expect(await devicesOf(AUTO)).to.be.above(0);
      expect(await devicesOf(AUTO)).to.equal(0);
      await page.evaluate(async () => {
        const { caches } = globalThis as unknown as { caches: AnyCaches };
        for (const name of await caches.keys()) await caches.delete(name);
      });
      expect(await devicesOf(AUTO)).to.be.above(0);
    }));

  it('is WebGPU, unmeasured, where that is wanted', () =>
    withPage(async (page) => {
      const { device, refused, gpuDevices } = await page.evaluate(loadRun, UNMEASURED);
      expect({ device, refused, gpuDevices }).to.deep.equal({ device: 'webgpu', refused: [], gpuDevices: 1 });
    }));

  it('is measured for a training too, which it does not touch', () =>
    withPage(async (page) => {
      const measured = await page.evaluate(trainOn, AUTO);
      isSlower(measured);
      isSlower(measured.model);
      expect(measured.devicesOfLoad, 'its graphs, with other weights, are those of the run').to.equal(0);
      const named = await page.evaluate(trainOn, WASM);
      expect(measured.losses).to.have.length(3);
      expect(measured.losses).to.deep.equal(named.losses);
      expect(named.refused).to.deep.equal([]);
    }));

  it('is given up while it is measured', () =>
    withPage(async (page) => {
      const told = await page.evaluate(async () => {
        const { infer } = globalThis as unknown as GpuPage;
        const controller = new AbortController();
        const loading = infer.load('/run', { signal: controller.signal });
        const { GPUAdapter } = globalThis as unknown as { GPUAdapter: { prototype: Adapter } };
        const { requestDevice } = GPUAdapter.prototype;
        GPUAdapter.prototype.requestDevice = function (...given) {
          controller.abort();
          return requestDevice.apply(this, given);
        };
        return loading.then(
          () => 'loaded',
          (error: { readonly code?: string }) => error.code,
        );
      });
      expect(told).to.equal('aborted');
      isSlower(await page.evaluate(loadRun, AUTO));
    }));
});

interface AnyWorker {
  onmessage: (event: { readonly data: Loaded }) => void;
  onerror: (event: { readonly message: string }) => void;
  terminate(): void;
}

interface AnyCaches {
  keys(): Promise<string[]>;
  delete(name: string): Promise<boolean>;
}

interface Adapter {
  requestDevice(...given: unknown[]): Promise<unknown>;
}
