import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { decodeSafetensors, dissimilarity, load } from '@onnx-forge/infer';
import { type RecipeName, recipes } from '@onnx-forge/models';
import { type TrainRequest, train } from '@onnx-forge/train';
import { ExploredRuns, type ExploreServer, serveExplorer, writeExplorer } from '@onnx-forge/train/explore';
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import sharp from 'sharp';
import { launchChromium, openPage } from '../browser/chromium.js';
import { Site } from '../browser/site.js';
import { skip } from '../mocha/skip.js';
import { EmbeddedSets } from '../train/embedded.js';
import { axeFindings } from './accessibility.js';
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
  this.timeout(600_000);
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
    expect(await visitor.text('#device')).to.match(
      /^Runs on (wasm|webgpu), here in the browser(, not on \w+ \(.+\))?; opened in \d+ ms\.$/,
    );
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

  it('walks through the latent space: frame by frame, and as a film', async () => {
    await visitor.open('vae-2d', { device: 'wasm', page: 'walk' });
    const first = await visitor.pictures('frame 1');
    await visitor.page.getByRole('slider', { name: 'Frame' }).fill('7');
    await visitor.pictures('frame 8', first); // another picture, or a minute's wait ends in an error
    await visitor.page.getByRole('button', { name: 'Play' }).click();
    await visitor.page.locator('output').filter({ hasNotText: '8 of 60' }).waitFor();
    await visitor.page.getByRole('button', { name: 'Stop' }).click();
  });

  it('has a classifier judge the samples of a generator, as it does in Node', async () => {
    await visitor.open('gan', { device: 'wasm', page: 'samples' });
    await visitor.page.getByLabel('Judge').selectOption('classifier');
    const [, mean, error, seen] =
      /by ([\d.]+) % ± ([\d.]+).*sees (\d+) of 10/.exec(await visitor.text('.result')) ?? [];
    await using gan = await load(join(folder, 'gan'), { device: 'cpu' });
    await using judge = await load(join(folder, 'classifier'), { device: 'cpu' });
    if (gan.kind !== 'generator' || judge.kind !== 'classifier') throw new Error('other kinds');
    const { images } = await gan.sample(64, { seed: 1 });
    const [low, high] = gan.manifest.serve.image.range;
    const grey = images.data.map((value) => (value - low) / (high - low));
    const { labels, confidences } = await judge.classify({ type: 'float32', dims: [64, 784], data: grey });
    const average = confidences.reduce((sum, value) => sum + value / 64, 0);
    const variance = confidences.reduce((sum, value) => sum + (value - average) ** 2 / 63, 0);
    expect(Number(mean)).to.be.closeTo(100 * average, 0.06);
    expect(Number(error)).to.be.closeTo(100 * Math.sqrt(variance / 64), 0.06);
    expect(Number(seen)).to.equal(new Set(labels).size);
  });

  it("reads a visitor's own picture: its middle, in grey", async () => {
    await visitor.open('classifier', { device: 'wasm' });
    await visitor.page.getByText('the truth').waitFor();
    const example = await visitor.pictures('what the model reads');
    // Black to the left of the middle, white to the right, wider than high: 10 columns at each side are cut off.
    const pixels = Buffer.from(Array.from({ length: 48 * 28 }, (_, i) => (i % 48 < 24 ? 0 : 255)));
    const buffer = await sharp(pixels, { raw: { width: 48, height: 28, channels: 1 } })
      .png()
      .toBuffer();
    const own = { name: 'own.png', mimeType: 'image/png', buffer };
    await visitor.page.getByLabel('Your own image').setInputFiles(own);
    await visitor.page.getByText('the truth').waitFor({ state: 'detached' });
    const levels = (await visitor.pictures('what the model reads', example)).split(',').map(Number);
    const columns = Array.from({ length: 28 }, (_, x) => levels.filter((_, i) => i % 28 === x));
    expect(columns.map((column) => Math.round(column.reduce((a, b) => a + b, 0) / 28))).to.deep.equal(
      Array.from({ length: 28 }, (_, x) => (x < 14 ? 0 : 255)),
    );
    await visitor.page.getByLabel('dark and light exchanged').check();
    await visitor.pictures('what the model reads', levels.join());
  });

  it('finds the nearest neighbours of an image, and draws the ROC of all pairs', async () => {
    await visitor.open('siamese', { device: 'wasm', page: 'neighbours' });
    await visitor.page.getByText(/embed all \d+: /).waitFor();
    const captions = await visitor.page.locator('.caption').allTextContents();
    const { x, label } = decodeSafetensors(await examplesOf(server!.url, 'siamese')).arrays;
    await using model = await load(join(folder, 'siamese'), { device: 'cpu' });
    if (model.kind !== 'embedding') throw new Error(model.kind);
    const count = x!.shape[0]!;
    const { data, dims } = await model.embed({
      type: 'float32',
      dims: x!.shape as number[],
      data: x!.data as Float32Array,
    });
    const row = (i: number) => data.subarray(i * dims[1]!, (i + 1) * dims[1]!);
    const distance = (i: number, j: number) => dissimilarity(row(i), row(j), model.metric);
    const nearest = Array.from({ length: count - 1 }, (_, i) => distance(0, i + 1)).sort((a, b) => a - b);
    expect(captions.map(Number.parseFloat)).to.deep.equal(
      nearest.slice(0, 10).map((value) => Number(value.toFixed(2))),
    );

    await visitor.tab('Verification');
    const area = Number(/Area under the curve ([\d.]+)/.exec(await visitor.text('.panel > .quiet'))?.[1]);
    const [same, different]: number[][] = [[], []];
    for (let i = 1; i < count; i++)
      for (let j = 0; j < i; j++) (label!.data[i] === label!.data[j] ? same! : different!).push(distance(i, j));
    // By definition: the chance that a same pair is closer than a different one.
    let wins = 0;
    for (const a of same!) for (const b of different!) wins += a < b ? 1 : a === b ? 0.5 : 0;
    expect(area).to.be.closeTo(wins / (same!.length * different!.length), 0.0006);
    await visitor.page.getByRole('slider', { name: 'Threshold' }).fill('0.3');
    const threshold = Number(await visitor.page.locator('.slider output').textContent());
    const accepts = (distances: number[]) => (100 * distances.filter((d) => d <= threshold).length) / distances.length;
    const [, ofSame, ofDifferent] =
      /Accepts ([\d.]+) % of the same and ([\d.]+) %/.exec(await visitor.text('.result')) ?? [];
    // The slider shows three digits of the threshold.
    expect(Number(ofSame)).to.be.closeTo(accepts(same!), 1);
    expect(Number(ofDifferent)).to.be.closeTo(accepts(different!), 1);
  });

  it('shows how likely each character is, and which may come next', async () => {
    await visitor.open('transformer', { device: 'wasm', page: 'probabilities' });
    await visitor.page.getByLabel('Text', { exact: true }).fill('the king');
    await visitor.page.locator('.letter').nth(7).waitFor();
    await visitor.page.waitForTimeout(300);
    const percent = (await visitor.page.locator('.letter small').allTextContents()).slice(1).map(Number);
    await using model = await load(join(folder, 'transformer'), { device: 'cpu' });
    if (model.kind !== 'language-model') throw new Error(model.kind);
    const { values } = await model.logProb('the king');
    expect(percent).to.deep.equal(Array.from(values, (value) => Math.round(100 * Math.exp(value))));
    // The likeliest next one, by the text's log p with it.
    await visitor.page.getByText(/all next characters: /).waitFor();
    const bars = await visitor.page.locator('.bars div').allTextContents();
    const [, token, probability] = /^(.)([\d.]+) %/.exec(bars[0]!) ?? [];
    const next = (await model.logProb(`the king${{ '␣': ' ', '⏎': '\n' }[token!] ?? token}`)).values.at(-1)!;
    expect(Number(probability)).to.be.closeTo(100 * Math.exp(next), 0.06);
    await visitor.page.getByRole('slider', { name: 'Temperature' }).fill('0.1');
    await visitor.page.locator('.bars div').first().getByText('%').waitFor();
  });

  it('keeps what is chosen in the address: reload, back and forward', async () => {
    await visitor.open('vae-2d', { device: 'wasm', page: 'samples' });
    const first = await visitor.pictures('sample');
    await visitor.page.getByRole('button', { name: 'Draw again' }).click();
    const second = await visitor.pictures('sample', first);
    expect(await visitor.page.evaluate('location.hash')).to.equal('#/run/vae-2d/samples?device=wasm&seed=2');
    await visitor.page.goBack();
    expect(await visitor.pictures('sample', second)).to.equal(first);
    await visitor.page.goForward();
    expect(await visitor.pictures('sample', first)).to.equal(second);
    await visitor.page.reload();
    expect(await visitor.pictures('sample')).to.equal(second);
  });

  it('has examples to begin with, nothing that axe objects to in either theme, and fits a phone, on every page', async () => {
    await visitor.page.setViewportSize({ width: 375, height: 740 });
    for (const run of Object.keys(RUNS)) {
      await visitor.open(run, { device: 'wasm' });
      const [bench] = await visitor.tabs();
      for (const title of bench!) {
        await visitor.tab(title);
        await visitor.page.locator('.panel').first().waitFor();
        if (title === 'Translate') await fullAttention(visitor);
        const where = `${run}: ${title}`;
        expect(await visitor.overflows(), where).to.equal(false);
        expect(await axeFindings(visitor.page), where).to.deep.equal([]);
        await visitor.page.emulateMedia({ colorScheme: 'dark' });
        expect(await axeFindings(visitor.page, ['color-contrast']), `${where}, in the dark`).to.deep.equal([]);
        await visitor.page.emulateMedia({ colorScheme: 'light' });
      }
      if (run === 'text-cnn' || run === 'seq2seq') {
        await visitor.page.getByText(/(classify|translate): [\d.]+ ms/).waitFor();
        expect(await visitor.page.locator('.chips button').count(), run).to.be.above(5);
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

/** Waits for the table of attention, and gives all its cells their strongest colour. */
async function fullAttention({ page }: Visitor): Promise<void> {
  await page.locator('.attention tbody td').first().waitFor();
  const fill =
    "for (const { style } of document.querySelectorAll('.attention tbody td')) style.setProperty('--weight', 1)";
  await page.evaluate(fill);
}

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
