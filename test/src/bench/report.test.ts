import {
  againstTorch,
  busyness,
  type Calibration,
  calibrate,
  geometricMean,
  insert,
  judge,
  markdown,
  median,
  number,
  overall,
  percentile,
  project,
  type Report,
  type RowResult,
  sectionsOf,
  summarise,
} from '@onnx-forge/bench';
import { expect } from 'chai';

const measured = (...rounds: number[]) => ({ status: 'measured', rounds, notes: [] }) as const;

/** Two milliseconds against 30, 3 and an absent one. */
const step: RowResult = {
  id: 'vae/step/elbo',
  title: 'vae: elbo step',
  unit: 'ms',
  better: 'lower',
  entries: [
    { engine: 'onnx-forge', version: 'onnxruntime 1', threads: 2, outcome: measured(1.9, 2, 2.4) },
    { engine: 'tfjs wasm', version: 'tfjs 4', threads: 1, outcome: measured(30) },
    { engine: 'PyTorch', version: 'PyTorch 2', threads: 2, outcome: measured(3, 5) },
    { engine: 'tfjs tensorflow', outcome: { status: 'absent', reason: 'npm install a|b' } },
  ],
};

const throughput: RowResult = {
  id: 'vae/likelihood/throughput',
  title: 'vae: importance sampling',
  unit: 'images x K / s',
  better: 'higher',
  entries: [
    {
      engine: 'onnx-forge',
      version: 'onnxruntime 1',
      threads: 2,
      outcome: { ...measured(201_000), notes: ['a note'] },
    },
    { engine: 'PyTorch', version: 'PyTorch 2', threads: 2, outcome: measured(402_000) },
  ],
};

const report = (...rows: RowResult[]): Report => ({
  date: '2024-05-06T07:08:09Z',
  machine: { processor: 'A processor', cores: 2, memoryGB: 8, system: 'Linux', node: '20.1.0', load: 0.05 },
  threads: 2,
  quick: false,
  rows,
});

const cells = (text: string, ...found: string[]): string[] => {
  const line = text.split('\n').find((candidate) => found.every((part) => candidate.includes(part)));
  return line!.split(/(?<!\\)\|/).map((cell) => cell.trim());
};

describe('bench: report', () => {
  it('takes the middle value, or the mean of the two middle ones', () => {
    expect(median([3, 1, 2])).to.equal(2);
    expect(median([4, 1, 2, 3])).to.equal(2.5);
    expect(() => median([])).to.throw(TypeError);
  });

  it('takes percentiles by the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect([0, 0.01, 0.5, 0.99, 1].map((fraction) => percentile(hundred, fraction))).to.deep.equal([1, 1, 50, 99, 100]);
    expect(percentile([7, 3], 0.99)).to.equal(7);
    expect(() => percentile([], 0.5)).to.throw(TypeError);
  });

  it('writes three significant digits', () => {
    expect([1.8549, 12.34, 126, 200_987, 0.98765].map(number)).to.deep.equal([
      '1.85',
      '12.3',
      '126',
      '201,000',
      '0.988',
    ]);
  });

  it('says how many times better the first engine is, whichever direction is better', () => {
    expect(summarise(step, step.entries[0]!)).to.deep.equal({
      value: 2,
      low: 1.9,
      high: 2.4,
      rounds: 3,
      ratio: undefined,
    });
    expect(summarise(step, step.entries[1]!)?.ratio).to.deep.equal({ value: 30 / 1.9, low: 30 / 1.9, high: 30 / 1.9 });
    // Round by round: 3 / 1.9 and 5 / 2, and not 4 / 2.
    const [low, high] = [3 / 1.9, 5 / 2];
    expect(summarise(step, step.entries[2]!)?.ratio).to.deep.equal({ value: (low + high) / 2, low, high });
    expect(summarise(step, step.entries[3]!)).to.equal(undefined);
    expect(summarise(throughput, throughput.entries[1]!)?.ratio?.value).to.equal(0.5);
  });

  it('has no ratio when the first engine has no number', () => {
    const entries = [{ engine: 'onnx-forge', outcome: { status: 'failed', reason: 'x' } } as const, step.entries[1]!];
    const row = { ...step, entries };
    expect(summarise(row, entries[1]!)).to.include({ value: 30, ratio: undefined });
    expect(judge([row]).find(({ wanted }) => wanted.includes('wasm'))?.reached).to.equal(undefined);
  });

  it('makes one table: each line with version, threads, processor, median, spread, rounds, ratio', () => {
    const text = markdown(report(step, throughput));
    expect(cells(text, '**vae: elbo step**').slice(2, 10)).to.deep.equal([
      'onnx-forge',
      'onnxruntime 1',
      '2',
      'A processor',
      '2 ms',
      '1.9 - 2.4',
      '3',
      '-', // biome-ignore format: a row
    ]);
    expect(cells(text, 'tfjs wasm', 'A processor').slice(3, 10)).to.deep.equal([
      'tfjs 4',
      '1',
      'A processor',
      '30 ms',
      '-',
      '1',
      '15.8 x', // biome-ignore format: a row
    ]);
    expect(cells(text, 'PyTorch', ' ms |').slice(6, 10)).to.deep.equal(['4 ms', '3 - 5', '2', '2.04 x (1.58 - 2.5)']);
    expect(cells(text, '402,000').slice(6, 10)).to.deep.equal(['402,000 images x K / s', '-', '1', '0.5 x']);
    expect(text).to.include('a note').and.to.include('2024-05-06');
    const widths = text
      .split('\n')
      .filter((line) => line.includes('A processor |'))
      .map((line) => line.split(/(?<!\\)\|/).length);
    expect(new Set(widths).size).to.equal(1);
  });

  it('names what is absent, with how to install it', () => {
    const line = cells(markdown(report(step)), 'tfjs tensorflow');
    expect(line[10]).to.equal('absent: npm install a\\|b');
    expect(line.slice(6, 10)).to.deep.equal(['-', '-', '-', '-']);
  });

  it('judges the targets of the rows that were measured', () => {
    const targets = [
      { row: 'vae/step/elbo', against: 'tfjs wasm', atLeast: 12 },
      { row: 'vae/step/elbo', against: 'PyTorch', atLeast: 2.5 },
      { row: 'vae/step/elbo', atMost: 2 },
      { row: 'vae/step/elbo', of: 'tfjs wasm', atMost: 16 },
      { row: 'vae/step/elbo', against: 'tfjs tensorflow', atLeast: 1 },
      { row: 'other', atMost: 1 },
    ];
    const verdicts = judge([step], targets);
    expect(verdicts.map(({ reached }) => reached)).to.deep.equal([true, false, true, false, undefined]);
    expect(verdicts.map(({ measured }) => measured)).to.deep.equal([30 / 1.9, (3 / 1.9 + 5 / 2) / 2, 2, 30, undefined]);
  });

  it('compares with PyTorch as it comes and with its best form, round by round, and with the arithmetic alone', () => {
    const row: RowResult = {
      ...step,
      entries: [
        step.entries[0]!,
        { engine: 'floor: its arithmetic at peak', outcome: measured(0.95, 1, 0.6) },
        { engine: 'PyTorch', outcome: measured(3.8, 4, 4.8) },
        { engine: 'PyTorch, channels last', outcome: measured(1.9, 3, 1.2) },
        { engine: 'PyTorch, torch.compile', outcome: { status: 'cannot', reason: 'no compiler' } },
        { engine: 'PyTorches, of another kind', outcome: measured(0.1) },
      ],
    };
    const other: RowResult = { ...row, id: 'gan/step/generator', entries: row.entries.slice(0, 3) };
    const compared = againstTorch([row, throughput, other, { ...step, entries: step.entries.slice(0, 2) }]);
    expect(compared.map(({ id }) => id)).to.deep.equal([row.id, throughput.id, other.id]);
    const [first, second] = compared;
    expect(first?.eager).to.deep.include({ value: 2, low: 2, high: 2 });
    expect(first?.best).to.deep.equal({ value: 1, low: 0.5, high: 1.5, engine: 'PyTorch, channels last' });
    expect(first?.floor).to.deep.equal({ value: 0.5, low: 0.25, high: 0.5 });
    expect(second).to.deep.include({ floor: undefined, best: { value: 0.5, low: 0.5, high: 0.5, engine: 'PyTorch' } });
    expect(overall(compared.map(({ eager }) => eager))).to.deep.include({ rows: 3, least: 0.5 });
    expect(overall([])).to.equal(undefined);
    const text = markdown(report(row, other));
    expect(cells(text, 'geometric mean')[2]).to.equal('**2** over 2, least 2');
    expect(cells(text, 'vae: elbo step', 'channels last').slice(2, 6)).to.deep.equal([
      '2',
      '1 (0.5 - 1.5)',
      'channels last',
      '50 % (25 % - 50 %)',
    ]);
  });

  it('takes the geometric mean of positive numbers', () => {
    expect(geometricMean([2, 8])).to.be.closeTo(4, 1e-12);
    expect(geometricMean([0.5, 1, 2])).to.be.closeTo(1, 1e-12);
    expect(() => geometricMean([])).to.throw(TypeError);
    expect(() => geometricMean([1, 0])).to.throw(TypeError);
  });

  it('projects a long step from two short ones, never below the longer of these', () => {
    expect(project([2, 6], [25, 45], 128)).to.equal(15 + 5 * 128);
    expect(project([2, 6], [45, 40], 128)).to.equal(40);
  });

  it('says how fast the processor was and how much of it the benchmark got, and warns when the machine was busy', () => {
    const calm = { cpuMs: 10, share: 0.99, load: 0.1 };
    const lines = (before: Partial<Calibration>, after: Partial<Calibration>): string[] => {
      const calibration = { before: { ...calm, ...before }, after: { ...calm, load: 2.1, ...after } };
      return busyness({ ...report(), calibration });
    };
    expect(lines({}, {})).to.deep.equal([
      'before and after, a loop of fixed work took 10.0 and 10.0 ms of a processor and got 99 % and 99 % of one',
    ]);
    expect(busyness(report())).to.deep.equal([]);
    expect(busyness({ ...report(), calibration: { before: { ...calm, load: 9 } } })).to.deep.equal([
      'before, a loop of fixed work took 10.0 ms of a processor and got 99 % of one',
      '**busy: load average 9.0; do not trust these times**',
    ]);
    const warnings: readonly [Partial<Calibration>, Partial<Calibration>, RegExp][] = [
      [{ share: 0.6 }, {}, /other programs had the processor/],
      [{}, { share: 0.9 }, /other programs had the processor/],
      [{ load: 0.6 }, {}, /load average 0.6 and 2.1/],
      [{}, { load: 2.6 }, /load average 0.1 and 2.6/],
      [{}, { cpuMs: 11.5 }, /its speed changed by 15 %/],
    ];
    for (const [before, after, warning] of warnings) {
      const [, second, ...more] = lines(before, after);
      expect(second)
        .to.match(warning)
        .and.to.match(/^\*\*busy: .*; do not trust these times\*\*$/);
      expect(more).to.deep.equal([]);
    }
    expect(markdown({ ...report(step), calibration: { before: { ...calm, share: 0.5 }, after: calm } })).to.include(
      '**busy',
    );
  });

  it('times a fixed piece of work', () => {
    const { cpuMs, share, load } = calibrate();
    expect(cpuMs).to.be.greaterThan(0);
    expect(share).to.be.within(0, 1);
    expect(load).to.be.at.least(0);
  });

  it('has a part of the document for steps, for growth, for compilation and for all else; limited to AVX2, for steps alone', () => {
    const rows = ['vae/step/elbo/cpu', 'vae/load', 'vae/compile/compile', 'vae/step/elbo', 'vae/growth/data-1/nodes'];
    const whole = report(...rows.map((id) => ({ ...step, id })));
    const parts = (of: Report): unknown =>
      sectionsOf(of).map(({ section, report }) => [section, report.rows.map(({ id }) => id)]);
    expect(parts(whole)).to.deep.equal([
      ['steps', [rows[0], rows[3]]],
      ['bench', [rows[1]]],
      ['compile', [rows[2]]],
      ['growth', [rows[4]]],
    ]);
    expect(parts({ ...whole, instructions: 'avx2' })).to.deep.equal([['steps-avx2', [rows[0], rows[3]]]]);
  });

  it('puts the table between the markers and leaves the prose alone', () => {
    const document = 'before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter\n';
    const once = insert(document, '| new |\n');
    expect(once).to.equal('before\n<!-- bench:begin -->\n\n| new |\n\n<!-- bench:end -->\nafter\n');
    expect(insert(once, '| new |\n')).to.equal(once);
    expect(() => insert('no markers', 'x')).to.throw('bench:begin');
  });
});
