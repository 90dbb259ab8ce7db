import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load } from '@onnx-forge/infer';
import { train } from '@onnx-forge/train';
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { build, createServer } from 'vite';
import { tinyData, tinyRecipe } from '../train/tiny.js';
import { launchChromium, openPage, waitForGlobal } from './chromium.js';
import { snippetUnder } from './readme.js';
import { Site, STRICT_POLICY } from './site.js';

const ROOT = new URL('../../../', import.meta.url);

describe('the embedding snippet of the README, in a Vite app', () => {
  let app: string;
  let browser: Browser | undefined;
  /** What Node makes of the same run. */
  let expected: number[];

  before(async function () {
    browser = await launchChromium(this);
    app = mkdtempSync(join(tmpdir(), 'onnx-forge-test-'));
    const run = join(app, 'public', 'runs', 'vae');
    const quick = { maxSteps: 3, device: 'cpu', evaluate: false, figures: false } as const;
    await train({ recipe: tinyRecipe, data: tinyData(), out: run, ...quick });
    rmSync(join(run, 'checkpoint'), { recursive: true, force: true });
    await using model = await load(run, { device: 'cpu' });
    if (model.kind !== 'latent') throw new Error('the run is of another kind');
    expected = Array.from((await model.sample(16, { seed: 1 })).images.data);

    symlinkSync(fileURLToPath(new URL('node_modules', ROOT)), join(app, 'node_modules'));
    writeFileSync(
      join(app, 'index.html'),
      '<!doctype html><title>app</title><script type="module" src="/main.js"></script>',
    );
    const snippet = snippetUnder(new URL('packages/infer/README.md', ROOT), 'In a browser');
    expect(snippet.trim().split('\n')).to.have.length(3);
    writeFileSync(join(app, 'main.js'), `${snippet}\nglobalThis.found = Array.from(images.data);\n`);
  });

  after(async () => {
    await browser?.close();
    if (app) rmSync(app, { recursive: true, force: true });
  });

  async function expectRightImages(url: string): Promise<void> {
    const { page, complaints } = await openPage(browser!, url);
    await waitForGlobal(page, 'found');
    const found = (await page.evaluate('globalThis.found')) as number[];
    expect(found).to.have.length(expected.length);
    found.forEach((value, i) => {
      expect(value).to.be.closeTo(expected[i]!, 1e-4);
    });
    expect(complaints.filter((text) => !text.includes('404'))).to.deep.equal([]); // there is no favicon
    await page.close();
  }

  it('runs in the built app, under a strict content security policy', async () => {
    await build({ root: app, logLevel: 'error' });
    await using site = await Site.open(
      { '/': { folder: join(app, 'dist') } },
      { 'content-security-policy': STRICT_POLICY },
    );
    await expectRightImages(`${site.url}index.html`);
  });

  it('runs in the built app under a path of its own', async () => {
    await build({ root: app, base: './', logLevel: 'error' });
    cpSync(join(app, 'dist'), join(app, 'host', 'some', 'path'), { recursive: true });
    await using site = await Site.open({ '/': { folder: join(app, 'host') } });
    await expectRightImages(`${site.url}some/path/index.html`);
  });

  it('runs on the development server', async () => {
    const server = await createServer({
      root: app,
      logLevel: 'error',
      cacheDir: join(app, 'cache'),
      server: { port: 0, host: '127.0.0.1', fs: { strict: false } },
    });
    try {
      await server.listen();
      await expectRightImages(server.resolvedUrls!.local[0]!);
    } finally {
      await server.close();
    }
  });
});
