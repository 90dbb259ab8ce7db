import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { skip } from '../mocha/skip.js';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** WebGPU on machines without a GPU, by a rasteriser in software. */
const WEBGPU = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];

export interface ChromiumOptions {
  readonly webgpu?: boolean;
  readonly args?: readonly string[];
}

/** There is no Chromium on this machine. */
export class NoChromiumError extends Error {
  constructor() {
    super('no Chromium here (apt-get install chromium, or its path in CHROMIUM)');
  }
}

/** Starts the Chromium of this machine. @throws NoChromiumError */
export async function startChromium(options: ChromiumOptions = {}): Promise<Browser> {
  const executablePath = [process.env.CHROMIUM ?? '', ...PLACES].find((path) => path !== '' && existsSync(path));
  if (executablePath === undefined) throw new NoChromiumError();
  const gpu = (options.webgpu ?? true) ? WEBGPU : ['--disable-features=WebGPU', '--disable-gpu'];
  const root = process.getuid?.() === 0 ? ['--no-sandbox'] : []; // its sandbox refuses to run as root
  return chromium.launch({ executablePath, args: [...gpu, ...root, ...(options.args ?? [])] });
}

/** Starts the Chromium of this machine; skips the running test, saying why, where there is none. */
export async function launchChromium(context: Mocha.Context, options: ChromiumOptions = {}): Promise<Browser> {
  return startChromium(options).catch((error: Error) => {
    if (error instanceof NoChromiumError) return skip(context, error.message);
    throw error;
  });
}

/** A page on which errors that nobody caught, and violations of its security policy, are kept. */
export async function openPage(
  browser: Pick<Browser, 'newPage'>,
  url: string,
): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.goto(url);
  return { page, complaints };
}

/**
 * Waits until the page's scripts have made a global variable. (`page.waitForFunction` compiles what it polls, which a
 * strict content security policy forbids.)
 */
export async function waitForGlobal(page: Page, name: string): Promise<void> {
  for (const end = Date.now() + 100_000; Date.now() < end; await page.waitForTimeout(20)) {
    if (await page.evaluate((wanted) => wanted in globalThis, name)) return;
  }
  throw new Error(`after 100 seconds ${page.url()} has no '${name}'`);
}
