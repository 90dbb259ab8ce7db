import { ForgeError, load } from '@onnx-forge/infer';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { bundleForBrowser, PAGE, PAGE_SCRIPT } from '../browser/bundle.js';
import { launchChromium, openPage, waitForGlobal } from '../browser/chromium.js';
import type { InferPage } from '../browser/page.js';
import { Site } from '../browser/site.js';
import { type BadRun, badRunRoute, badRuns } from './bad-runs.js';
import { rejection } from './rejection.js';
import { linearGaussianRun, TemporaryFolders, writeRun } from './run-folder.js';

interface Told {
  readonly code: string;
  readonly message: string;
}

describe('infer: bad runs under a URL', () => {
  const folders = new TemporaryFolders();
  const folder = folders.make();
  const runs = badRuns(folder, writeRun(folder, linearGaussianRun()));
  let site: Site;
  let closed: Promise<void>;

  before(async () => {
    let tell = (): void => undefined;
    closed = new Promise((resolve) => {
      tell = resolve;
    });
    const bundle = folders.make();
    await bundleForBrowser(PAGE_SCRIPT, bundle);
    site = await Site.open({
      '/': { folder: bundle },
      '/index.html': { html: PAGE },
      '/good/': { folder },
      '/bad/': badRunRoute(folder, runs),
      // Answers the manifest, and no graph ever.
      '/waiting/manifest.json': (_, response) => response.writeHead(302, { location: '/good/manifest.json' }).end(),
      '/waiting/graphs/': (request) => request.socket.on('close', tell),
    });
  });

  after(async () => {
    await site[Symbol.asyncDispose]();
    folders.remove();
  });

  const urlOf = (name: string): string => `${site.url}bad/${Object.keys(runs).indexOf(name)}/`;

  function expectTold({ code, message }: Told, bad: Pick<BadRun, 'code' | 'message'>): void {
    expect(code, message).to.equal(bad.code);
    expect(message)
      .to.match(bad.message)
      .and.not.match(/[\r\n]/);
  }

  describe('in Node', () => {
    for (const [name, bad] of Object.entries(runs)) {
      it(name, async () => {
        const options = { device: 'cpu', maxBytes: bad.maxBytes } as const;
        expectTold(await rejection(ForgeError, load(urlOf(name), options)), bad);
      });
    }

    it('a load given up, before and on the way', async () => {
      const reason = new Error('closed the tab');
      const before = await rejection(ForgeError, load(`${site.url}good`, { signal: AbortSignal.abort(reason) }));
      expectTold(before, { code: 'aborted', message: /^loading http.* was given up$/ });
      expect(before.cause).to.equal(reason);
      expect(before.name).to.equal('AbortError');

      const progress: string[] = [];
      const given = { device: 'cpu', signal: AbortSignal.timeout(200) } as const;
      const loading = load(`${site.url}waiting`, { ...given, onProgress: ({ file }) => progress.push(file) });
      expectTold(await rejection(ForgeError, loading), { code: 'aborted', message: /was given up$/ });
      expect(progress).to.deep.equal([]);
      await closed; // the transfer stops too
    });
  });

  describe('in Chromium', () => {
    let browser: Browser | undefined;
    let page: Page;
    let complaints: string[];

    before(async function () {
      browser = await launchChromium(this, { webgpu: false });
      ({ page, complaints } = await openPage(browser, `${site.url}index.html`));
      await waitForGlobal(page, 'infer');
    });

    after(() => browser?.close());

    /** The error of `load` in the page, which must be usable afterwards. */
    async function told(url: string, options: object = {}, timeout?: number): Promise<Told> {
      return page.evaluate(
        async ([from, given, milliseconds]) => {
          const { infer } = globalThis as unknown as InferPage;
          const signal = milliseconds === undefined ? {} : { signal: AbortSignal.timeout(milliseconds) };
          const error = await infer.load(from, { device: 'wasm', ...given, ...signal }).then(
            () => undefined,
            (failure: unknown) => failure,
          );
          const model = await infer.load('good', { device: 'wasm' });
          if (model.kind !== 'latent') throw new Error('the good run is no good');
          await model.sample(1);
          await model.dispose();
          if (error instanceof infer.ForgeError) return { code: error.code, message: error.message };
          throw error ?? new Error('nothing was thrown');
        },
        [url, options, timeout] as const,
      );
    }

    for (const [name, bad] of Object.entries(runs)) {
      it(name, async () => {
        expectTold(await told(urlOf(name), bad.maxBytes === undefined ? {} : { maxBytes: bad.maxBytes }), bad);
      });
    }

    it('a load given up', async () => {
      expectTold(await told('waiting', {}, 200), { code: 'aborted', message: /^loading waiting was given up$/ });
    });

    it('a server that is not there', async () => {
      expectTold(await told('http://127.0.0.1:1/run'), { code: 'run-unreachable', message: /can't be fetched/ });
    });

    it('another origin, without and with its leave', async () => {
      await using shut = await Site.open({ '/run/': { folder } });
      expectTold(await told(`${shut.url}run`), {
        code: 'run-cross-origin',
        message:
          /manifest\.json can't be fetched: its server does not let pages of http:\/\/127\.0\.0\.1:\d+ read it \(CORS/,
      });
      await using open = await Site.open({ '/run/': { folder } }, { 'access-control-allow-origin': '*' });
      const kind = await page.evaluate(async (url) => {
        return (await (globalThis as unknown as InferPage).infer.load(url)).kind;
      }, `${open.url}run`);
      expect(kind).to.equal('latent');
    });

    it('devices that this browser lacks', async () => {
      const cases: [string, string, RegExp][] = [
        ['cpu', 'device-unavailable', /^device 'cpu' is not available here: it is Node's; a browser's CPU is 'wasm'$/],
        ['cuda', 'device-unavailable', /a browser can't reach CUDA; .* 'webgpu'$/],
        [
          'webgpu',
          'device-unavailable',
          /^device 'webgpu' is not available here: this browser has (no WebGPU|WebGPU, but)/,
        ],
        ['tpu', 'device-unknown', /^there is no device 'tpu' here; use one of: auto, webgpu, wasm$/],
      ];
      for (const [device, code, message] of cases) expectTold(await told('good', { device }), { code, message });
      const { device, refused } = await page.evaluate(async () => {
        const model = await (globalThis as unknown as InferPage).infer.load('good');
        return { device: model.device, refused: model.refused };
      });
      expect(device).to.equal('wasm');
      expect(refused.map((refusal) => refusal.device)).to.deep.equal(['webgpu']);
    });

    it('leaves no error uncaught', () => {
      const own = complaints.filter((text) => !/Failed to load resource|blocked by CORS policy/.test(text)); // the browser's own
      expect(own).to.deep.equal([]);
    });
  });
});
