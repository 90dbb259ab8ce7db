import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Page } from 'playwright-core';
import { type Contender, type Reading, type Runner, Unavailable } from '../benchmark.js';
import type { BenchPage } from '../browser/page.js';
import { openSite } from '../browser/site.js';
import type { ServingSpec } from '../serving/serving.js';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** WebGPU by a rasteriser in software, on any machine. */
const SWIFTSHADER = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];

const SOFTWARE = 'drawn by the processor (SwiftShader), not by a graphics card';

export interface ChromiumOptions extends Omit<ServingSpec, 'location'> {
  readonly device: 'wasm' | 'webgpu';
  /** The run's folder. */
  run(): Promise<string>;
}

/** onnxruntime-web in a page of a headless Chromium of its own; with several threads, the page is cross-origin isolated. */
export function inChromium(engine: string, options: ChromiumOptions): Contender {
  return { engine, open: () => openPage(options) };
}

/** @throws Unavailable where there is no Chromium, or it lacks the device */
async function openPage({ run, ...spec }: ChromiumOptions): Promise<Runner> {
  const executablePath = [process.env.CHROMIUM ?? '', ...PLACES].find((path) => path !== '' && existsSync(path));
  if (executablePath === undefined) {
    const reason = 'no Chromium here (apt-get install chromium, or its path in CHROMIUM)';
    throw new Unavailable({ status: 'absent', reason });
  }
  const { threads, device, tasks } = spec;
  const site = await openSite(await run(), { isolated: threads > 1 });
  const gpu = device === 'webgpu' ? SWIFTSHADER : ['--disable-gpu'];
  const root = process.getuid?.() === 0 ? ['--no-sandbox'] : []; // its sandbox refuses to run as root
  const browser = await chromium.launch({ executablePath, args: [...gpu, ...root] });
  const close = async (): Promise<void> => {
    await browser.close();
    await site.close();
  };
  try {
    const page = await browser.newPage();
    await page.goto(site.url);
    await page.waitForFunction("'bench' in globalThis");
    await open(page, { ...spec, location: `${site.url}run` });
    const software = device === 'webgpu' ? Object.fromEntries(Object.keys(tasks).map((id) => [id, [SOFTWARE]])) : {};
    return {
      version: webVersion(),
      threads,
      measure: async () => ({ ...(await measure(page)), notes: software }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Globals {
  readonly bench: BenchPage;
}

async function open(page: Page, spec: ServingSpec): Promise<void> {
  await page.evaluate((given) => (globalThis as unknown as Globals).bench.open(given), spec);
}

function measure(page: Page): Promise<Reading> {
  return page.evaluate(() => (globalThis as unknown as Globals).bench.measure());
}

function webVersion(): string {
  // Its exports hide its package.json: that lies two folders above its entry.
  const require = createRequire(import.meta.url);
  const [folder] = /^.*onnxruntime-web[\\/]/.exec(require.resolve('onnxruntime-web'))!;
  const { version } = require(`${folder}package.json`) as { version: string };
  return `onnxruntime-web ${version}`;
}
