import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { complaints, eachOf, onnxForge } from './onnx-forge.js';

const PRETRAINED = fileURLToPath(new URL('../../../../models/pretrained/vae-2d', import.meta.url));

/** The facts of a manifest that tests change. */
interface Changeable {
  model: string;
  steps: number;
  seed: number;
  data: { name: string };
  options: Record<string, unknown>;
  metrics: Record<string, unknown>[];
}

describe('onnx-forge: measured numbers of several runs', () => {
  let folder: string;

  /** A trained run under another name, with another manifest. */
  const copy = async (name: string, change: (manifest: Changeable) => void = () => {}): Promise<void> => {
    await cp(PRETRAINED, join(folder, name), { recursive: true });
    const file = join(folder, name, 'manifest.json');
    const manifest = JSON.parse(await readFile(file, 'utf8')) as Changeable;
    change(manifest);
    await writeFile(file, JSON.stringify(manifest));
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'onnx-forge-test-'));
    await copy('one');
    await copy('twice', ({ metrics }) => {
      const likelihood = metrics.find(({ name }) => name === 'logLikelihood')!;
      metrics.push({ ...likelihood, value: (likelihood.value as number) - 3, draws: 10 });
    });
    await copy('again', ({ metrics }) => {
      const likelihood = metrics.find(({ name }) => name === 'logLikelihood')!;
      metrics.push({ ...likelihood, value: (likelihood.value as number) - 3, samples: 7 });
    });
    await copy('short', (manifest) => {
      manifest.steps = 200;
      for (const metric of manifest.metrics) metric.value = (metric.value as number) - 40;
    });
    for (const [name, learningRate] of Object.entries({ slow: 0.1, slower: 0.01 })) {
      await copy(name, (manifest) => {
        manifest.options.learningRate = learningRate;
        manifest.seed = name === 'slower' ? 9 : manifest.seed;
        manifest.steps = name === 'slower' ? 200 : manifest.steps;
      });
    }
    await copy('elsewhere', ({ metrics, data }) => {
      data.name = 'others';
      for (const metric of metrics) metric.dataSet = 'others';
    });
    await copy('few', ({ metrics }) => {
      for (const metric of metrics) metric.draws = 3;
    });
    await copy('fewer', ({ metrics }) => {
      for (const metric of metrics) metric.samples = 7;
    });
    await copy('odd', (manifest) => {
      manifest.model = 'vae-2d\x1b[2J\x07';
    });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('bars: each number once, also when two patterns fit it', async () => {
    const { stdout } = await onnxForge('bars one --metrics elbo,el* --json', folder);
    expect((JSON.parse(stdout) as { numbers: string[] }).numbers).to.deep.equal(['elbo']);
  });

  it('bars: a number that was measured in two ways is two, with the way in its name', async () => {
    const { stdout } = await onnxForge('bars twice --metrics logLikelihood --json', folder);
    const { numbers } = JSON.parse(stdout) as { numbers: string[] };
    expect(numbers).to.have.members(['logLikelihood (K = 200)', 'logLikelihood (K = 10)']);
    const unequal = await onnxForge('bars twice one --metrics logLikelihood', folder);
    expect(complaints(unequal)[0]).to.include("one lacks 'logLikelihood (K = 10)', which twice has");
    expect((await onnxForge('bars one twice --metrics logLikelihood', folder)).code).to.equal(0);
  });

  it('bars: numbers of other counts of examples are not the same; says in what the runs differ', async () => {
    const refused = await onnxForge('bars one fewer --metrics elbo', folder);
    expect(refused.code).to.equal(2);
    expect(complaints(refused)[0]).to.match(/^onnx-forge: fewer lacks 'elbo \(\d+ examples\)', which one has$/);
    const { stdout } = await onnxForge('bars one short slower --metrics elbo', folder);
    expect(stdout)
      .to.match(/^iterations differ: 200, \d+$/m)
      .and.match(/^seeds differ: \d+, \d+$/m);
    expect((await onnxForge('bars one one --metrics elbo', folder)).stdout).to.not.include('differ');
  });

  it('of a number on two counts of examples that on the most is taken; runs diff has both', async () => {
    const [bars, table, diff] = await eachOf(
      [
        'bars one again --metrics logLikelihood --json',
        'table one again --metric logLikelihood --rows recipe --json',
        'runs diff one again --json',
      ],
      folder,
    );
    const { numbers, runs } = JSON.parse(bars!.stdout) as { numbers: string[]; runs: { values: number[] }[] };
    expect(numbers).to.deep.equal(['logLikelihood']);
    expect(runs[1]!.values).to.deep.equal(runs[0]!.values);
    const { cells } = JSON.parse(table!.stdout) as { cells: { mean: number; standardError: number }[][] };
    expect(cells[0]![0]).to.deep.include({ mean: runs[0]!.values[0], standardError: 0 });
    const { metrics } = JSON.parse(diff!.stdout) as { metrics: { name: string; examples: number }[] };
    expect(metrics.filter(({ name }) => name === 'logLikelihood').map(({ examples }) => examples)).to.include(7);
  });

  it('table: says in what the runs differ', async () => {
    const { stdout } = await onnxForge('table one short --metric elbo --rows hiddenDim', folder);
    expect(stdout).to.match(/iterations differ: 200, \d+/);
    const like = await onnxForge('table one one --metric elbo --rows hiddenDim', folder);
    expect(like.stdout).to.not.include('differ');
  });

  it('table: marks cells whose runs had other iterations or seeds than most', async () => {
    const line = 'table one slow slower --metric elbo --rows learningRate';
    const [text, json] = await eachOf([line, `${line} --json`], folder);
    const { stdout } = text!;
    expect(stdout)
      .to.match(/^ *0\.01 .* \[1\]$/m)
      .and.match(/^\[1\] iterations 200, seed 9$/m);
    expect(stdout).to.match(/^ *0\.1 +-\d+\.\d+ \+- \d+\.\d+$/m);
    expect(stdout)
      .to.match(/^iterations differ: 200, /m)
      .and.match(/^seed differ: /m);
    const { cells } = JSON.parse(json!.stdout) as { cells: { marks?: string[] }[][] };
    const marks = cells.map(([cell]) => cell!.marks);
    expect(marks).to.deep.equal([undefined, ['iterations 200', 'seed 9'], undefined]);
  });

  it('table: refuses numbers that are not the same, and one that was measured in two ways', async () => {
    const cases: [string, RegExp][] = [
      [
        'one elsewhere --metric elbo',
        /'elbo' is not the same number on one \(data set \S+\) and elsewhere \(data set others\)/,
      ],
      ['one few --metric logLikelihood', /on one \(samples 200\) and few \(samples 3\): measure both alike/],
      [
        'twice --metric logLikelihood',
        /twice: .* measured with 200 samples on \S+, and with 10 samples on \S+: choose/,
      ],
      ['one --metric elbo --samples 7', /one: 'elbo' was measured with .*: choose one of these/],
    ];
    const lines = cases.map(([line]) => `table ${line} --rows hiddenDim`);
    const chosen = 'table one twice --metric logLikelihood --rows hiddenDim --samples 200';
    const across = 'table one elsewhere --metric elbo --rows data';
    const ended = await eachOf([...lines, chosen, across], folder);
    for (const [index, [line, says]] of cases.entries()) {
      expect(ended[index]!.code, line).to.equal(2);
      expect(complaints(ended[index]!)[0]).to.match(says);
    }
    expect(ended.at(-2)!.code, ended.at(-2)!.stderr).to.equal(0);
    expect(ended.at(-1)!.stdout).to.match(/^others +-\d/m);
  });

  it('figures: leaves out what a run without snapshots and log has nothing for', async () => {
    const { code, stdout, stderr } = await onnxForge('figures one', folder);
    expect(code, stderr).to.equal(0);
    for (const name of ['progress', 'curves']) {
      expect(stderr).to.include(`one has nothing to draw '${name}' from`);
      expect(stdout).to.not.include(`${name}.png`);
    }
    expect(stdout).to.include('samples.png');
  });

  it('shows control characters of a file instead of sending them to the terminal', async () => {
    const { code, stderr } = await onnxForge('verify odd', folder);
    expect(code).to.not.equal(0);
    expect(stderr).to.include('vae-2d\\x1b[2J\\x07').and.not.include('\x1b[2J').and.not.include('\x07');
  });
});
