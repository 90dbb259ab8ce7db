import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tf } from '@onnx-forge/export';
import { assert } from 'chai';
import { bundleForBrowser, PAGE } from '../../browser/bundle.js';
import { launchChromium, openPage, waitForGlobal } from '../../browser/chromium.js';
import { Site } from '../../browser/site.js';
import { type Trained, trainOn } from './browser-page.js';

describe('the onnx backend in a browser', () => {
  after(() => tf.setBackend('cpu'));

  it('trains as tfjs cpu does in Node, on wasm when no device is named', async function () {
    const browser = await launchChromium(this, { webgpu: false });
    const folder = await mkdtemp(join(tmpdir(), 'onnx-forge-backend-'));
    try {
      await bundleForBrowser(fileURLToPath(new URL('browser-page.js', import.meta.url)), folder);
      await using site = await Site.open({
        '/': { folder },
        '/index.html': { html: PAGE },
        '/favicon.ico': { html: '' },
      });
      const { page, complaints } = await openPage(browser, `${site.url}index.html`);
      await waitForGlobal(page, 'trained');
      const actual = await page.evaluate(() => (globalThis as unknown as { trained: Promise<Trained> }).trained);
      const expected = await trainOn('cpu');
      for (const [i, loss] of expected.losses.entries()) assert.approximately(actual.losses[i]!, loss, 1e-5);
      for (const [i, y] of expected.prediction.entries()) assert.approximately(actual.prediction[i]!, y, 1e-4);
      assert.match(actual.refusal!, /use await tensor.data\(\)/);
      assert.deepEqual(complaints, []);
    } finally {
      await browser.close();
      await rm(folder, { recursive: true, force: true });
    }
  }).timeout(120_000);
});
