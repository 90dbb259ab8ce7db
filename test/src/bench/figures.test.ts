import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  collect,
  drawPictures,
  type FigureManifest,
  type FigureRun,
  figureTable,
  type RunOf,
  type Study,
  smallPicture,
  trainStudy,
} from '@onnx-forge/bench';
import { assert } from 'chai';
import sharp from 'sharp';

const STUDY: Study = {
  ...{ name: 'toy', documents: [], model: 'classifier', data: 'synthetic-digits', seeds: [1, 2] },
  arms: { short: { label: 'two iterations', maxSteps: 2 } },
  measures: [{ name: 'accuracy', split: 'test', label: 'accuracy', digits: 2 }],
};
const EMPTY: FigureManifest = {
  study: 'toy',
  model: 'classifier',
  data: 'synthetic-digits',
  arms: { short: { runs: [] } },
};

describe('bench: figures', () => {
  let out: string;
  before(async () => {
    out = await mkdtemp(join(tmpdir(), 'onnx-forge-figures-'));
  });
  after(() => rm(out, { recursive: true, force: true }));

  const runIt = async (study = STUDY, signal = new AbortController().signal) => {
    const said: string[] = [];
    const done = await trainStudy(study, { out, signal, say: (line) => said.push(line), threads: 1, device: 'cpu' });
    return { done, said };
  };

  it('trains every seed, goes on after an interruption, and trains nothing twice', async function () {
    this.timeout(120_000);
    // Interrupted when the first run has ended.
    const stop = new AbortController();
    const said: string[] = [];
    const say = (line: string) => {
      said.push(line);
      if (line.includes('trained in')) stop.abort();
    };
    assert.isFalse(await trainStudy(STUDY, { out, signal: stop.signal, say, threads: 1, device: 'cpu' }));
    assert.lengthOf((await collect(STUDY, EMPTY, out)).arms.short!.runs, 1);
    const second = await runIt();
    assert.isTrue(second.done);
    assert.deepEqual(
      second.said.map((line) => line.replace(/ in \d+ s$/, '').slice(out.length)),
      ['/toy/short/seed-2: training', '/toy/short/seed-2: trained'],
    );
    assert.deepEqual((await runIt()).said, []);
  });

  it('trains the arms that are asked for, and no others', async function () {
    this.timeout(60_000);
    const two: Study = {
      ...STUDY,
      name: 'two',
      seeds: [1],
      arms: { one: STUDY.arms.short!, other: STUDY.arms.short! },
    };
    const signal = new AbortController().signal;
    assert.isTrue(await trainStudy(two, { out, signal, say: () => {}, threads: 1, device: 'cpu' }, ['other']));
    const { arms } = await collect(two, { ...EMPTY, arms: {} }, out);
    assert.deepEqual([arms.one!.runs.length, arms.other!.runs.length], [0, 1]);
  });

  it('trains the seeds that are asked for, and no others', async function () {
    this.timeout(60_000);
    const some: Study = { ...STUDY, name: 'some', seeds: [1, 2, 3] };
    const signal = new AbortController().signal;
    await trainStudy(some, { out, signal, say: () => {}, threads: 1, device: 'cpu', seeds: [2] });
    const { runs } = (await collect(some, EMPTY, out)).arms.short!;
    assert.deepEqual(
      runs.map(({ seed }) => seed),
      [2],
    );
  });

  it("begins with another arm's weights, seed by seed, and counts the hours of both", async function () {
    this.timeout(120_000);
    const first: Study = {
      ...{ name: 'first', documents: [], model: 'vae', data: 'synthetic-digits', seeds: [1], hours: true },
      arms: { short: { label: 'two iterations', maxSteps: 2, set: { hiddenDim: 8, latentDim: 2 } } },
      measures: [{ name: 'elbo', split: 'test', label: 'ELBO', digits: 2 }],
    };
    const set = { hiddenDim: 8, latentDim: 2, objective: 'iwae', importanceSamples: 3 };
    const second: Study = {
      ...{ ...first, name: 'second' },
      arms: { on: { label: 'two more', maxSteps: 2, set, from: { study: first, arm: 'short' } } },
    };
    const nothing = (arm: string) => ({ ...EMPTY, arms: { [arm]: { runs: [] } } });
    assert.match(
      (await runIt(second)).said.join(),
      /on\/seed-1: begins with .*first\/short\/seed-1, which is not there yet/,
    );
    await runIt(first);
    assert.match((await runIt(second)).said.join(), /second\/on\/seed-1: trained/);
    assert.deepEqual((await runIt(second)).said, []);
    const manifest = JSON.parse(await readFile(join(out, 'second/on/seed-1/manifest.json'), 'utf8'));
    assert.match(manifest.from.run, /first\/short\/seed-1$/);
    const hours = (await collect(second, nothing('on'), out)).arms.on!.runs[0]!.hours!;
    // The same settings from other weights are another training.
    const { from: _, ...scratch } = second.arms.on!;
    const message = await collect({ ...second, arms: { on: scratch } }, nothing('on'), out).then(String, String);
    assert.match(message, /seed-1 was trained with other settings/);
    assert.isAtLeast(hours, (await collect(first, nothing('short'), out)).arms.short!.runs[0]!.hours!);
  });

  it("takes numbers of the log from it, and evaluates nothing where all are the log's", async function () {
    this.timeout(60_000);
    const logged: Study = {
      ...{ name: 'logged', documents: [], model: 'vae-2d', data: 'synthetic-digits', seeds: [1] },
      arms: { short: { label: 'two epochs', set: { epochs: 2, hiddenDim: 8 } } },
      measures: [0, 1, 'last' as const].map((epoch) => ({
        ...{ name: 'elbo', split: 'validation', logged: epoch, digits: 1 },
        label: `after ${epoch}`,
      })),
    };
    const nothing = { ...EMPTY, arms: { short: { runs: [] } } };
    await runIt(logged);
    const run = join(out, 'logged/short/seed-1');
    const lines = (await readFile(join(run, 'metrics.jsonl'), 'utf8')).trim().split('\n');
    const elbos = lines.map((line) => JSON.parse(line)).filter(({ kind }) => kind === 'validation');
    const [taken] = (await collect(logged, nothing, out)).arms.short!.runs;
    assert.deepEqual(
      taken!.metrics,
      [0, 1, 'last' as const].map((epoch, index) => ({
        ...{ name: 'elbo', split: 'validation', logged: epoch },
        value: elbos[index].metrics.elbo,
      })),
    );
    assert.lengthOf(elbos, 3);
    assert.isEmpty(JSON.parse(await readFile(join(run, 'manifest.json'), 'utf8')).metrics);
    const late = { ...logged, measures: [{ ...logged.measures[0]!, logged: 9 }] };
    const message = await collect(late, nothing, out).then(String, ({ message }: Error) => message);
    assert.match(message, /the log has no elbo of validation after epoch 9/);
  });

  it('refuses studies, arms and seeds that there are not', () => {
    const command = new URL('../../../bench/dist/figures/main.js', import.meta.url);
    const refusal = (...args: string[]) => {
      const { status, stderr } = spawnSync(process.execPath, [fileURLToPath(command), ...args], { encoding: 'utf8' });
      return [status, stderr.trim()];
    };
    const [status, studies] = refusal('--only', 'vae,none');
    assert.equal(status, 2);
    assert.match(String(studies), /^figures: there is no study 'none'; there are classifier, /);
    assert.deepEqual(refusal('--only', 'vae-mlp/none'), [
      2,
      "figures: there is no arm 'none' of vae-mlp; there are epochs-10, epochs-80, dynamic-80",
    ]);
    assert.deepEqual(refusal('--only', 'vae-mlp', '--seeds', '4'), [
      2,
      'figures: vae-mlp has no seed of --seeds 4; it has 1, 2, 3',
    ]);
  });

  it('takes from the manifests of the runs what was measured, with seed, device and examples', async () => {
    const { arms } = await collect(STUDY, EMPTY, out);
    const { runs } = arms.short!;
    assert.deepEqual(
      runs.map(({ seed, steps, device, dataSet }) => [seed, steps, device, dataSet]),
      [
        [1, 2, 'cpu', 'synthetic-digits'],
        [2, 2, 'cpu', 'synthetic-digits'],
      ],
    );
    for (const { seed, metrics } of runs) {
      const manifest = JSON.parse(await readFile(join(out, `toy/short/seed-${seed}/manifest.json`), 'utf8'));
      const { value, samples } = manifest.metrics.find(({ name }: { name: string }) => name === 'accuracy');
      assert.lengthOf(metrics, 1);
      assert.deepInclude(metrics[0], { name: 'accuracy', split: 'test', value, samples });
    }
  });

  it('of several numbers of a run takes that on the examples of the study, else on the most, and the newest', () => {
    const of = (metrics: readonly Partial<FigureRun['metrics'][number]>[], more: Partial<Study> = {}) => {
      const all = metrics.map((metric) => ({ name: 'accuracy', split: 'test', value: 0, ...metric }));
      const facts = { seed: 1, device: 'cpu', engine: 'compiled', steps: 2, epochs: 0, dataSet: 'd', created: '' };
      const arms = { short: { runs: [{ ...facts, metrics: all }] } };
      return figureTable({ ...STUDY, seeds: [1], ...more }, { ...EMPTY, arms });
    };
    const several = [
      { value: 1, samples: 200 },
      { value: 2, samples: 10_000 },
      { value: 3, samples: 10_000 },
      { value: 4, samples: 50 },
    ];
    assert.match(of(several), /accuracy, test, 10,000 examples \|(.|\n)*\| 3\.00 \(one seed\)/);
    const evaluation = { samples: 9, examples: 50 };
    assert.match(of(several, { evaluation }), /accuracy, test, 50 examples \|(.|\n)*\| 4\.00 \(one seed\)/);
    const measures = [{ ...STUDY.measures[0]!, gate: { value: 1, better: 'higher' } as const }];
    assert.match(of([{ value: 2, standardError: 0.25 }], { measures }), /gate 1\.00: reached \(4\.0 errors away\)/);
    // A manifest of before may have null.
    for (const unknown of [{}, { standardError: null as unknown as number }]) {
      assert.match(of([{ value: 2, ...unknown }], { measures }), /gate 1\.00: reached, its error not known/);
    }
  });

  it('keeps runs of other machines', async () => {
    const { arms } = await collect(STUDY, EMPTY, out);
    const other = { ...arms.short!.runs[0]!, seed: 3, device: 'cuda' };
    const merged = await collect(STUDY, { ...EMPTY, arms: { short: { runs: [other] } } }, out);
    assert.deepEqual(
      merged.arms.short!.runs.map(({ seed }) => seed),
      [1, 2, 3],
    );
  });

  it('refuse runs of other settings instead of counting them', async () => {
    const other: Study = { ...STUDY, arms: { short: { label: 'other', maxSteps: 2, set: { learningRate: 0.5 } } } };
    for (const use of [() => runIt(other), () => collect(other, EMPTY, out)]) {
      const message = await use().then(
        () => 'nothing',
        (error: Error) => error.message,
      );
      assert.match(message, /seed-1 was trained with other settings: remove it, or choose another --out$/);
    }
  });

  it('draws the pictures of documents from the runs, where they are', async function () {
    this.timeout(60_000);
    const file = join(out, 'picture.png');
    const pictures = [
      { arm: 'short', figure: 'curves', file: 'picture.png' },
      { arm: 'absent', figure: 'curves', file: 'none.png' },
      {
        command: (run: RunOf) => ['bars', run('short'), run('short', 2), '--metrics', 'accuracy'],
        file: 'bars.png',
        width: 300,
      },
      { command: (run: RunOf) => ['bars', run('absent'), '--metrics', 'accuracy'], file: 'no-bars.png' },
    ];
    const arms = { ...STUDY.arms, absent: { label: 'not trained', maxSteps: 3 } };
    const said: string[] = [];
    const request = {
      out,
      signal: new AbortController().signal,
      say: (line: string) => said.push(line),
      device: 'cpu',
    } as const;
    await drawPictures({ ...STUDY, arms, pictures }, request, pathToFileURL(`${out}/`));
    const absent = [{ arm: 'short', figure: 'curves', part: 'loss', seed: 2, file: 'loss.png' }];
    const refused = drawPictures({ ...STUDY, pictures: absent }, request, pathToFileURL(`${out}/`));
    assert.match(
      await refused.then(String, String),
      /short\/seed-2: figure 'curves' has no picture that ends with -loss\.png/,
    );
    assert.deepEqual(said, [`picture.png: drawn from ${out}/toy/short/seed-1`, 'bars.png: drawn from 2 runs']);
    assert.equal((await sharp(join(out, 'bars.png')).metadata()).width, 300);
    const drawn = join(out, 'toy/short/seed-1/figures/curves.png');
    const pixels = (path: string) => sharp(path).greyscale().raw().toBuffer({ resolveWithObject: true });
    const [own, given] = [await pixels(file), await pixels(drawn)];
    assert.deepEqual([own.info.width, own.info.height], [given.info.width, given.info.height]);
    const apart = own.data.reduce((sum, level, i) => sum + Math.abs(level - given.data[i]!), 0) / own.data.length;
    assert.isBelow(apart, 1, 'of 255 levels, by the palette');
    assert.isBelow((await readFile(file)).length, (await readFile(drawn)).length);
  });

  it('keeps pictures of documents below 100 kB, scaled down as far as that takes', async () => {
    // Noise does not compress.
    const noise = (side: number) => {
      const levels = createHash('shake256', { outputLength: 3 * side * side })
        .update('noise')
        .digest();
      return sharp(levels, { raw: { width: side, height: side, channels: 3 } })
        .png()
        .toBuffer();
    };
    const widthOf = async (side: number, width?: number) => {
      const small = await smallPicture(await noise(side), width);
      assert.isBelow(small.length, 100_000);
      return (await sharp(small).metadata()).width;
    };
    assert.equal(await widthOf(100), 100);
    assert.equal(await widthOf(400, 100), 100);
    const width = await widthOf(340);
    assert.isAtLeast(width, 250);
    assert.isBelow(width, 340);
  });

  it('measures the runs of all seeds together, once they are there', async function () {
    this.timeout(240_000);
    const pairs: Study = {
      ...{ name: 'pairs', documents: [], model: 'seq2seq', data: 'synthetic-grammar', seeds: [1, 2] },
      arms: { short: { label: 'two iterations', maxSteps: 2, set: { units: 8, batchSize: 8 } } },
      measures: [{ name: 'bleu', split: 'test', label: 'BLEU', digits: 1 }],
    };
    const together: Study = {
      ...{ ...pairs, name: 'together', together: true },
      arms: { short: { label: 'both', of: { study: pairs, arm: 'short' } } },
      measures: [{ name: 'lengthRatioTogether', split: 'test', label: 'length ratio', digits: 2 }],
    };
    const nothing = { ...EMPTY, arms: { short: { runs: [] } } };
    await runIt({ ...pairs, seeds: [1] });
    assert.match((await runIt(together)).said.join(), /seed-1: measuring,.*seed-2: not there yet$/);
    assert.isEmpty((await collect(together, nothing, out)).arms.short!.runs);
    await runIt(pairs);
    assert.match((await runIt(together)).said.join(), /seed-1: measuring$/);
    const figures = await collect(together, nothing, out);
    const { runs } = figures.arms.short!;
    assert.deepEqual(
      runs.map(({ seed, metrics }) => [seed, metrics.length]),
      [[1, 1]],
    );
    const shown = `${runs[0]!.metrics[0]!.value.toFixed(2)} (2 seeds together)`;
    assert.include(figureTable(together, figures), `| both | ${shown} | 1, 2 | 2 |`);
    assert.deepEqual((await runIt(together)).said, []);
  });

  it('certifies the runs of another study, which it does not train, beside what is measured on them', async function () {
    this.timeout(120_000);
    const vaes: Study = {
      ...{ name: 'vaes', documents: [], model: 'vae', data: 'synthetic-digits', seeds: [1, 2] },
      arms: { short: { label: 'two iterations', maxSteps: 2, set: { hiddenDim: 8, latentDim: 2 } } },
      measures: [{ name: 'logLikelihood', split: 'test', draws: 2, label: 'log p', digits: 2 }],
      evaluation: { samples: 2, examples: 10 },
      hours: true,
    };
    const certify: Study = {
      ...{ name: 'certify', documents: [], model: 'vae', data: 'synthetic-digits', seeds: [1, 2] },
      certificate: { samples: 3, examples: 4, annealed: 2, steps: 3, chains: 1, compressed: 2 },
      arms: { vae: { label: 'vae', of: { study: vaes, arm: 'short' } } },
      measures: [
        { name: 'logLikelihood', split: 'test', draws: 3, label: 'log p', digits: 2 },
        { name: 'decodedExactly', split: 'test', label: 'exact', digits: 0 },
      ],
    };
    const nothing = (study: Study, arm: string) => ({ ...EMPTY, study: study.name, arms: { [arm]: { runs: [] } } });
    const before = await runIt(certify);
    assert.lengthOf(before.said, 2);
    assert.match(before.said[0]!, /vaes\/short\/seed-1: not there yet; --only vaes trains it$/);
    assert.isEmpty((await collect(certify, nothing(certify, 'vae'), out)).arms.vae!.runs);

    await runIt({ ...vaes, seeds: [1] });
    assert.match((await runIt(certify)).said.join(), /seed-1: measuring,.*seed-2: not there yet/);
    // Both have a log-likelihood in the run's manifest, by other numbers of draws.
    const [mine] = (await collect(certify, nothing(certify, 'vae'), out)).arms.vae!.runs;
    const [theirs] = (await collect(vaes, nothing(vaes, 'short'), out)).arms.short!.runs;
    assert.deepEqual(
      mine!.metrics.map(({ name, draws, samples }) => [name, draws, samples]),
      [
        ['logLikelihood', 3, 4],
        ['decodedExactly', undefined, 2],
      ],
    );
    assert.deepEqual(
      theirs!.metrics.map(({ draws, samples }) => [draws, samples]),
      [[2, 10]],
    );
    assert.isAtLeast(theirs!.hours!, 0);
    assert.notProperty(mine, 'hours');
  });
});
