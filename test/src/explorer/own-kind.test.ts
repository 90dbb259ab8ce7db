import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { train } from '@onnx-forge/train';
import { ExploredRuns, serveExplorer, writeExplorer } from '@onnx-forge/train/explore';
import { expect } from 'chai';
import { launchChromium, openPage } from '../browser/chromium.js';
import { Site } from '../browser/site.js';
import { lineData, lineRecipe } from '../train/kinds/regressor.js';

describe('the explorer page and a kind that it has no views of', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), 'onnx-forge-explore-'));
  const run = join(folder, 'line');

  before(() => train({ recipe: lineRecipe, data: lineData(), out: run, maxSteps: 20 }));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('says so, and shows what the run was written with: served, and as plain files', async function () {
    await using browser = await launchChromium(this);
    const explored = new ExploredRuns({ paths: [run], recipe: async () => lineRecipe });
    const [{ files } = { files: [] }] = await explored.list();
    expect(files).to.deep.equal(['manifest.json', 'graphs/predict.onnx', 'figures/predictions.png']);
    await using server = await serveExplorer(explored);
    await writeExplorer(explored, join(folder, 'page'));
    await using site = await Site.open({ '/deep/': { folder: join(folder, 'page') } });
    for (const url of [server.url, `${site.url}deep/index.html`]) {
      const { page, complaints } = await openPage(browser, url);
      await page.locator('.chart canvas').waitFor({ timeout: 60_000 });
      expect(await page.locator('#about').textContent()).to.match(/line \(regressor\).*20 iterations on cpu\./);
      expect(await page.locator('.hint').textContent()).to.include("no view of models of kind 'regressor'");
      // A slow manifest: until it is there, the page claims nothing of what was measured.
      await page.route('**/manifest.json', async (route) => {
        await page.waitForTimeout(500);
        await route.continue();
      });
      await page.getByRole('link', { name: 'Numbers' }).click();
      await page.locator('.numbers tbody th').waitFor();
      expect(await page.locator('.numbers tbody th').allTextContents()).to.deep.equal(['squaredError']);
      await page.getByRole('link', { name: 'Figures' }).click();
      const width = "document.querySelector('.drawn img').naturalWidth";
      for (let i = 0; i < 50 && !(await page.evaluate(width)); i++) await page.waitForTimeout(100);
      expect(await page.evaluate(width)).to.be.above(100);
      expect(complaints).to.deep.equal([]);
      await page.close();
    }
  });
});
