import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { openPage, waitForGlobal } from '../browser/chromium.js';
import { Site, STRICT_POLICY } from '../browser/site.js';
import { DevServer } from '../packages/dev-server.js';
import type { App } from './row.js';
import type { Outcome, Settings } from './scenario.js';
import { sizesOf } from './sizes.js';

export interface PageApp extends Pick<App, 'name' | 'title' | 'quick' | 'refused'> {
  readonly settings?: Partial<Settings>;
  /** Folders of `test/apps`; default: the row's name. */
  readonly sources?: readonly string[];
  /** Where the run lies; default `runs/vae`. */
  readonly runAt?: string;
  /** Shell commands in the app's folder. */
  readonly build?: string;
  /** The folder with what was built, whose size is taken. */
  readonly built?: string;
  /** The folder that is served; default: the app's. */
  readonly served?: string;
  /** Vite's development server instead of a served folder, of the Vite of this name. */
  readonly devServer?: string;
  /** Opened from the disk. */
  readonly fromDisk?: boolean;
  /** The path that the folder is served at, not encoded. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Pages at a path of their own, so that nothing is found by its place at the root. */
const PATH = '/some/path/';

export const STRICT: Readonly<Record<string, string>> = { 'content-security-policy': STRICT_POLICY };

/** An app in a page of Chromium, which leaves the scenario's outcome(s) in `globalThis.outcome`. */
export function pageApp(page: PageApp): App {
  const { name, title, quick, refused, sources = [name], build, built, served = '.', headers = {} } = page;
  return {
    name,
    title,
    ...(quick !== undefined && { quick }),
    ...(refused && { refused }),
    settings: { run: 'runs/vae', devices: ['auto', 'webgpu'], ...page.settings },
    async prepare(lab, log) {
      await lab.browser();
      const folder = await lab.make(name, sources, page.runAt);
      if (build) log(await lab.shell(build, name));
      const server = await serve(page, folder, join(folder, served), headers);
      let opened: Page | undefined;
      return {
        ...(built && { sizes: await sizesOf(join(folder, built)) }),
        async run(settings) {
          const address = `${server.url}#${encodeURIComponent(JSON.stringify(settings))}`;
          const { page, complaints } = await openPage(await lab.browser(), address);
          opened = page;
          return outcomesOf(page).finally(() => log(complaints.map((complaint) => `${complaint}\n`).join('')));
        },
        async [Symbol.asyncDispose]() {
          await opened?.close();
          await server[Symbol.asyncDispose]();
        },
      };
    },
  };
}

async function serve(
  page: PageApp,
  folder: string,
  served: string,
  headers: Readonly<Record<string, string>>,
): Promise<AsyncDisposable & { readonly url: string }> {
  if (page.fromDisk) {
    return { url: pathToFileURL(join(folder, 'index.html')).href, [Symbol.asyncDispose]: async () => undefined };
  }
  if (page.devServer) return DevServer.open(folder, `../node_modules/${page.devServer}/bin/vite.js`);
  const { path = PATH } = page;
  const site = await Site.open({ [path]: { folder: served } }, headers);
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  return {
    url: `${site.url.slice(0, -1)}${encoded}index.html`,
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  };
}

async function outcomesOf(page: Page): Promise<readonly Outcome[]> {
  await waitForGlobal(page, 'outcome');
  return [(await page.evaluate('globalThis.outcome')) as Outcome | Outcome[]].flat();
}
