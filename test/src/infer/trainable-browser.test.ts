import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Device } from '@onnx-forge/infer';
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { bundleForBrowser, PAGE, PAGE_SCRIPT } from '../browser/bundle.js';
import { launchChromium, openPage, waitForGlobal } from '../browser/chromium.js';
import '../browser/page.js';
import type { InferPage } from '../browser/page.js';
import { Site, STRICT_POLICY } from '../browser/site.js';
import { TemporaryFolders } from './run-folder.js';

const RUN = fileURLToPath(new URL('../../../models/pretrained/vae-2d', import.meta.url));
const STEPS = 4;

/** The outcome of a few steps on the same black-and-white images. */
interface Outcome {
  readonly device: string;
  readonly losses: number[];
  /** Of the images, by the model with the new weights. */
  readonly elbo: number;
  /** How many files the run has with them. */
  readonly files: number;
  readonly refusal: string;
}

/** Runs in a page as in Node: infer is a global, which `page.ts` makes. */
async function fineTune({
  location,
  device,
  steps,
}: {
  location: string;
  device: Device;
  steps: number;
}): Promise<Outcome> {
  const { infer } = globalThis as unknown as InferPage;
  const session = await infer.loadTrainable(location, { device, seed: 2 });
  const random = new infer.Random(9);
  const x = random.fillUniform(new Float32Array(50 * 784)).map((value) => Number(value < 0.3));
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) losses.push((await session.step({ x })).loss!);
  const model = await session.model();
  if (model.kind !== 'latent') throw new Error(model.kind);
  const { mean: elbo } = await model.elbo(x, { seed: 1 });
  const refusal = await session.step({ x: new Float32Array(784) }).then(
    () => '',
    (error: Error) => error.message,
  );
  const { size: files } = await session.files();
  const outcome = { device: session.device, losses, elbo, files, refusal };
  await model.dispose();
  await session.dispose();
  return outcome;
}

describe('infer: training further in a page, under a strict policy', () => {
  const folders = new TemporaryFolders();
  let browser: Browser | undefined;
  let site: Site | undefined;
  let inNode: Outcome;

  before(async function () {
    browser = await launchChromium(this);
    const folder = folders.make();
    await bundleForBrowser(PAGE_SCRIPT, folder);
    await cp(RUN, join(folder, 'run'), { recursive: true });
    const policy = { 'content-security-policy': STRICT_POLICY };
    site = await Site.open({ '/': { folder }, '/index.html': { html: PAGE } }, policy);
    inNode = await fineTune({ location: RUN, device: 'cpu', steps: STEPS });
  });

  after(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
    folders.remove();
  });

  for (const device of ['wasm', 'webgpu'] as const) {
    it(`on ${device} as on Node's CPU`, async () => {
      const { page, complaints } = await openPage(browser!, `${site!.url}index.html`);
      await waitForGlobal(page, 'infer');
      const outcome = await page.evaluate(fineTune, { location: `${site!.url}run`, device, steps: STEPS });
      expect(complaints).to.deep.equal([]);
      expect(outcome.device).to.equal(device);
      expect(outcome.losses).to.have.length(STEPS);
      for (const [step, loss] of outcome.losses.entries()) {
        expect(loss, `step ${step}`).to.be.closeTo(inNode.losses[step]!, 1e-4 * inNode.losses[step]!);
      }
      expect(outcome.losses.at(-1)!).to.be.below(outcome.losses[0]! - 10);
      expect(outcome.elbo).to.be.closeTo(inNode.elbo, 1e-4 * Math.abs(inNode.elbo));
      expect(outcome.files).to.equal(inNode.files);
      expect(outcome.refusal).to.equal(inNode.refusal).and.include('exactly 50');
      await page.close();
    });
  }
});
