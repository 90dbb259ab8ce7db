import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Device, type GraphEntry, kindNamed, loadManifest, openDevice, readGraphFiles } from '@onnx-forge/infer';
import { type RecipeName, recipes } from '@onnx-forge/models';
import { train } from '@onnx-forge/train';
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { graphWorkload } from '../../../packages/infer/dist/run/workload.js';
import { bundleForBrowser, PAGE } from '../browser/bundle.js';
import { launchChromium, openPage, waitForGlobal } from '../browser/chromium.js';
import { Site } from '../browser/site.js';
import { EmbeddedSets } from '../train/embedded.js';
import { tinyData, tinyRecipe } from '../train/tiny.js';
import { worstDifference } from './conformance/check.js';
import { modelChecks } from './conformance/models.js';
import { ChromiumPlace, NodePlace, type Place, RUNS, type Run } from './conformance/places.js';
import { sessionChecks } from './conformance/sessions.js';
import { needsDevice } from './webgpu.js';

/** Largest relative difference between devices. */
const TOLERANCE = 1e-4;

describe('infer: conformance', () => {
  let folder: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'onnx-forge-test-'));
    const sets = new EmbeddedSets(500);
    for (const [name, run] of Object.entries(RUNS)) {
      const recipe = name === 'tiny' ? tinyRecipe : (await recipes[name as RecipeName]()).default;
      const data = name === 'tiny' ? tinyData() : await sets.of(recipe);
      const out = join(folder, name);
      await train({
        recipe,
        data,
        out,
        maxSteps: 3,
        set: { batchSize: 8, ...('set' in run && run.set) },
        device: 'cpu',
        evaluate: false,
        figures: false,
      });
    }
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  const runFolder = (run: Run): string => join(folder, run);

  describe('in Node', () => {
    const node = new NodePlace(runFolder);
    after(() => node.dispose());
    for (const device of ['cpu', 'cuda', 'webgpu'] as const) suite(node, device, () => node);

    for (const run of Object.keys(RUNS) as Run[]) {
      it(`${run}: its graphs take the made-up inputs that devices are compared by`, async () => {
        const folder = runFolder(run);
        const manifest = await loadManifest(folder);
        const files = (_: string, entry: GraphEntry) => readGraphFiles(folder, entry);
        const workload = graphWorkload(folder, kindNamed(manifest.kind), manifest, files);
        await using device = await openDevice({ device: 'cpu' });
        const open = await workload.prepare();
        const [one, other] = [await open(device), await open(device)];
        const answer = await one.call();
        expect(answer).not.to.be.empty;
        for (const numbers of answer) expect(numbers.every(Number.isFinite)).to.equal(true);
        expect(await other.call()).to.deep.equal(answer);
      });
    }
  });

  describe('in Chromium', () => {
    const reference = new NodePlace(runFolder);
    let browser: Browser | undefined;
    let site: Site | undefined;
    let place: ChromiumPlace;

    before(async function () {
      browser = await launchChromium(this);
      const bundle = join(folder, 'page');
      await bundleForBrowser(fileURLToPath(new URL('conformance/page.js', import.meta.url)), bundle);
      site = await Site.open({ '/': { folder: bundle }, '/index.html': { html: PAGE }, '/runs/': { folder } });
      const { page } = await openPage(browser, `${site.url}index.html`);
      await waitForGlobal(page, 'conformance');
      place = new ChromiumPlace(page);
    });

    after(async () => {
      await browser?.close();
      await site?.[Symbol.asyncDispose]();
      await reference.dispose();
    });

    for (const device of ['wasm', 'webgpu'] as const) suite(reference, device, () => place);
  });
});

/** Every check, on one device. */
function suite(reference: Place, device: Device, place: () => Place): void {
  describe(device, () => {
    before(async function () {
      if (place() === reference) await needsDevice(this, device);
    });

    describe('sessions', () => {
      for (const check of Object.keys(sessionChecks)) it(check, () => place().session(check, device));
    });

    for (const [run, { kind }] of Object.entries(RUNS) as [Run, (typeof RUNS)[Run]][]) {
      describe(`${run}, a ${kind} model`, () => {
        for (const check of Object.keys(modelChecks[kind])) {
          it(check, async () => {
            const found = await place().model(check, device, run);
            if (device === 'cpu' || !found) return;
            const { name, difference } = worstDifference(found, (await reference.model(check, 'cpu', run))!);
            expect(difference, `${name} differs from the CPU's`).to.be.at.most(TOLERANCE);
          });
        }
      });
    }
  });
}
