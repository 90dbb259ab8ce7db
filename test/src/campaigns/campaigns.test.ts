import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ForgeError, Random } from '@onnx-forge/infer';
import { expect } from 'chai';
import { skip } from '../mocha/skip.js';
import { clusterRefusal } from '../train/launch/slurm-cluster.js';
import { parseArguments, UsageError } from './arguments.js';
import type { Campaign, CampaignOptions, CampaignResult } from './campaign.js';
import { CAMPAIGNS } from './catalogue.js';
import { judge } from './fuzz/judge.js';
import { FuzzSession } from './fuzz/session.js';
import { mutated, type Target } from './fuzz/target.js';
import { TARGETS } from './fuzz/targets/index.js';
import { type Finished, summaryOf, withRows } from './report.js';
import { trendOf } from './soak/trend.js';
import { Watch, watchChild } from './watch.js';

const byName = (name: string): Campaign => CAMPAIGNS.find((campaign) => campaign.name === name)!;

describe('campaigns, in short', function () {
  // Each watches its processes itself and ends those that stand still.
  this.timeout(1_800_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'onnx-forge-campaigns-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function short(name: string, options: Partial<CampaignOptions>): Promise<CampaignResult['counts']> {
    const all = { milliseconds: 500, seed: 3, folder, processes: 1, log: () => {}, ...options };
    const { counts, failures, undecided } = await byName(name).run(all);
    expect(failures.map(({ about }) => about).join('; ')).to.equal('');
    for (const { about } of undecided) process.stderr.write(`      undecided: starved: ${about}\n`);
    return counts;
  }

  it('crash: a GAN killed and resumed ends the same', async () => {
    const { kills, resumed } = await short('crash', { only: ['train-gan'], seed: 25, milliseconds: 0 });
    expect(kills).to.be.at.least(1);
    expect(resumed).to.equal(1);
  });

  it('faults: a fetch whose file operations fail says so in one line', async () => {
    expect((await short('faults', { only: ['fetch'] })).faults).to.be.at.least(1);
  });

  it('fuzz: every reader refuses changed inputs as it should', async () => {
    expect((await short('fuzz', { inputs: 20 })).inputs).to.be.at.least(20 * 30);
  });

  it('load: the service among hostile clients loses no request', async () => {
    expect((await short('load', { milliseconds: 1500 })).answered).to.be.at.least(1);
  });

  it('soak: loading and disposing leaves nothing', async () => {
    expect((await short('soak', { only: ['load'] }))['times load']).to.be.at.least(6);
  });

  it('cluster: a sweep whose tasks and nodes are killed ends as without', async function () {
    if (process.env.ONNX_FORGE_SLURM !== '1') skip(this, 'ONNX_FORGE_SLURM=1 starts a Slurm of two nodes here');
    const refusal = await clusterRefusal();
    if (refusal !== undefined) skip(this, refusal);
    this.timeout(1_200_000);
    const { kills, 'bit-identical': equal } = await short('cluster', { trials: 6, kills: 6 });
    expect([kills, equal]).to.deep.equal([6, 6]);
  });
});

describe('campaigns see what they look for', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'onnx-forge-targets-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const target = (read: Target['read']): Target => ({ name: 'test', seeds: [Uint8Array.of(1)], read });

  async function findingsOf(read: Target['read'], longestRead = 2000): Promise<string[]> {
    const abouts = new Set<string>();
    const session = new FuzzSession([target(read)], {
      seed: 1,
      longestRead,
      onFinding: ({ about }) => abouts.add(about),
    });
    await session.readSeeds();
    await session.round(20);
    return [...abouts];
  }

  it('an input that was changed, and not the one that it was made of', async () => {
    for (const open of Object.values(TARGETS)) {
      const each = await open(mkdtempSync(join(folder, 'target-')));
      const before = each.seeds.map((seed) => Buffer.from(seed).toString('hex'));
      const random = new Random(1);
      for (const seed of each.seeds) for (let i = 0; i < 100; i++) mutated(each, seed, random);
      expect(each.seeds.map((seed) => Buffer.from(seed).toString('hex'))).to.deep.equal(before, each.name);
      await each.dispose?.();
    }
  });

  it('a bug that shows for some inputs only', async () => {
    const found = await findingsOf((input) => {
      if (input.length > 3) throw new TypeError('a bug');
    });
    expect(found[0]).to.match(/^TypeError: a bug/);
  });

  it('an input that is slow', async () => {
    const found = await findingsOf(() => {
      const { user } = process.cpuUsage();
      while (process.cpuUsage().user - user < 30_000);
    }, 20);
    expect(found[0]).to.match(/^takes \d/);
  });

  it('a seed that is refused', async () => {
    const [found] = await findingsOf(() => {
      throw new ForgeError('bad', 'no');
    });
    expect(found).to.include('refuses seed 0: bad: no');
  });

  it('errors that are none of ours, have no code, several lines, or the words of the engine', () => {
    expect(judge(new RangeError('x')).outcome).to.equal('failed');
    expect(judge(new ForgeError('', 'x')).outcome).to.equal('failed');
    expect(judge(new ForgeError('bad', "Cannot read properties of undefined (reading 'x')")).outcome).to.equal(
      'failed',
    );
    expect(judge(new ForgeError('bad', "'undefined' is no name")).outcome).to.equal('refused');
    const denied = Object.assign(new Error('Access'), { code: 'ERR_ACCESS_DENIED', permission: 'FileSystemWrite' });
    expect(judge(new ForgeError('bad', 'x', {}, { cause: denied })).outcome).to.equal('failed');
  });

  it('what grows, and what only wavers', () => {
    const steady = trendOf(Array.from({ length: 60 }, (_, i) => 100 + (i % 3)));
    expect(steady.last - steady.first).to.be.below(3 * steady.noise);
    const growing = trendOf(Array.from({ length: 60 }, (_, i) => 100 + 5 * i + (i % 3)));
    expect(growing.last - growing.first).to.be.above(100);
  });
});

describe('a process without progress', () => {
  const patience = { ran: 10, blocked: 100, starved: 1000 };
  const after = (still: number, ran: number, waited: number) => {
    const watch = new Watch(patience);
    watch.progress(5000, { ran: 7, waited: 3 });
    return watch.judge(5000 + still, { ran: 7 + ran, waited: 3 + waited });
  };

  it('hangs when it ran for long, whatever the clock says', () => {
    expect(after(12, 10, 0)).to.equal('hangs');
    expect(after(5000, 10, 4000)).to.equal('hangs');
    expect(after(99, 9, 0)).to.equal(undefined);
  });

  it('is blocked when it does not ask for a processor', () => {
    expect(after(100, 1, 9)).to.equal('is blocked');
    expect(after(100, 1, 50)).to.equal(undefined);
  });

  it('is starved when others have the processors that it asks for', () => {
    expect(after(999, 9, 900)).to.equal(undefined);
    expect(after(1000, 9, 900)).to.equal('starved');
  });

  it('is judged by the clock alone where the system tells no more', () => {
    const watch = new Watch(patience);
    watch.progress(0, undefined);
    expect([watch.judge(999, undefined), watch.judge(1000, undefined)]).to.deep.equal([undefined, 'hangs']);
  });

  it('is killed when it spins, and when it sleeps', async () => {
    for (const [code, verdict] of [
      ['for (;;);', 'hangs'],
      ['setInterval(() => {}, 1e9)', 'is blocked'],
    ] as const) {
      const child = spawn(process.execPath, ['-e', code]);
      const watch = watchChild(child, { patience: { ran: 1500, blocked: 4000, starved: 1e9 } });
      await once(child, 'exit');
      expect(watch.end(), code).to.equal(verdict);
    }
  });
});

describe('the command of campaigns', () => {
  it('takes names, and refuses what it does not know', () => {
    const { campaigns, minutes, seed } = parseArguments(['soak', '--minutes', '0.5', '--seed', '7'], CAMPAIGNS);
    expect([campaigns.map(({ name }) => name), minutes, seed]).to.deep.equal([['soak'], 0.5, 7]);
    expect(parseArguments([], CAMPAIGNS).campaigns).to.have.length(6);
    const { trials, kills } = parseArguments(['cluster', '--trials', '200', '--kills', '30'], CAMPAIGNS);
    expect([trials, kills]).to.deep.equal([200, 30]);
    for (const words of [
      ['sok'],
      ['--minutes', 'x'],
      ['--seed', '1.5'],
      ['--again', 'x'],
      ['--trials', '1'],
      ['--nothing'],
    ]) {
      expect(() => parseArguments(words, CAMPAIGNS), words.join(' ')).to.throw(UsageError);
    }
  });

  const finished: Finished = {
    name: 'fuzz',
    seed: 5,
    minutes: 2,
    counts: { inputs: 1_234_567, memory: '3 MiB' },
    failures: [{ about: 'npy: a bug', again: 'a file' }],
    undecided: [{ about: 'tar: starved', again: 'another file' }],
  };

  it('prints counts, and how to see each failure again', () => {
    expect(summaryOf(finished).split('\n')).to.deep.equal([
      'fuzz: 1,234,567 inputs, memory 3 MiB; 1 failures, 1 undecided; 2.0 minutes, seed 5',
      '  failed: npy: a bug',
      "    npm run campaign -- fuzz --again 'a file'",
      '  undecided: starved: tar: starved',
      "    npm run campaign -- fuzz --again 'another file'",
      '',
    ]);
  });

  it("replaces a campaign's row in the document and keeps the others", () => {
    const document = readFileSync(new URL('../../../docs/reliability.md', import.meta.url), 'utf8');
    const once = withRows(document, [{ ...finished, name: 'other' }, finished]);
    const twice = withRows(once, [{ ...finished, counts: { inputs: 1 } }]);
    expect(twice.match(/^\| fuzz \|/gm)).to.have.length(1);
    expect(twice)
      .to.include('| fuzz | 1 inputs |')
      .and.to.match(/^\| other \| 1,234,567 inputs/m);
  });
});
