import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { complaints, type Ended, eachOf, onnxForge } from './onnx-forge.js';

const PRETRAINED = fileURLToPath(new URL('../../../../models/pretrained/vae-2d', import.meta.url));

interface Run {
  readonly name: string;
  readonly state: string;
  readonly [fact: string]: unknown;
}

const STATUS = {
  format: 1,
  recipe: 'vae',
  data: 'mnist',
  options: { latentDim: 20, epochs: 3 },
  seed: 4,
  engine: 'compiled',
  device: 'cpu',
  steps: 300,
  stepsPerEpoch: 100,
  began: '2026-01-02T03:04:05.000Z',
};

/** The lock of a process that lives, in the folder that it trains in. */
async function lock(run: string): Promise<void> {
  await mkdir(join(run, '.training.lock'), { recursive: true });
  const owner = { pid: process.pid, host: hostname(), began: Math.floor(performance.timeOrigin) };
  await writeFile(join(run, '.training.json'), JSON.stringify(owner));
}

/** A run without graphs: the log of so many iterations, and a status. */
async function unfinished(run: string, status: object, step = 150): Promise<void> {
  await mkdir(run, { recursive: true });
  await writeFile(join(run, 'status.json'), JSON.stringify({ ...STATUS, ...status }));
  const line = { kind: 'validation', step, epoch: step / 100, metrics: { elbo: -120 } };
  await writeFile(join(run, 'metrics.jsonl'), `${JSON.stringify(line)}\n`);
}

/** A trained run, with another manifest. */
async function finished(run: string, change: (manifest: Record<string, unknown>) => void = () => {}): Promise<void> {
  await cp(PRETRAINED, run, { recursive: true });
  const manifest = JSON.parse(await readFile(join(run, 'manifest.json'), 'utf8')) as Record<string, unknown>;
  change(manifest);
  await writeFile(join(run, 'manifest.json'), JSON.stringify(manifest));
}

describe('onnx-forge runs', () => {
  let folder: string;
  const lines = [
    'runs --json',
    'runs',
    'runs --where recipe=vae --sort state --json',
    'runs --where latentDim>=20 --where state!=failed --sort elbo --reverse --json',
    'runs --where seed=4 --metric elbo --json',
    'runs --where kind=latent --json',
    'runs --sort lantentDim',
    'runs --where state',
    'runs nowhere',
    'runs more one',
    'runs more --sort epochs --yes',
    'runs empty',
    'runs runs --sort epochs --reverse --json',
    'runs diff one two --json',
    'runs diff one two',
    'runs diff one',
    'runs diff one none',
    'runs diff one foreign',
    'runs/one',
  ] as const;
  let results: Record<(typeof lines)[number], Ended>;

  before(async function () {
    this.timeout(20_000);
    folder = await mkdtemp(join(tmpdir(), 'onnx-forge-runs-'));
    const run = (name: string) => join(folder, 'runs', name);
    await finished(run('one'));
    await finished(run('two'), (manifest) => {
      const options = manifest.options as Record<string, unknown>;
      options.learningRate = 0.5;
      const metrics = manifest.metrics as Record<string, unknown>[];
      for (const metric of metrics) if (metric.name === 'logLikelihood') metric.draws = 5;
      manifest.created = '2020-01-01T00:00:00.000Z';
    });
    await finished(run('early'), (manifest) => {
      manifest.stopped = { by: 'early stopping', reason: 'no better' };
    });
    // Went on to 30,000 iterations, and was interrupted.
    await finished(run('longer'));
    await unfinished(run('longer'), { state: 'interrupted', recipe: 'vae-2d' }, 30_000);
    await unfinished(run('deep/killed'), { state: 'running' });
    await unfinished(run('deep/broken'), { state: 'failed', error: { code: 'not-finite', message: 'loss = NaN' } });
    await unfinished(run('live'), { state: 'running', options: { latentDim: 9 } });
    await lock(run('live'));
    await finished(run('damaged'));
    await writeFile(run('damaged/manifest.json'), '{"format": 1');
    await mkdir(run('foreign'));
    await writeFile(run('foreign/manifest.json'), '{"name": "a web page"}');
    await symlink(run(''), run('circle'));
    await symlink(run('one'), run('linked'));
    await mkdir(join(folder, 'empty'));
    const ended = await eachOf(lines, folder);
    results = Object.fromEntries(lines.map((line, index) => [line, ended[index]!])) as typeof results;
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const runsOf = (line: (typeof lines)[number]) => (JSON.parse(results[line].stdout) as { runs: Run[] }).runs;

  it('finds every run in folders of folders, and nothing else', () => {
    const states = Object.fromEntries(runsOf('runs --json').map(({ name, state }) => [name, state]));
    expect(states).to.deep.equal({
      one: 'finished',
      two: 'finished',
      linked: 'finished',
      early: 'stopped early',
      longer: 'interrupted',
      'deep/killed': 'interrupted',
      'deep/broken': 'failed',
      live: 'running',
      damaged: 'unreadable',
    });
  });

  it('shows recipe, data, the key number with its split and count, epochs, device and when', () => {
    const { stdout, code } = results.runs;
    expect(code).to.equal(0);
    expect(stdout).to.match(
      /^one +vae-2d +\S+ +finished +\d+ +elbo +-\d+\.\d+ +\d+\.\d+ +test +\d+ +cpu +\d{4}-\d\d-\d\d \d\d:\d\d$/m,
    );
    expect(stdout).to.match(/^deep\/killed +vae +mnist +interrupted +1\.500 +elbo +-120 +- +validation +- +cpu /m);
    expect(stdout).to.match(/^longer +vae-2d .* interrupted +300 /m);
    // Why a run is in its state, below.
    expect(stdout).to.match(/\n\n(.*\n)*deep\/broken: loss = NaN$/m);
    expect(stdout).to.match(/^damaged: .*manifest\.json/m);
    // The newest first.
    expect(
      stdout
        .trim()
        .split('\n')
        .findLast((line) => / finished /.test(line)),
    ).to.match(/^two /);
  });

  it('sorts and filters by facts, options and numbers', () => {
    const names = (line: (typeof lines)[number]) => runsOf(line).map(({ name }) => name);
    expect(names('runs --where recipe=vae --sort state --json')).to.deep.equal(['deep/broken', 'deep/killed', 'live']);
    // What is not whole yet has no kind.
    const whole = names('runs --where kind=latent --json');
    expect(whole).to.have.members(['one', 'two', 'linked', 'early']);
    const big = names('runs --where latentDim>=20 --where state!=failed --sort elbo --reverse --json');
    expect(big).to.have.members(['deep/killed', 'longer']);
    const epochs = runsOf('runs runs --sort epochs --reverse --json').map((run) => run.epochs as number);
    expect(epochs)
      .to.deep.equal([...epochs].sort((one, other) => other - one))
      .and.to.have.length.above(3);
    const number = { name: 'elbo', value: -120, split: 'validation' };
    expect(
      runsOf('runs --where seed=4 --metric elbo --json').every(
        ({ metric }) => JSON.stringify(metric) === JSON.stringify(number),
      ),
    ).to.equal(true);
  });

  it('says what is wrong in one line', () => {
    const cases: [(typeof lines)[number], RegExp][] = [
      ['runs --sort lantentDim', /no run has 'lantentDim'; did you mean 'latentDim'\?/],
      ['runs --where state', /--where takes NAME=VALUE, .* not 'state'/],
      ['runs nowhere', /there is no folder nowhere/],
      ['runs more one', /lists one folder, not 2; to compare runs: onnx-forge runs diff more one/],
      ['runs more --sort epochs --yes', /--yes is for runs delete/],
      ['runs diff one', /needs two runs or more/],
      ['runs diff one none', /there is no run none, nor runs\/none/],
      ['runs diff one foreign', /runs\/foreign is no run folder/],
      ['runs/one', /there is no command 'runs\/one'/],
    ];
    for (const [line, says] of cases) {
      expect(results[line].code, line).to.equal(2);
      expect(complaints(results[line]), line).to.have.length(1);
      expect(complaints(results[line])[0]).to.match(says);
    }
    expect(results['runs empty']).to.include({ code: 0, stdout: 'no run in empty\n' });
  });

  it('diff: settings that differ, and numbers only where they were measured in the same way', () => {
    const { settings, metrics } = JSON.parse(results['runs diff one two --json'].stdout) as {
      settings: object[];
      metrics: { name: string; draws?: number; values: (number | null)[] }[];
    };
    expect(settings).to.deep.equal([{ name: 'learningRate', values: [0.001, 0.5] }]);
    const likelihoods = metrics
      .filter(({ name }) => name === 'logLikelihood')
      .map(({ values }) => values.map((value) => value === null));
    expect(likelihoods).to.deep.include.members([
      [false, true],
      [true, false],
    ]);
    const text = results['runs diff one two'].stdout;
    expect(text)
      .to.match(/^setting +one +two$/m)
      .and.match(/^learningRate +0\.001000 +0\.5000$/m);
    expect(text).to.match(/^measured +split +data +samples +examples +one +two$/m);
  });
});

describe('onnx-forge runs delete', () => {
  let folder: string;
  const run = (name: string) => join(folder, 'runs', name);
  const exists = (path: string) => stat(path).then(Boolean, () => false);
  const lines = [
    'runs delete one --yes --json',
    'runs delete runs/kept --yes',
    'runs delete asked',
    'runs delete linked --yes',
    'runs delete linked/ --yes',
    'runs delete live --yes',
    'runs delete foreign --yes',
    'runs delete none --yes',
    'runs delete asked live --yes',
    'runs delete',
  ];
  let results: Ended[];

  before(async function () {
    this.timeout(20_000);
    folder = await mkdtemp(join(tmpdir(), 'onnx-forge-runs-'));
    for (const name of ['one', 'kept', 'asked', 'target']) await unfinished(run(name), { state: 'interrupted' });
    await unfinished(run('live'), { state: 'running' });
    await lock(run('live'));
    await writeFile(run('kept/notes.txt'), 'mine');
    // Links in a run lead out of it; so does a name that is one.
    await mkdir(join(folder, 'pictures'));
    await writeFile(join(folder, 'pictures/one.png'), 'a picture');
    await symlink(join(folder, 'pictures'), run('one/figures'));
    await symlink(run('target'), run('linked'));
    await mkdir(run('foreign/graphs'), { recursive: true });
    await mkdir(run('foreign/checkpoint'));
    await writeFile(run('foreign/manifest.json'), '{"name": "a web page"}');
    await writeFile(run('foreign/status.json'), '{"state": "fine"}');
    await writeFile(run('foreign/metrics.jsonl'), '{}');
    results = await eachOf(lines, folder);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('takes a run away, links in it and not what they lead to', async () => {
    expect(results[0]!.code, results[0]!.stderr).to.equal(0);
    const { deleted } = JSON.parse(results[0]!.stdout) as { deleted: { path: string; bytes: number }[] };
    expect(deleted).to.have.length(1);
    expect(deleted[0]!.path).to.equal(run('one'));
    expect(deleted[0]!.bytes).to.be.greaterThan(100);
    expect(await exists(run('one'))).to.equal(false);
    expect(await readdir(join(folder, 'pictures'))).to.deep.equal(['one.png']);
  });

  it('leaves the files of others, and says so', async () => {
    expect(results[1]!.code).to.equal(0);
    expect(results[1]!.stdout).to.match(
      /^deleted .*runs\/kept \(vae, interrupted, 1\.500 epochs, \d+ B; stays: notes\.txt\)$/m,
    );
    expect(await readdir(run('kept'))).to.deep.equal(['notes.txt']);
  });

  it('asks, and without a terminal wants to be told', async () => {
    expect(results[2]).to.include({ code: 2, stdout: '' });
    expect(complaints(results[2]!)[0]).to.match(/delete .*runs\/asked \(.*\): say so by --yes/);
    expect(await exists(run('asked/metrics.jsonl'))).to.equal(true);
  });

  it('refuses links, runs in training, folders that are none, and then deletes nothing', async () => {
    const says = [
      /linked is a link/,
      /linked.? is a link/,
      /live is being trained/,
      /foreign is no run folder/,
      /no run none/,
      /live is being/,
      /needs the name/,
    ];
    for (const [index, expected] of says.entries()) {
      const ended = results[index + 3]!;
      expect(ended.code, lines[index + 3]).to.be.oneOf([1, 2]);
      expect(complaints(ended)[0], lines[index + 3]).to.match(expected);
    }
    const files = [
      'target/metrics.jsonl',
      'linked',
      'live/status.json',
      'foreign/manifest.json',
      'asked/metrics.jsonl',
    ];
    for (const file of files) expect(await exists(run(file)), file).to.equal(true);
  });

  it('leaves no lock behind', async () => {
    expect(await readdir(join(folder, 'runs'))).to.have.members([
      'kept',
      'asked',
      'target',
      'live',
      'linked',
      'foreign',
    ]);
    expect((await onnxForge('runs --json', folder)).code).to.equal(0);
  });
});
