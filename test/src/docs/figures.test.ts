import { readdir, readFile } from 'node:fs/promises';
import {
  documents,
  type FigureManifest,
  type FigureRun,
  figureTable,
  figureValue,
  fillInline,
  overSeeds,
  readFigures,
  STUDIES,
  type Study,
} from '@onnx-forge/bench';
import { assert } from 'chai';

const ROOT = new URL('../../../', import.meta.url);

/** The text between the markers of a study in a document. */
async function shownIn(document: string, name: string): Promise<string | undefined> {
  const text = await readFile(new URL(document, ROOT), 'utf8');
  return text.split(`<!-- figures:${name}:begin -->`)[1]?.split(`<!-- figures:${name}:end -->`)[0]?.trim();
}

const STUDY: Study = {
  ...{ name: 'toy', documents: ['README.md'], model: 'toy', data: 'toys', seeds: [1, 2, 3] },
  arms: { plain: { label: 'plain' }, other: { label: 'other', against: 'plain' }, none: { label: 'none' } },
  measures: [
    {
      ...{ name: 'accuracy', split: 'test', label: 'accuracy (%)', as: 'percent', digits: 1 },
      gate: { value: 0.7, better: 'higher' },
    },
  ],
};

const run = (seed: number, value: number): FigureRun => ({
  ...{ seed, device: 'cpu', engine: 'compiled', steps: 1000, epochs: 2, dataSet: 'toys', created: '2026-01-01' },
  metrics: [{ name: 'accuracy', split: 'test', value, samples: 400, standardError: 0.02 }],
});

const manifest = (arms: FigureManifest['arms']): FigureManifest => ({ study: 'toy', model: 'toy', data: 'toys', arms });

/** The cells of a row that begins with a label. */
const row = (table: string, label: string) =>
  table
    .split('\n')
    .find((line) => line.startsWith(`| ${label} |`))!
    .split('|')
    .slice(1, -1)
    .map((text) => text.trim());

describe('figures', () => {
  for (const study of STUDIES) {
    for (const document of study.documents) {
      it(`${document} has the table of docs/figures/${study.name}.json (npm run figures -- --collect writes it)`, async () => {
        const found = await readFigures(study);
        assert.sameMembers(Object.keys(found.arms), Object.keys(study.arms));
        assert.equal(await shownIn(document, study.name), figureTable(study, found));
      });
    }
  }

  it('stand within sentences as their manifests have them, in every document (npm run figures -- --collect writes them)', async () => {
    const figures = new Map<string, { study: Study; manifest: FigureManifest }>();
    for (const study of STUDIES) figures.set(study.name, { study, manifest: await readFigures(study) });
    let marked = 0;
    for (const name of await documents(ROOT)) {
      const text = await readFile(new URL(name, ROOT), 'utf8');
      assert.equal(fillInline(text, figures), text, name);
      // Nothing that looks like a marker escapes the pattern: what is wiped out is filled in again.
      const markers = text.match(/<!-- figure:/g)?.length ?? 0;
      const wiped = text.replace(/(<!-- figure:[^>]*-->)[^<]*/g, '$1');
      assert.equal(fillInline(wiped, figures), text, name);
      marked += markers;
    }
    assert.isAbove(marked, 0);
  });

  it('within sentences are replaced, and refused where there is no such number', () => {
    const figures = new Map([
      ['toy', { study: STUDY, manifest: manifest({ plain: { runs: [run(1, 0.7), run(2, 0.8)] } }) }],
    ]);
    const marked = (of: string) => `It is <!-- figure:${of} -->99<!-- --> %, and 99 stays.`;
    assert.equal(
      fillInline(marked('toy:plain:accuracy.test'), figures),
      'It is <!-- figure:toy:plain:accuracy.test -->75.0 ± 5.0<!-- --> %, and 99 stays.',
    );
    assert.include(fillInline(marked('toy:none:accuracy.test'), figures), 'not measured yet');
    for (const wrong of ['other:plain:accuracy.test', 'toy:absent:accuracy.test', 'toy:plain:accuracy.train'])
      assert.throws(() => fillInline(marked(wrong), figures), /no (such study|arm|measure)/, wrong);
  });

  it('of the log are told from those of the evaluation, and by their epochs, in tables and in sentences', () => {
    const metrics = [
      { name: 'accuracy', split: 'test', value: 0.9, samples: 400 },
      { name: 'accuracy', split: 'test', value: 0.1, logged: 0 },
      { name: 'accuracy', split: 'test', value: 0.8, logged: 'last' as const },
    ];
    const [usual] = STUDY.measures;
    const study: Study = {
      ...STUDY,
      arms: { plain: { label: 'plain' } },
      measures: [
        usual!,
        { ...usual!, logged: 0, label: 'before (%)' },
        { ...usual!, logged: 'last', label: 'after (%)' },
      ],
    };
    const found = manifest({ plain: { runs: [{ ...run(1, 0), metrics }] } });
    const table = figureTable(study, found);
    assert.include(table, '| toy | accuracy (%), test, 400 examples | before (%), test | after (%), test |');
    assert.deepEqual(row(table, 'plain').slice(1, 4), ['90.0 (one seed)', '10.0 (one seed)', '80.0 (one seed)']);
    const figures = new Map([['toy', { study, manifest: found }]]);
    for (const [at, value] of [
      ['', '90.0'],
      ['@0', '10.0'],
      ['@last', '80.0'],
    ]) {
      const marker = `<!-- figure:toy:plain:accuracy.test${at} -->`;
      assert.equal(fillInline(`${marker}9<!-- -->`, figures), `${marker}${value} (one seed)<!-- -->`);
    }
    assert.throws(() => fillInline('<!-- figure:toy:plain:accuracy.test@3 -->9<!-- -->', figures), /no measure/);
  });

  it('have a last row with the mean of all arms, of the seeds that all of them have', () => {
    const study: Study = {
      ...STUDY,
      arms: { one: { label: 'one' }, two: { label: 'two' } },
      mean: 'mean of both',
    };
    const found = manifest({
      one: { runs: [run(1, 0.7), run(2, 0.8)] },
      two: { runs: [run(1, 0.9), run(2, 0.8), run(3, 0.1)] },
    });
    // 80 and 80: the error of the mean is that over seeds, not over arms.
    assert.deepEqual(row(figureTable(study, found), 'mean of both'), ['mean of both', '80.0 ± 0.0', '', '', '']);
    assert.equal(figureValue(study, found, { arm: 'mean', measure: 'accuracy', split: 'test' }), '80.0 ± 0.0');
    const partial = manifest({ one: { runs: [run(1, 0.7)] }, two: { runs: [] } });
    assert.equal(row(figureTable(study, partial), 'mean of both')[1], 'not measured yet');
  });

  it('of powers of ten are means of their logarithms', () => {
    const study: Study = {
      ...STUDY,
      measures: [{ name: 'accuracy', split: 'test', as: 'log10', label: 'l', digits: 1 }],
    };
    const found = manifest({ plain: { runs: [run(1, 1e-2), run(2, 1e-4)] } });
    assert.equal(figureValue(study, found, { arm: 'plain', measure: 'accuracy', split: 'test' }), '-3.0 ± 1.0');
  });

  it('with a row for each number turn the table over, and say what is published and what it cost', () => {
    const arms = { plain: { label: 'plain', published: '0.9 (them)' }, other: { label: 'other', data: 'games' } };
    const study: Study = { ...STUDY, arms, numbersAsRows: true, hours: true };
    const table = figureTable(
      study,
      manifest({ plain: { runs: [{ ...run(1, 0.75), hours: 1.25 }] }, other: { runs: [] } }),
    );
    assert.deepEqual(row(table, 'number'), ['number', 'plain', 'other']);
    assert.deepEqual(row(table, 'published'), ['published', '0.9 (them)', '']);
    assert.deepEqual(row(table, 'hours'), ['hours', '1.25', '']);
    assert.include(table, '| accuracy (%), test, 400 examples | 75.0 (one seed) | not measured yet |');
    assert.include(table, 'Data: toys, games.');
    // Runs of another study are of its data.
    const of = { study: { ...STUDY, data: 'mice', arms }, arm: 'plain' };
    const measured = {
      ...study,
      arms: { plain: { label: 'plain', of }, other: { label: 'other', of: { ...of, arm: 'other' } } },
    };
    assert.include(figureTable(measured, manifest({})), 'Data: toys, mice, games.');
  });

  it('of one name are told apart by their draws', () => {
    const metric = (value: number, draws: number) => ({ name: 'accuracy', split: 'test', value, samples: 9, draws });
    const found = manifest({ plain: { runs: [{ ...run(1, 0), metrics: [metric(0.1, 5), metric(0.2, 50)] }] } });
    const study = { ...STUDY, measures: [{ ...STUDY.measures[0]!, draws: 50 }] };
    assert.equal(figureValue(study, found, { arm: 'plain', measure: 'accuracy', split: 'test' }), '20.0 (one seed)');
  });

  it('docs/figures has the manifests of all studies, and no others', async () => {
    const files = await readdir(new URL('docs/figures/', ROOT));
    assert.sameMembers(
      files,
      STUDIES.map(({ name }) => `${name}.json`),
    );
  });

  it('have names, labels and gates that can be told apart', () => {
    assert.equal(new Set(STUDIES.map(({ name }) => name)).size, STUDIES.length);
    for (const { name, arms, seeds } of STUDIES) {
      const labels = Object.values(arms).map(({ label }) => label);
      assert.equal(new Set(labels).size, labels.length, name);
      assert.isAtLeast(seeds.length, 3, name);
      for (const { against } of Object.values(arms)) if (against !== undefined) assert.property(arms, against);
    }
  });

  it('are means with the standard error of the mean', () => {
    // Deviations -2, 0, 2: variance 4, over three values.
    assert.deepEqual(overSeeds([1, 3, 5]), { mean: 3, standardError: Math.sqrt(4 / 3), n: 3 });
    assert.deepEqual(overSeeds([7]), { mean: 7, standardError: undefined, n: 1 });
    assert.isUndefined(overSeeds([]));
  });

  it('stand beside seeds, examples, device and the difference of equal seeds', () => {
    const table = figureTable(
      STUDY,
      manifest({
        plain: { runs: [run(1, 0.7), run(2, 0.8), run(3, 0.9)] },
        other: { runs: [run(1, 0.71), run(2, 0.82), run(3, 0.93)] },
        none: { runs: [] },
      }),
    );
    assert.include(table, '| toy | accuracy (%), test, 400 examples | difference in accuracy (%), same seeds |');
    assert.deepEqual(row(table, 'plain'), ['plain', '80.0 ± 5.8', '', '1, 2, 3', '1,000', 'cpu (compiled)']);
    // 1, 2, 3 points: paired, their error is 0.58, not the 8 of two independent means.
    assert.equal(row(table, 'other')[2], '+2.0 ± 0.6 (n = 3) to plain');
    assert.deepEqual(row(table, 'none'), ['none', 'not measured yet', '', '', '', '']);
  });

  it('say when they are of one seed, and how the rest is made', () => {
    const table = figureTable(STUDY, manifest({ plain: { runs: [run(2, 0.8)] } }));
    assert.equal(row(table, 'plain')[1], '80.0 (one seed)');
    assert.include(table, 'Not all of it is trained yet: `npm run figures -- --only toy` goes on.');
  });

  it('meet a gate by two standard errors, or say that they do not', () => {
    const verdict = (...values: number[]) =>
      figureTable(STUDY, manifest({ plain: { runs: values.map((value, index) => run(index + 1, value)) } }))
        .split('\n')
        .at(-1);
    // Errors over seeds: 0.01 / sqrt(3) and 0.1 / sqrt(3); of one seed, that over examples.
    assert.include(verdict(0.79, 0.8, 0.81), 'gate 70.0: reached (17.3 errors away)');
    assert.include(verdict(0.65, 0.75, 0.85), 'gate 70.0: reached, but not by two errors (0.9 errors away)');
    assert.include(verdict(0.72), 'gate 70.0: reached, but not by two errors (1.0 errors away)');
    assert.include(verdict(0.6, 0.61, 0.62), 'gate 70.0: not reached');
  });

  it('are not made of numbers that were measured in different ways', () => {
    const other = { ...run(2, 0.8), metrics: [{ ...run(2, 0.8).metrics[0]!, samples: 100 }] };
    assert.throws(
      () => figureTable(STUDY, manifest({ plain: { runs: [run(1, 0.7), other] } })),
      /400 and 100 examples/,
    );
  });
});
