import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RecipeName, recipes } from '@onnx-forge/models';
import { type TrainRequest, train } from '@onnx-forge/train';
import { ExploredRuns, serveExplorer } from '@onnx-forge/train/explore';
import type { Browser } from 'playwright-core';
import sharp from 'sharp';
import { startChromium } from '../browser/chromium.js';
import { Site } from '../browser/site.js';
import { PAGES, type PicturedPage, SITE_PAGES } from './pages.js';

/** Runs on embedded data that are good enough to look at. */
const RUNS: Readonly<Record<string, Partial<Omit<TrainRequest, 'recipe'>> & { readonly recipe: RecipeName }>> = {
  'vae-2d': { recipe: 'vae-2d', maxSteps: 1500, saveStep: true },
  vae: { recipe: 'vae', maxSteps: 600 },
  'vae-5': { recipe: 'vae', maxSteps: 600, set: { latentDim: 5, learningRate: 1e-3 } },
  cvae: { recipe: 'cvae', maxSteps: 400 },
  classifier: { recipe: 'classifier', maxSteps: 300 },
  siamese: { recipe: 'siamese', maxSteps: 60, set: { imageHeight: 56, imageWidth: 46, imagesPerPerson: 4 } },
  'text-cnn': { recipe: 'text-cnn', maxSteps: 300 },
  seq2seq: { recipe: 'seq2seq', maxSteps: 150 },
  transformer: { recipe: 'transformer', maxSteps: 120 },
};

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** The page as it is looked at: light and dark on a desk, and in a hand. */
const LOOKS = [
  { colorScheme: 'light', viewport: { width: 1200, height: 900 } },
  { colorScheme: 'dark', viewport: { width: 1200, height: 900 } },
  { colorScheme: 'light', viewport: { width: 375, height: 900 } },
] as const;

/** Of the height of the page, in the picture. */
const HEIGHT = 480;
const GAP = 12;

/**
 * Writes a picture of each page of the explorer and of some of the built site into docs/images. The runs in them are trained
 * first, unless they are in the folder that was named; of the pages only those that were named after it.
 */
async function main([kept, ...only]: readonly string[]): Promise<void> {
  const folder = kept ?? (await mkdtemp(join(tmpdir(), 'screenshots-')));
  try {
    await using browser = await startChromium();
    await using site = await Site.open({ '/': { folder: join(ROOT, 'site/dist') } });
    const wanted = ({ name }: PicturedPage): boolean => only.length === 0 || only.includes(name);
    for (const page of SITE_PAGES.filter(wanted))
      await keep(`site/${page.name}`, await picture(browser, site.url + page.address, page));
    const pages = PAGES.filter(wanted);
    if (pages.length === 0) return;
    const runs = join(folder, 'runs');
    await trainRuns(runs);
    const recipe = async (name: string) => (await recipes[name as RecipeName]()).default;
    await using server = await serveExplorer(new ExploredRuns({ paths: [runs], recipe }));
    for (const page of pages)
      await keep(`explorer/${page.name}`, await picture(browser, `${server.url}#/${page.address}`, page));
  } finally {
    if (kept === undefined) await rm(folder, { recursive: true, force: true });
  }
}

async function trainRuns(folder: string): Promise<void> {
  for (const [name, { recipe: from, ...request }] of Object.entries(RUNS)) {
    const out = join(folder, name);
    if (existsSync(join(out, 'manifest.json'))) continue;
    console.log(`training ${name}`);
    const { default: recipe } = await recipes[from]();
    const samples = /vae/.test(from) ? { samples: 20 } : {};
    await train({ recipe, data: 'embedded', device: 'cpu', out, ...samples, ...request });
  }
}

async function keep(name: string, png: Buffer): Promise<void> {
  const file = `docs/images/${name}.png`;
  await mkdir(dirname(join(ROOT, file)), { recursive: true });
  await writeFile(join(ROOT, file), png);
  console.log(file);
}

async function picture(browser: Browser, url: string, { there }: PicturedPage): Promise<Buffer> {
  const shots: { input: Buffer; left: number; top: number }[] = [];
  let left = 0;
  // One after the other: pages that run models wait for each other's threads.
  for (const look of LOOKS) {
    const page = await browser.newPage({ ...look, reducedMotion: 'reduce' });
    await page.goto(url);
    await page.locator(there).first().waitFor({ timeout: 120_000 });
    // Words, judges and patches are computed after that.
    await page.waitForTimeout(1500);
    const input = await sharp(await page.screenshot())
      .resize({ height: HEIGHT })
      .toBuffer();
    shots.push({ input, left, top: 0 });
    left += Math.round((look.viewport.width * HEIGHT) / look.viewport.height) + GAP;
    await page.close();
  }
  const canvas = { width: left - GAP, height: HEIGHT, channels: 3, background: '#9a9da3' } as const;
  return sharp({ create: canvas }).composite(shots).png({ palette: true, colours: 48, effort: 10 }).toBuffer();
}

await main(process.argv.slice(2));
