import { readFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { startChromium } from '../browser/chromium.js';
import { Site } from '../browser/site.js';
import type { Row } from '../matrix/row.js';
import type { Lab } from './lab.js';
import { DEADLINE, guarded, within } from './row.js';
import { UnwatchedPage } from './unwatched-page.js';

/** The repeated work: loads with disposals, or calls of one model. */
type Kind = 'loads' | 'calls';

export interface Endurance {
  readonly name: string;
  readonly title: string;
  readonly kind: Kind;
  readonly device: 'cpu' | 'wasm' | 'webgpu';
  /** Times until allocators and compilers have settled, and times after that. */
  readonly early: number;
  readonly late: number;
  /** Shell commands that bundle a page. */
  readonly build: string;
}

type Sizes = Readonly<Record<string, number>>;

/** Times after which a page must have answered within {@link DEADLINE}: a software adapter takes seconds for a load. */
const BATCH = { loads: 1, calls: 500 } as const;

/** Memory may grow by a tenth between the two measurements. */
const GROWTH = 1.1;

/** A row that does something again and again and finds memory as it was. */
export function enduranceRow(what: Endurance, open: () => Promise<Lab>): Row {
  const { name, title, device, kind, early, late } = what;
  return {
    name,
    title,
    run: (log) =>
      guarded(log, async (write) => {
        const lab = await open();
        const [before, after] = device === 'cpu' ? await inNode(what, lab) : await inPage(what, lab, write);
        write(JSON.stringify([before, after]));
        for (const [key, bytes] of Object.entries(after)) {
          if (bytes / before[key]! > GROWTH) {
            throw new Error(
              `${key}: ${megabytes(before[key]!)} MB after ${early} ${kind}, ${megabytes(bytes)} MB after ${late} more`,
            );
          }
        }
        const sizes = Object.entries(after).map(
          ([key, bytes]) => `${key} ${megabytes(before[key]!)} MB, after ${late} more ${kind} ${megabytes(bytes)} MB`,
        );
        return { about: `works: ${device}; ${sizes.join('; ')}` };
      }),
  };
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

async function inNode({ name, kind, device, early, late }: Endurance, lab: Lab): Promise<[Sizes, Sizes]> {
  await lab.make(name, ['endurance']);
  const settings = JSON.stringify({ kind, device, run: 'runs/vae', early, late });
  const output = await lab.shell(`node --expose-gc node.js '${settings}'`, name);
  const [before, after] = JSON.parse(output) as [number, number];
  return [{ resident: before }, { resident: after }];
}

async function inPage(
  { name, kind, device, early, late, build }: Endurance,
  lab: Lab,
  write: (text: string) => void,
): Promise<[Sizes, Sizes]> {
  const folder = await lab.make(name, ['endurance']);
  await lab.shell(build, name);
  await using site = await Site.open({ '/': { folder } });
  const browser = await startChromium();
  try {
    const page = await UnwatchedPage.open(browser, `${site.url}index.html`, 'repeat');
    const sizes: Sizes[] = [];
    for (const count of [early, late]) {
      for (let done = 0; done < count; done += BATCH[kind]) {
        const batch = Math.min(BATCH[kind], count - done);
        await within(DEADLINE, page.evaluate(`repeat.${kind}(${batch}, '${device}', 'runs/vae')`));
        write(`${done + batch} `);
      }
      const wasm = (await page.evaluate('wasmBytes()')) as number;
      sizes.push({ WebAssembly: wasm, ...(await heapOf(page)), ...(await residentOf(browser)) });
    }
    return sizes as [Sizes, Sizes];
  } finally {
    await browser.close();
  }
}

/** Bytes of the page's objects and of its array buffers, after a collection. */
async function heapOf(page: UnwatchedPage): Promise<Sizes> {
  await page.send('HeapProfiler.collectGarbage');
  const { usedSize } = (await page.send('Runtime.getHeapUsage')) as { readonly usedSize: number };
  return { heap: usedSize };
}

/** Resident bytes of the processes of pages and of the graphics card, on Linux. */
async function residentOf(browser: Browser): Promise<Sizes> {
  if (process.platform !== 'linux') return {};
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const kinds = [
    ['renderers', /renderer/],
    ['graphics process', /gpu/i],
  ] as const;
  const sizes = kinds.map(async ([name, kind]) => {
    const processes = processInfo.filter(({ type }) => kind.test(type));
    const each = await Promise.all(processes.map(({ id }) => residentOfProcess(id)));
    return [name, each.reduce((sum, size) => sum + size, 0)] as const;
  });
  return Object.fromEntries(await Promise.all(sizes));
}

async function residentOfProcess(id: number): Promise<number> {
  const status = await readFile(`/proc/${id}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}
