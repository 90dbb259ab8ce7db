import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { loadManifest } from '@onnx-forge/infer';
import { recipes } from '@onnx-forge/models';
import { exploredRun } from '@onnx-forge/train/compat';
import { ExploredRuns, type ExploreServer, serveExplorer } from '@onnx-forge/train/explore';
import type { RunStatus } from '@onnx-forge/train/run';
import { explorerFolder } from '@onnx-forge/viz';
import { expect } from 'chai';
import onnxProto from 'onnx-proto';
import type { Browser, Page } from 'playwright-core';
import { launchChromium, openPage } from '../browser/chromium.js';
import { axeFindings } from './accessibility.js';

const PRETRAINED = fileURLToPath(new URL('../../../models/pretrained/vae-2d', import.meta.url));

describe("the explorer's home: the runs of a folder", function () {
  this.timeout(60_000);
  let folder: string;
  let server: ExploreServer;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  before(async function () {
    browser = await launchChromium(this);
    folder = mkdtempSync(join(tmpdir(), 'onnx-forge-home-'));
    writeRun('wide', { options: { latentDim: 20, learningRate: 0.001 } }, [-300, -150, -120]);
    writeRun('deep/narrow', { options: { latentDim: 2, learningRate: 0.001 } }, [-310, -180, -170]);
    writeRun('short', { state: 'interrupted', recipe: 'classifier', options: { featureDim: 8 } }, [-400]);
    writeRun('broken', {}, [-1]);
    appendFileSync(join(folder, 'broken/metrics.jsonl'), 'no json\n');
    cpSync(PRETRAINED, join(folder, 'vae-2d'), { recursive: true });
    cpSync(join(PRETRAINED, 'manifold.png'), join(folder, 'vae-2d/figures/manifold.png'));
    const recipe = async () => (await recipes['vae-2d']()).default;
    server = await serveExplorer(new ExploredRuns({ paths: [folder], recipe }));
    ({ page, complaints } = await openPage(browser, server.url));
    page.setDefaultTimeout(15_000);
    await page.setViewportSize({ width: 1200, height: 900 });
  });

  after(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  afterEach(() => {
    expect(complaints, 'what the browser complained of').to.deep.equal([]);
  });

  const go = async (address: string): Promise<void> => {
    await page.evaluate(`location.hash = ${JSON.stringify(`#/${address}`)}`);
    // The address is read in a task of its own.
    await page.evaluate('new Promise((resolve) => setTimeout(resolve, 50))');
  };
  const names = () => page.locator('.runs tbody .of-run a').allTextContents();
  const address = () => page.evaluate<string>('location.hash');
  /** Waits for what a change of the address leads to. */
  const until = async <T>(read: () => Promise<T>, wanted: T): Promise<void> => {
    for (let tries = 0; tries < 100; tries++) {
      if (JSON.stringify(await read()) === JSON.stringify(wanted)) return;
      await page.waitForTimeout(50);
    }
    expect(await read()).to.deep.equal(wanted);
  };
  /** The line of a run in a table. */
  const line = (table: string, run: string): Promise<string[]> =>
    page.locator(`${table} tbody tr`).filter({ hasText: run }).locator('td').allTextContents();

  function writeRun(name: string, about: Partial<RunStatus>, elbos: readonly number[]): void {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    const status = {
      ...{ format: 1, state: 'finished', recipe: 'vae', data: 'synthetic-digits', options: {}, seed: 1 },
      ...{ engine: 'compiled', device: 'cpu', steps: 30, stepsPerEpoch: 10, began: '2026-01-01T00:00:00.000Z' },
      ...about,
    };
    writeFileSync(join(path, 'status.json'), JSON.stringify(status));
    writeFileSync(join(path, 'metrics.jsonl'), elbos.map((elbo, i) => logLine(10 * (i + 1), elbo)).join(''));
  }

  function logLine(step: number, elbo: number): string {
    return `${JSON.stringify({ kind: 'validation', step, epoch: step / 10, metrics: { elbo } })}\n`;
  }

  it('lists every run with its state and key number, also one that is damaged', async () => {
    await page.locator('.runs').waitFor();
    expect((await names()).sort()).to.deep.equal(['broken', 'deep/narrow', 'short', 'vae-2d', 'wide']);
    expect((await line('.runs', 'wide')).slice(1, 5)).to.deep.equal([
      'vae',
      'synthetic-digits',
      'finished',
      '−120 elbo, validation',
    ]);
    expect((await line('.runs', 'vae-2d'))[4]).to.match(/^−[\d.]+ ± [\d.]+ elbo, test, n = /);
    expect((await line('.runs', 'broken'))[3]).to.equal('unreadable');
    expect(await page.locator('.runs .unreadable').getAttribute('title')).to.contain('is damaged at line 2');
  });

  it('sorts by a column; the address says so, and back undoes it', async () => {
    await go('');
    const sort = page.getByRole('button', { name: 'run', exact: true });
    await sort.click();
    expect(await address()).to.equal('#/?sort=run');
    expect(await names()).to.deep.equal(['broken', 'deep/narrow', 'short', 'vae-2d', 'wide']);
    await sort.click();
    expect(await names()).to.deep.equal(['wide', 'vae-2d', 'short', 'deep/narrow', 'broken']);
    expect(await page.locator('[aria-sort=descending]').textContent()).to.contain('run');
    await page.goBack();
    await until(names, ['broken', 'deep/narrow', 'short', 'vae-2d', 'wide']);
    await page.goForward();
    await until(names, ['wide', 'vae-2d', 'short', 'deep/narrow', 'broken']);
  });

  it('filters by words and conditions, and sorts what lacks a number last', async () => {
    await go('?sort=run');
    await page.getByLabel('Filter').fill('vae latentDim>=2');
    await until(names, ['deep/narrow', 'wide']);
    await page.getByLabel('Filter').fill('VAE elbo>-160');
    await until(names, ['vae-2d', 'wide']);
    await page.getByLabel('Filter').fill('interrupted');
    await until(names, ['short']);
    expect(await page.locator('search .quiet').textContent()).to.equal('1 of 5 runs');
    await page.getByLabel('Filter').fill('latentDim >= 2 vae');
    await until(names, ['deep/narrow', 'wide']);
    await page.getByLabel('Filter').fill('latentDims>=2');
    await until(() => page.locator('search .quiet').textContent(), '0 of 5 runs; no run has latentDims');
    await go('?sort=-latentDim&q=state!=unreadable');
    await until(async () => (await names())[0], 'wide');
    expect((await names()).slice(-2).sort()).to.deep.equal(['short', 'vae-2d']);
  });

  it('lays the curves of selected runs over each other, with their values and the settings that differ', async () => {
    await go('?select=-');
    await page.locator('.hint').waitFor();
    await page.getByLabel('compare wide').check();
    await page.getByLabel('compare deep/narrow').check();
    expect(await address()).to.equal(`#/?select=${encodeURIComponent('wide,deep%2Fnarrow')}`);
    await page.locator('.chart canvas').waitFor();
    await until(() => line('.compare .numbers', 'deep/narrow'), ['−170', '30', '−310', '−170', '3']);
    expect(await page.locator('.chart').getAttribute('aria-label')).to.match(
      /^elbo over iterations: wide, deep\/narrow\./,
    );
    expect(await line('.compare .numbers', 'latentDim')).to.deep.equal(['20', '2']);
    expect(await page.getByText('settings are the same').textContent()).to.match(/^\d+ settings/);
    await page.reload();
    await page.locator('.chart canvas').waitFor();
    await until(() => line('.compare .numbers', 'wide'), ['−120', '30', '−300', '−120', '3']);
  });

  it('grows with the log of a run that trains, and is cut back with it', async () => {
    await go('?select=wide');
    await until(() => line('.compare .numbers', 'wide'), ['−120', '30', '−300', '−120', '3']);
    const log = join(folder, 'wide/metrics.jsonl');
    const { size } = await stat(log);
    appendFileSync(log, logLine(40, -110));
    await until(() => line('.compare .numbers', 'wide'), ['−110', '40', '−300', '−110', '4']);
    truncateSync(log, size);
    appendFileSync(log, logLine(40, -115));
    await until(() => line('.compare .numbers', 'wide'), ['−115', '40', '−300', '−115', '4']);
    await until(async () => (await line('.runs', 'wide'))[4]!, '−115 elbo, validation');
    writeRun('later', {}, [-90]);
    await page.getByRole('link', { name: 'later', exact: true }).waitFor();
  });

  it('draws no curve of a single point, but says so', async () => {
    await go('?select=short');
    await page.getByText('No curve yet: elbo was logged only once').waitFor();
    expect(await page.locator('.chart canvas').count()).to.equal(0);
  });

  it('opens a run that has no model yet: curves and numbers; and says what is wrong with a damaged one', async () => {
    await go('run/deep%2Fnarrow');
    await page.locator('.chart canvas').waitFor();
    expect(await page.locator('.pages a').allTextContents()).to.deep.equal(['Curves', 'Numbers']);
    await go('run/broken');
    expect(await page.locator('.error').first().textContent()).to.contain('damaged at line 2');
    await go('run/nothing');
    await page.getByText('There is no run nothing here').waitFor();
  });

  it("shows a run's graphs as they are in the files, and hands the files out", async () => {
    await go('run/vae-2d/graphs');
    await page.locator('.panel details').nth(1).waitFor();
    const { graphs, training } = await loadManifest(PRETRAINED);
    const step = training!.steps.elbo!;
    const all = { ...graphs, [`training step elbo of ${step.reads.length} variables`]: step };
    for (const [name, { file }] of Object.entries(all)) {
      const bytes = await readFile(join(PRETRAINED, file));
      const { node, initializer } = onnxProto.onnx.ModelProto.decode(bytes).graph!;
      const numbers = initializer!.reduce(
        (sum, { dims }) => sum + dims!.reduce((size, dim) => size * Number(dim), 1),
        0,
      );
      const heading = page.getByRole('heading', { name, exact: true });
      const card = page.locator('.panel').filter({ has: heading });
      expect(await card.locator('summary').textContent(), file).to.equal(
        `${node!.length} nodes, ${numbers.toLocaleString('en')} numbers in ${initializer!.length} weights`,
      );
      const link = card.getByRole('link', { name: `Download ${basename(file)}` });
      const response = await fetch(new URL((await link.getAttribute('href'))!, server.url));
      expect(Buffer.from(await response.arrayBuffer()).equals(bytes), file).to.equal(true);
    }
  });

  it('is used by the keyboard alone', async () => {
    await go('?select=-');
    await page.locator('.runs').waitFor();
    await page.locator('h1 a').focus();
    const focused = () =>
      page.evaluate<string>('document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent');
    for (let presses = 0; (await focused()) !== 'compare wide'; presses++) {
      if (presses > 40) throw new Error('the Tab key does not reach the run');
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Space');
    await page.locator('.chart canvas').waitFor();
    await page.keyboard.press('Tab');
    expect((await focused()).trim()).to.equal('wide');
    await page.keyboard.press('Enter');
    await page.locator('h2').getByText('wide').waitFor();
    expect(await address()).to.equal('#/run/wide');
  });

  it('has nothing that axe objects to, in both themes, and fits from a phone to a wall', async () => {
    for (const [path, there] of [
      ['?select=wide,deep%252Fnarrow', '.chart canvas'],
      ['run/wide/curves', '.chart canvas'],
      ['run/vae-2d/numbers', '.numbers tbody tr'],
      ['run/vae-2d/figures', '.gallery img'],
      ['run/vae-2d/graphs', '.panel details'],
      ['run/vae-2d/manifest', 'pre'],
    ] as const) {
      await go(path);
      await page.locator(there).first().waitFor();
      expect(await axeFindings(page), path).to.deep.equal([]);
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await axeFindings(page, ['color-contrast']), `${path} in the dark`).to.deep.equal([]);
      await page.emulateMedia({ colorScheme: 'light' });
      for (const width of [375, 3840, 1200]) {
        await page.setViewportSize({ width, height: 900 });
        // A chart follows its place a frame later.
        const overflow = () => page.evaluate<number>('Math.max(0, document.documentElement.scrollWidth - innerWidth)');
        await until(async () => `${path} at ${width}: ${await overflow()}`, `${path} at ${width}: 0`);
      }
    }
  }).timeout(240_000);

  it('is small: the home fetches less than 250 kB, all but the runtime is less than that when compressed', async () => {
    const fresh = await browser.newPage();
    const bodies: Promise<Buffer>[] = [];
    fresh.on('response', (response) => {
      if (/assets\/|index\.html|\/$/.test(response.url())) bodies.push(response.body());
    });
    await fresh.goto(`${server.url}#/?select=wide`);
    await fresh.locator('.chart canvas').waitFor();
    const fetched = (await Promise.all(bodies)).reduce((sum, body) => sum + body.length, 0);
    expect(fetched).to.be.within(50_000, 250_000);
    await fresh.close();
    const assets = join(explorerFolder(), 'assets');
    let all = 0;
    for (const file of await readdir(assets)) {
      if (/\.(js|css)$/.test(file) && !file.startsWith('ort'))
        all += gzipSync(await readFile(join(assets, file))).length;
    }
    expect(all).to.be.within(50_000, 250_000);
  });

  it('is served with a list of runs, as it was before there were folders', async () => {
    const { default: recipe } = await recipes['vae-2d']();
    await using one = await serveExplorer([await exploredRun({ recipe, run: PRETRAINED })]);
    const { title, runs } = (await (await fetch(`${one.url}runs.json`)).json()) as {
      title: string;
      runs: { name: string }[];
    };
    expect([title, ...runs.map(({ name }) => name)]).to.deep.equal(['vae-2d', 'vae-2d']);
    expect((await fetch(`${one.url}runs/0/manifest.json`)).status).to.equal(200);
  });

  describe('its server', () => {
    /** `fetch` neither sends other hosts nor keeps `..`. */
    const ask = (path: string, { method = 'GET', host = '127.0.0.1' } = {}): Promise<[number, string]> =>
      new Promise((resolve, reject) => {
        const { port } = new URL(server.url);
        get({ host: '127.0.0.1', port, path, method, headers: { host } }, (response) => {
          let body = '';
          response.on('data', (chunk) => {
            body += chunk;
          });
          response.on('end', () => resolve([response.statusCode!, body]));
        }).on('error', reject);
      });

    const numberOf = async (run: string): Promise<string> => {
      const { runs } = JSON.parse((await ask('/runs.json'))[1]) as { runs: { name: string; location: string }[] };
      return runs.find(({ name }) => name === run)!.location;
    };

    it('answers GET and HEAD of its own host, and tells no path of this machine', async () => {
      expect((await ask('/', { method: 'POST' }))[0]).to.equal(405);
      expect((await ask('/', { host: 'evil.example' }))[0]).to.equal(421);
      const [status, body] = await ask('/runs.json');
      expect(status).to.equal(200);
      expect(body).to.not.contain(folder);
      const { headers } = await fetch(`${server.url}runs.json`);
      expect(headers.get('x-content-type-options')).to.equal('nosniff');
      expect(headers.get('content-security-policy')).to.contain("frame-ancestors 'none'");
    });

    it("serves a run's own files and no others, nothing behind a link that leads out", async () => {
      const run = await numberOf('vae-2d');
      expect((await ask(`/${run}manifest.json`))[0]).to.equal(200);
      expect((await ask(`/${run}graphs/decode.onnx`))[0]).to.equal(200);
      for (const path of [
        'checkpoint/state.safetensors',
        '../wide/metrics.jsonl',
        'graphs/../../wide/status.json',
        '%2e%2e/x',
        '',
      ]) {
        expect((await ask(`/${run}${path}`))[0], path).to.equal(404);
      }
      for (const path of ['runs/99/manifest.json', 'logs/99.json', 'logs/../x', 'examples/99.safetensors']) {
        expect((await ask(`/${path}`))[0], path).to.equal(404);
      }
      const outside = mkdtempSync(join(tmpdir(), 'onnx-forge-outside-'));
      try {
        cpSync(PRETRAINED, join(folder, 'linked'), { recursive: true });
        for (const file of ['graphs/decode.onnx', 'metrics.jsonl']) {
          const [inside, real] = [join(folder, 'linked', file), join(outside, file.replace('/', '-'))];
          if (file === 'metrics.jsonl') writeFileSync(real, logLine(10, -1));
          else cpSync(inside, real);
          rmSync(inside, { force: true });
          symlinkSync(real, inside);
        }
        const linked = await numberOf('linked');
        expect((await ask(`/${linked}graphs/encode.onnx`))[0]).to.equal(200);
        expect((await ask(`/${linked}graphs/decode.onnx`))[0]).to.equal(404);
        expect((await ask(`/logs/${Number.parseInt(linked.slice(5), 10)}.json`))[0]).to.equal(404);
      } finally {
        rmSync(outside, { recursive: true, force: true });
        rmSync(join(folder, 'linked'), { recursive: true, force: true });
      }
    });
  });
});
