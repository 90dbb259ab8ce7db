import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { decodeSafetensors, load } from '@onnx-forge/infer';
import { type RecipeName, recipes } from '@onnx-forge/models';
import { type TrainRequest, train } from '@onnx-forge/train';
import { ExploredRuns, type ExploreServer, serveExplorer, writeExplorer } from '@onnx-forge/train/explore';
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { launchChromium, openPage } from '../browser/chromium.js';
import { Site } from '../browser/site.js';
import { skip } from '../mocha/skip.js';
import { EmbeddedSets } from '../train/embedded.js';
import { Visitor } from './visitor.js';

/** One run of each kind, with a few iterations. */
const RUNS: Readonly<Record<string, TrainRequest['set']>> = {
  'vae-2d': { batchSize: 8 },
  cvae: { batchSize: 8 },
  gan: { batchSize: 8 },
  classifier: { batchSize: 8 },
  siamese: { imageHeight: 56, imageWidth: 46, imagesPerPerson: 4 },
  'text-cnn': { batchSize: 8 },
  seq2seq: { batchSize: 8 },
  transformer: { batchSize: 2 },
};

describe('the explorer page', function () {
  this.timeout(180_000);
  let broken = false;
  let folder: string;
  let explored: ExploredRuns;
  let server: ExploreServer | undefined;
  let browser: Browser | undefined;
  let visitor: Visitor;
  let complaints: string[];

  // What a broken page would fail at is waited for.
  beforeEach(function () {
    if (broken) skip(this, 'an earlier test of the page failed');
  });

  afterEach(function () {
    broken ||= this.currentTest?.state === 'failed';
  });

  before(async function () {
    browser = await launchChromium(this);
    folder = mkdtempSync(join(tmpdir(), 'onnx-forge-explore-'));
    const sets = new EmbeddedSets(500);
    for (const [name, set] of Object.entries(RUNS)) {
      const { default: recipe } = await recipes[name as RecipeName]();
      const out = join(folder, name);
      const quick = { device: 'cpu', evaluate: false, figures: false, maxSteps: 2 } as const;
      await train({ recipe, data: await sets.of(recipe), out, set: set!, saveStep: name === 'vae-2d', ...quick });
    }
    const recipe = async (name: string) => (await recipes[name as RecipeName]()).default;
    explored = new ExploredRuns({ paths: [folder], recipe });
    server = await serveExplorer(explored);
    const opened = await openPage(browser, server.url);
    opened.page.setDefaultTimeout(20_000);
    visitor = new Visitor(opened.page);
    complaints = opened.complaints;
    await opened.page.setViewportSize({ width: 1100, height: 900 });
  });

  after(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  afterEach(() => {
    expect(complaints, 'what the browser complained of').to.deep.equal([]);
  });

  it('opens the first run at once, says what it is and where it runs', async () => {
    await visitor.open('vae-2d');
    expect(await visitor.text('#about')).to.match(/vae-2d \(latent\).*2 iterations on cpu\./);
    expect(await visitor.text('#device')).to.match(/Runs on (wasm|webgpu)/);
    expect(await visitor.tabs()).to.deep.equal([
      ['Map', 'Dimensions', 'Interpolation', 'Walk', 'Samples', 'Likelihood', 'Train'],
      ['Curves', 'Numbers', 'Graphs', 'Manifest'],
    ]);
  });

  it('decodes the point of the latent map under pointer and arrow keys', async () => {
    await visitor.open('vae-2d', { device: 'wasm' });
    const start = await visitor.pictures('decoded at');
    await visitor.drag('.plane', [0.5, 0.5], [0.8, 0.3]);
    const dragged = await visitor.pictures('decoded at', start);
    await visitor.page.locator('.plane').focus();
    for (let i = 0; i < 8; i++) await visitor.page.keyboard.press('ArrowLeft');
    await visitor.pictures('decoded at', dragged);
  });

  it('moves latent dimensions by sliders, and back', async () => {
    await visitor.open('vae-2d', { device: 'wasm' });
    await visitor.tab('Dimensions');
    const start = await visitor.pictures('the sample');
    await visitor.page.getByRole('slider').first().fill('3');
    const moved = await visitor.pictures('the sample', start);
    await visitor.page.getByRole('button', { name: 'Reset' }).click();
    expect(await visitor.pictures('the sample', moved)).to.equal(start);
  });

  it('draws samples: a seed gives the same ones', async () => {
    await visitor.open('vae-2d', { device: 'wasm' });
    await visitor.tab('Samples');
    const first = await visitor.pictures('sample');
    await visitor.page.getByRole('button', { name: 'Draw again' }).click();
    const second = await visitor.pictures('sample', first);
    await visitor.page.getByLabel('Seed', { exact: true }).fill('1');
    expect(await visitor.pictures('sample', second)).to.equal(first);
  });

  it('interpolates between picked and drawn digits, in both spaces with the same ends', async () => {
    await visitor.open('vae-2d', { device: 'wasm' });
    await visitor.tab('Interpolation');
    const before = await visitor.pictures('latent, alpha');
    await visitor.page.getByRole('button', { name: 'test example 3' }).click();
    const picked = await visitor.pictures('latent, alpha', before);
    await visitor.drawSeven();
    await visitor.page.getByRole('button', { name: 'Use as b' }).click();
    await visitor.pictures('latent, alpha', picked);
    for (const alpha of ['0.0', '1.0']) {
      const [latent, data] = [
        await visitor.pictures(`latent, alpha ${alpha}`),
        await visitor.pictures(`data, alpha ${alpha}`),
      ];
      expect(largestDifference(latent, data), 'grey levels').to.be.at.most(1);
    }
  });

  it('asks for a drawing, then estimates log p(x) as Node does', async () => {
    await visitor.open('vae-2d', { device: 'wasm' });
    await visitor.tab('Likelihood');
    await visitor.page.getByRole('button', { name: 'Estimate log p(x)' }).click();
    expect(await visitor.text('.error')).to.equal('the square is empty: draw a digit in it first [bad-input]');
    await visitor.page.getByRole('button', { name: 'test example 1', exact: true }).click();
    const [, value, samples] = /≈ (-[\d.]+) nats.*K = (\d+),/.exec(await visitor.text('.result')) ?? [];
    await using model = await load(join(folder, 'vae-2d'), { device: 'cpu' });
    if (model.kind !== 'latent') throw new Error(model.kind);
    const { x } = decodeSafetensors(await examplesOf(server!.url, 'vae-2d')).arrays;
    const pixels = x!.data.slice(0, 784) as Float32Array;
    const { values } = await model.logLikelihood(pixels, { samples: Number(samples) });
    expect(Number(value)).to.be.closeTo(values[0]!, 0.02);
    await visitor.drawSeven();
    await visitor.page.getByRole('button', { name: 'Estimate log p(x)' }).click();
    await visitor.pictures('what the model reads');
    await visitor.page.locator('.error').waitFor({ state: 'detached' });
  });

  it('trains the model on, on what was drawn and picked', async () => {
    await visitor.open('vae-2d', { device: 'wasm' });
    await visitor.tab('Train');
    await visitor.drawSeven();
    await visitor.page.getByRole('button', { name: 'Add this digit' }).click();
    await visitor.page.getByRole('button', { name: 'test example 2', exact: true }).click();
    await visitor.page.getByRole('button', { name: 'Train', exact: true }).click();
    const lossOf = (text: string) => Number(/loss ([\d.]+)/.exec(text)?.[1]);
    const first = lossOf(await visitor.text('.result'));
    await visitor.page.getByText(/after [1-9]\d{2} iterations/).waitFor({ timeout: 60_000 });
    await visitor.page.getByRole('button', { name: 'Stop' }).click();
    expect(lossOf(await visitor.text('.result'))).to.be.below(0.8 * first);
  });

  it('shows the classes of a conditional model, and its map under a class', async () => {
    await visitor.open('cvae', { device: 'wasm' });
    await visitor.pictures('class 7');
    await visitor.tab('Map');
    const zero = await visitor.pictures('decoded at');
    await visitor.page.getByLabel('Class', { exact: true }).selectOption('7');
    await visitor.pictures('decoded at', zero);
  });

  it('samples, moves and interpolates a generator', async () => {
    await visitor.open('gan', { device: 'wasm' });
    expect((await visitor.tabs())[0]).to.deep.equal(['Samples', 'Dimensions', 'Interpolation', 'Walk']);
    await visitor.pictures('sample');
    await visitor.tab('Interpolation');
    await visitor.pictures('data, alpha');
  });

  it('reads a drawn digit', async () => {
    await visitor.open('classifier', { device: 'wasm' });
    await visitor.drawSeven();
    await visitor.page.getByRole('button', { name: 'Read it' }).click();
    await visitor.page.getByText(/classify: [\d.]+ ms/).waitFor();
    const percent = (await visitor.page.locator('.bars span').allTextContents()).map((text) => Number.parseFloat(text));
    expect(percent.reduce((sum, value) => sum + value, 0)).to.be.closeTo(100, 1);
  });

  it('compares two images', async () => {
    await visitor.open('siamese', { device: 'wasm', page: 'compare' });
    await visitor.page.getByRole('button', { name: 'test example 5', exact: true }).click();
    await visitor.page.getByRole('button', { name: 'test example 5', exact: true }).click();
    await visitor.page.getByText('dissimilarity 0.000').waitFor();
  });

  it('classifies a sentence; one without a known word gets one line', async () => {
    await visitor.open('text-cnn', { device: 'wasm' });
    await visitor.page.getByLabel('Sentence', { exact: true }).fill('qqqq zzzz');
    expect(await visitor.text('.error')).to.contain('[');
    const { vocabularies } = await (await load(join(folder, 'text-cnn'), { device: 'cpu' })).manifest;
    await visitor.page
      .getByLabel('Sentence', { exact: true })
      .fill(Object.values(vocabularies!)[0]!.slice(4, 9).join(' '));
    await visitor.page.getByText(/classify: [\d.]+ ms/).waitFor();
    await visitor.page.locator('.error').waitFor({ state: 'detached' });
  });

  it('translates, and shows its attention', async () => {
    await visitor.open('seq2seq', { device: 'wasm' });
    const { vocabularies } = await (await load(join(folder, 'seq2seq'), { device: 'cpu' })).manifest;
    await visitor.page.getByLabel('Sentence', { exact: true }).fill(vocabularies!.source!.slice(5, 8).join(' '));
    await visitor.page.getByRole('button', { name: 'Translate' }).click();
    await visitor.page.getByText('nats').waitFor({ timeout: 60_000 });
    expect(await visitor.page.locator('.attention tbody tr').count()).to.be.above(0);
  });

  it('writes on', async () => {
    await visitor.open('transformer', { device: 'wasm' });
    const { vocabularies } = await (await load(join(folder, 'transformer'), { device: 'cpu' })).manifest;
    await visitor.page.getByLabel('Beginning').fill(Object.values(vocabularies!)[0]!.slice(2, 5).join(''));
    await visitor.page.getByRole('button', { name: 'Write', exact: true }).click();
    await visitor.page.getByText(/tokens a second/).waitFor({ timeout: 60_000 });
    await visitor.page.getByRole('button', { name: 'Stop' }).click();
    expect((await visitor.text('.written')).length).to.be.above(3);
  });

  it('says what is wrong with an address, and stays usable', async () => {
    await visitor.page.getByLabel('or by address').fill('nowhere/');
    await visitor.page.getByRole('button', { name: 'Open', exact: true }).click();
    expect(await visitor.text('.error')).to.match(/there is no run at .*nowhere\/.* \[run-missing\]$/);
    // The browser itself reports the missing file.
    expect(complaints.splice(0).join()).to.contain('404');
    await visitor.open('vae-2d', { device: 'wasm' });
    await visitor.pictures('decoded at');
  });

  it('opens a folder from the disk', async () => {
    await visitor.page.getByLabel('Open a run folder').setInputFiles(join(folder, 'cvae'));
    await visitor.page.locator('h2').getByText('cvae').waitFor();
    await visitor.pictures('class 3');
  });

  it('fits a phone', async () => {
    await visitor.page.setViewportSize({ width: 360, height: 700 });
    for (const run of Object.keys(RUNS)) {
      await visitor.open(run, { device: 'wasm' });
      for (const title of (await visitor.tabs()).flat()) {
        await visitor.tab(title);
        expect(await visitor.overflows(), `${run}: ${title}`).to.equal(false);
      }
    }
    await visitor.page.setViewportSize({ width: 1100, height: 900 });
  });

  it('runs on WebGPU too, with the same picture', async () => {
    await visitor.open('vae-2d', { device: 'wasm' });
    const onWasm = await visitor.pictures('decoded at');
    await visitor.page.getByLabel('Device', { exact: true }).selectOption('webgpu');
    await visitor.page.locator('#device').getByText('webgpu', { exact: true }).waitFor({ timeout: 60_000 });
    expect(largestDifference(await visitor.pictures('decoded at'), onWasm), 'grey levels').to.be.at.most(1);
  });

  it('writes a static site that works from any web server', async () => {
    const out = join(folder, 'site');
    await writeExplorer(explored, out);
    await using site = await Site.open({ '/deep/': { folder: out } });
    const { page, complaints: there } = await openPage(browser!, `${site.url}deep/index.html`);
    const guest = new Visitor(page);
    await guest.open('cvae', { device: 'wasm' });
    await guest.pictures('class 3');
    expect(there).to.deep.equal([]);
    await page.close();
    const failure = await writeExplorer(explored, out).then(
      () => undefined,
      (error: Error) => error.message,
    );
    expect(failure).to.contain(`${basename(out)} is not empty`);
  });
});

/** A run's examples, as the server sends them. */
async function examplesOf(url: string, run: string): Promise<Uint8Array> {
  const { runs } = (await (await fetch(`${url}runs.json`)).json()) as { runs: { name: string; examples: string }[] };
  const response = await fetch(url + runs.find(({ name }) => name === run)!.examples);
  return new Uint8Array(await response.arrayBuffer());
}

/** Of pictures' grey levels, as text. */
function largestDifference(one: string, other: string): number {
  const [a, b] = [one, other].map((text) => text.split(',').map(Number)) as [number[], number[]];
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);
}
