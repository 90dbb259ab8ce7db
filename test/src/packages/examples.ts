import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { float32, load, loadTrainable, openSession, Random } from '@onnx-forge/infer';
import { grid } from '@onnx-forge/viz';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { PNG } from 'pngjs';
import { APP_VERSIONS } from '../apps/lab.js';
import { launchChromium, openPage } from '../browser/chromium.js';
import { Site } from '../browser/site.js';
import { onnxModel } from '../infer/onnx.js';
import { classifierFile } from '../train/finetune/files.js';
import { type EmptyProject, ROOT } from './project.js';

const RUN = 'models/pretrained/vae-2d';
const ITERATIONS = 3;
/** Metrics of the step: its loss, and the two parts of that. */
const METRICS = 3;
/** Of the step. */
const BATCH = 50;
/** That are given to the page. */
const IMAGES = 12;

interface ExamplePackage {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** Examples that are folders of their own: copied out of the checkout, and used as their READMEs say. */
export function describeExamples(app: () => EmptyProject): void {
  describe('the examples', () => {
    let browser: Browser | undefined;

    after(() => browser?.close());

    /** An example beside the installed packages. */
    function copy(name: string, run: string): string {
      const folder = join(app().folder, 'examples', name);
      cpSync(join(ROOT, 'examples', name), folder, { recursive: true });
      cpSync(join(app().folder, RUN), join(folder, run), { recursive: true });
      return folder;
    }

    it('ask for the versions of this checkout', () => {
      const json = (file: string) => JSON.parse(readFileSync(join(ROOT, file), 'utf8'));
      const known: Record<string, string> = {
        '@onnx-forge/infer': json('packages/infer/package.json').version,
        '@onnx-forge/export': json('packages/export/package.json').version,
        ...json('packages/infer/package.json').peerDependencies,
        vite: APP_VERSIONS['vite-8']!.replace('npm:vite@', ''),
      };
      const names = readdirSync(join(ROOT, 'examples'));
      const alone = ['fine-tune-in-browser', 'fine-tune-onnx-in-browser', 'web-page', 'worker-thread'];
      const standing = names.filter((name) => alone.includes(name));
      expect(standing).to.have.length(4);
      for (const name of standing) {
        const { dependencies, devDependencies } = json(`examples/${name}/package.json`) as ExamplePackage;
        for (const [dependency, version] of Object.entries({ ...dependencies, ...devDependencies }))
          expect(version, `${name}: ${dependency}`).to.equal(known[dependency]);
      }
    });

    it('worker-thread: samples in a worker while the main thread goes on, and passes errors', async () => {
      const folder = copy('worker-thread', 'run');
      const [found, refusal] = (await app().shell('node main.js run 3000', join('examples', 'worker-thread')))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      await using model = await load(join(folder, 'run'), { device: 'cpu' });
      if (model.kind !== 'latent') throw new Error(model.kind);
      const { images } = await model.sample(3000, { seed: 1 });
      expect(found.dims).to.deep.equal([3000, 784]);
      expect(found.mean).to.be.closeTo(images.data.reduce((sum, value) => sum + value, 0) / images.data.length, 1e-6);
      expect(found.ticks).to.be.above(5);
      expect(refusal.code).to.equal('bad-input');
    });

    it('web-page: decodes where the sliders stand, without a bundler', async function () {
      browser ??= await launchChromium(this);
      const folder = copy('web-page', 'run');
      await app().shell('ln -s ../../node_modules node_modules', join('examples', 'web-page'));
      await using site = await Site.open({ '/': { folder } });
      const { page, complaints } = await openPage(browser, `${site.url}index.html?device=wasm`);
      await says(page, /^z = \(0, 0\), on wasm/);
      const before = await inkOf(page);
      expect(before).to.be.above(10);
      await page.fill('#z1', '2');
      await says(page, /^z = \(2, 0\)/);
      await using model = await load(join(folder, 'run'), { device: 'cpu' });
      if (model.kind !== 'latent') throw new Error(model.kind);
      const { data } = await model.decode(Float32Array.of(2, 0));
      expect(await inkOf(page)).to.be.closeTo(
        data.reduce((sum, value) => sum + value, 0),
        0.5,
      );
      expect(complaints.filter((text) => !text.includes('404'))).to.deep.equal([]); // there is no favicon
      await page.close();
    });

    it('fine-tune-onnx-in-browser: the file that it saves is that of the same training in Node', async function () {
      this.timeout(200_000);
      browser ??= await launchChromium(this);
      const place = join('examples', 'fine-tune-onnx-in-browser');
      const folder = join(app().folder, place);
      cpSync(join(ROOT, place), folder, { recursive: true });
      await app().shell('node ../../node_modules/vite-8/bin/vite.js build --base ./ --logLevel error', place);
      const theirs = classifierFile({ classes: 10 });
      const images = writeClasses(join(folder, 'images'));
      await using site = await Site.open({ '/': { folder: join(folder, 'dist') } });
      const { page, complaints } = await openPage(browser, `${site.url}index.html?device=wasm`);
      await page.setInputFiles('#file', [
        { name: 'theirs.onnx', mimeType: 'application/octet-stream', buffer: Buffer.from(theirs) },
      ]);
      await page.setInputFiles('#images', join(folder, 'images'));
      await says(page, /^3 classes \(class-0, class-1, class-2\), 24 images to train with, 6 to test/);
      await page.selectOption('#part', 'all');
      await page.fill('#steps', `${ITERATIONS}`);
      await page.click('#train');
      await says(page, /of 6 test images right after 3 iterations, on wasm/);
      expect(await page.textContent('#notes')).to.match(/1 batch normalisation with the file's running means/);
      const href = await page.getAttribute('#save a', 'href');
      const read = async (url: string) => [...new Uint8Array(await (await fetch(url)).arrayBuffer())];
      const saved = Uint8Array.from(await page.evaluate(read, href!));
      expect(complaints.filter((text) => !text.includes('404'))).to.deep.equal([]);
      await page.close();

      app().write(join(place, 'in-node.mjs'), IN_NODE);
      app().write(join(place, 'job.json'), JSON.stringify({ theirs: [...theirs], images, steps: ITERATIONS }));
      const [begun, trained] = JSON.parse(await app().shell('node in-node.mjs', place)) as [number[], number[]];
      const tests = Float32Array.from(images.filter(({ isTest }) => isTest).flatMap(({ x }) => x));
      const scoresOf = async (file: Uint8Array): Promise<number[]> => {
        await using session = await openSession(file, { device: 'cpu' });
        const { scores } = await session.run({ image: float32(tests, [6, 1, 8, 8]) });
        return [...(scores!.data as Float32Array)];
      };
      const wanted = await scoresOf(Uint8Array.from(trained));
      const distance = (from: readonly number[]) => Math.max(...from.map((score, i) => Math.abs(score - wanted[i]!)));
      expect(distance(await scoresOf(saved))).to.be.below(1e-4);
      expect(distance(await scoresOf(Uint8Array.from(begun)))).to.be.above(1e-2);
    });

    describe('fine-tune-in-browser', function () {
      this.timeout(300_000);
      let site: Site | undefined;

      before(async function () {
        browser ??= await launchChromium(this);
        const folder = copy('fine-tune-in-browser', 'public/run');
        await app().shell(
          'node ../../node_modules/vite-8/bin/vite.js build --base ./ --logLevel error',
          join('examples', 'fine-tune-in-browser'),
        );
        const routes = { '/': { folder: join(folder, 'dist') }, '/placement/': { folder: join(folder, 'placement') } };
        app().write('examples/fine-tune-in-browser/placement.js', PLACEMENT);
        await app().shell(
          'npx esbuild placement.js --bundle --format=esm --outdir=placement; cp ../../node_modules/onnxruntime-web/dist/*asyncify.wasm placement',
          join('examples', 'fine-tune-in-browser'),
        );
        app().write(
          'examples/fine-tune-in-browser/placement/index.html',
          '<script type="module" src="placement.js"></script>',
        );
        site = await Site.open(routes);
      });

      after(() => site?.[Symbol.asyncDispose]());

      it('trains on images that are chosen; from the device come the metrics of each step, and no weight', async () => {
        const { page, complaints } = await openPage(browser!, `${site!.url}index.html?device=webgpu`);
        await says(page, /^Ready, on webgpu/);
        await page.setInputFiles('#files', [
          ...spots(IMAGES),
          { name: 'no.png', mimeType: 'image/png', buffer: Buffer.of(1) },
        ]);
        await says(page, /^12 images; 1 files are none/);
        await page.waitForFunction(`document.querySelectorAll('#pictures figure').length === 12`); // its reads are done
        await page.evaluate(WATCH_READS);
        await page.fill('#steps', `${ITERATIONS}`);
        const before = await page.innerHTML('#pictures');
        await page.click('#train');
        await page.waitForFunction(`document.body.dataset.trained === '${ITERATIONS}'`, undefined, {
          timeout: 200_000,
        });
        const { reads, atShow } = await page.evaluate<Reads>('({ reads, atShow })');
        // A mapped buffer is 16 bytes at least. What was read after the last iteration is the state, for the pictures.
        expect(reads.slice(0, atShow)).to.deep.equal(Array(METRICS * ITERATIONS).fill(16));
        expect(reads.slice(atShow)).to.include(784 * 100 * 4);
        const [, loss] = /^Iteration 3: ([\d.]+) nats/.exec((await page.textContent('#status'))!) ?? [];
        const { trained, frozen } = await lossesInNode(join(ROOT, RUN));
        expect(Number(loss)).to.be.closeTo(trained, 0.5);
        expect(trained).to.be.below(frozen - 20);
        expect(await page.innerHTML('#pictures')).to.have.length(before.length);
        expect(complaints.filter((text) => !text.includes('404'))).to.deep.equal([]);
        await page.close();
      });

      it('every node of the step is placed on WebGPU', async () => {
        const { page } = await openPage(browser!, `${site!.url}placement/index.html`);
        await page.waitForFunction(() => 'placed' in globalThis, undefined, { timeout: 100_000 });
        const placed = (bytes: Uint8Array) =>
          page.evaluate((list) => (globalThis as unknown as Placement).placed(list), [...bytes]);
        const step = readFileSync(join(ROOT, RUN, 'graphs/step-elbo.onnx'));
        expect(await placed(step)).to.equal('all');
        // An operator that WebGPU lacks, so that the check is one.
        const determinant = onnxModel({ inputs: { x: [3, 3] }, outputs: { y: [] }, nodes: [['Det', ['x'], 'y']] });
        expect(await placed(determinant)).to.include('assigned to the default CPU EP');
        await page.close();
      });
    });
  });
}

interface ExampleImage {
  readonly x: readonly number[];
  readonly label: number;
  readonly isTest: boolean;
}

/** 8 x 8 images of three classes, each fifth a test image, in the order in which the page reads them. */
function writeClasses(folder: string): ExampleImage[] {
  return [0, 1, 2].flatMap((label) => {
    mkdirSync(join(folder, `class-${label}`), { recursive: true });
    return Array.from({ length: 10 }, (_, n) => {
      const levels = Array.from(
        { length: 64 },
        (_level, pixel) => (pixel >> 3 === 2 * label + 1 ? 200 : 0) + ((pixel * 7 + n * 13) % 50),
      );
      const image = new PNG({ width: 8, height: 8 });
      for (const [pixel, level] of levels.entries()) image.data.set([level, level, level, 255], 4 * pixel);
      writeFileSync(join(folder, `class-${label}`, `${n}.png`), PNG.sync.write(image, { colorType: 0 }));
      return { x: levels.map((level) => level / 255), label, isTest: n % 5 === 4 };
    });
  });
}

/** The example's own training in Node: files before and after it. */
const IN_NODE = `
import { readFileSync } from 'node:fs';
import { Random } from '@onnx-forge/infer';
import { openClassifier } from './classifier.js';
const { theirs, images, steps } = JSON.parse(readFileSync('job.json', 'utf8'));
const classifier = await openClassifier(Uint8Array.from(theirs), { classes: 3, part: 'all', external: {}, device: 'cpu' });
const begun = [...(await classifier.file())];
const list = images.filter(({ isTest }) => !isTest);
const random = new Random(1);
for (let i = 0; i < steps; i++) {
  const drawn = Array.from({ length: classifier.batch }, () => list[random.integer(list.length)]);
  await classifier.train(Float32Array.from(drawn.flatMap(({ x }) => x)), Int32Array.from(drawn, ({ label }) => label));
}
console.log(JSON.stringify([begun, [...(await classifier.file())]]));
await classifier.dispose();
`;

interface Reads {
  readonly reads: number[];
  /** How many there were when the training was done. */
  readonly atShow: number;
}

interface Placement {
  placed(bytes: readonly number[]): Promise<string>;
}

/** Opens a graph on WebGPU alone: 'all', or why that can't be. */
const PLACEMENT = `
import * as ort from 'onnxruntime-web/webgpu';
globalThis.placed = (list) =>
  ort.InferenceSession.create(Uint8Array.from(list), {
    executionProviders: ['webgpu'],
    extra: { session: { disable_cpu_ep_fallback: '1' } },
  }).then(() => 'all', (error) => error.message);
`;

/** Keeps the bytes that the page maps for reading, and how many such reads there were when the status last told of an iteration. */
const WATCH_READS = `
globalThis.reads = [];
const { mapAsync } = GPUBuffer.prototype;
GPUBuffer.prototype.mapAsync = function (mode, offset, size) {
  if (mode === GPUMapMode.READ) reads.push(size ?? this.size);
  return mapAsync.call(this, mode, offset, size);
};
const line = document.getElementById('status');
new MutationObserver(() => {
  if (line.textContent.startsWith('Iteration')) globalThis.atShow = reads.length;
}).observe(line, { childList: true, characterData: true, subtree: true });
`;

/** Waits until the page's status line says something. */
async function says(page: Page, pattern: RegExp): Promise<void> {
  const test = `${pattern}.test(document.getElementById('status')?.textContent ?? '')`;
  await page.waitForFunction(test, undefined, { timeout: 100_000 });
}

/** Sum of the picture's pixels, each from 0 to 1. */
function inkOf(page: Page): Promise<number> {
  return page.evaluate(`{
    const { data } = document.getElementById('picture').getContext('2d').getImageData(0, 0, 28, 28);
    data.reduce((sum, value, i) => sum + (i % 4 === 0 ? value / 255 : 0), 0);
  }`);
}

/** A white spot on black, [784]. */
function spot(n: number): Float32Array {
  return Float32Array.from({ length: 784 }, (_, i) =>
    Number(Math.hypot((i % 28) - 10 - (n % 8), Math.floor(i / 28) - 14) < 6 + (n % 3)),
  );
}

function spots(count: number) {
  return Array.from({ length: count }, (_, n) => {
    const png = grid(spot(n), { height: 28, width: 28, columns: 1, padding: 0 });
    return { name: `${n}.png`, mimeType: 'image/png', buffer: Buffer.from(png) };
  });
}

/** Losses of the page's last iteration: after those before it, and with the weights that the run came with. */
async function lossesInNode(run: string): Promise<{ readonly trained: number; readonly frozen: number }> {
  const random = new Random(1);
  const open = () => loadTrainable(run, { device: 'cpu', seed: 1 });
  await using session = await open();
  await using untouched = await open();
  let trained = Number.NaN;
  let frozen = Number.NaN;
  for (let i = 1; i <= ITERATIONS; i++) {
    const x = Float32Array.from(Array.from({ length: BATCH }, () => [...spot(random.integer(IMAGES))]).flat());
    trained = (await session.step({ x })).loss!;
    if (i === ITERATIONS) frozen = (await untouched.step({ x })).loss!;
  }
  return { trained, frozen };
}
