import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LAUNCHER_CHECKS } from '@onnx-forge/train/conformance';
import {
  isOver,
  type Job,
  type JobId,
  type JobState,
  LaunchError,
  SlurmLauncher,
  type SlurmOptions,
} from '@onnx-forge/train/launch';
import { expect } from 'chai';
import { slurmSeconds } from '../../../../packages/train/dist/launch/slurm-time.js';
import { skip } from '../../mocha/skip.js';
import { inTemporaryFolder } from '../tiny.js';
import { type Cluster, clusterRefusal, startCluster } from './slurm-cluster.js';

describe('SlurmLauncher', () => {
  it('writes a script that says what it asks of Slurm', () => {
    const launcher = new SlurmLauncher({
      ...{ folder: "/shared/it's here", partition: 'short', time: '30:00', arrayLimit: 50 },
      sbatchArgs: ['--account=me'],
    });
    const needs = { threads: 2, memoryMb: 4_000 };
    const jobs = ['a', 'b'].map((name) => ({ name, argv: ['true'], folder: '/shared', needs }));
    const script = launcher.script(jobs, ['12_0/x', '12_1/y', '13_0/z']);
    for (const directive of [
      ...['--array=0-1%50', '--cpus-per-task=2', '--mem=4000M', '--partition=short', '--time=30:00', '--requeue'],
      ...['--signal=B:USR1@120', '--dependency=afterany:12:13', '--account=me', '--chdir=/shared'],
    ]) {
      expect(script.split('\n')).to.include(`#SBATCH ${directive}`);
    }
    expect(script).to.include('names=(a b)');
    expect(script).to.include(`'/shared/it'\\''s here'/"$name.json"`);
  });

  it('says why it can launch nothing where there is no Slurm', async () => {
    const { PATH } = process.env;
    process.env.PATH = '';
    try {
      expect(await new SlurmLauncher({ folder: '/tmp' }).refusal()).to.include('sinfo is not installed');
    } finally {
      process.env.PATH = PATH;
    }
  });

  it('reads times as Slurm does', () => {
    const times = {
      '30': 1_800,
      '30:15': 1_815,
      '1:30:00': 5_400,
      '2-3': 183_600,
      '2-3:30': 185_400,
      '1-0:0:5': 86_405,
    };
    for (const [text, seconds] of Object.entries(times)) expect(slurmSeconds(text), text).to.equal(seconds);
    expect(slurmSeconds('UNLIMITED')).to.equal(Number.POSITIVE_INFINITY);
    for (const text of ['', '30m', '1:2:3:4', '1-', '-5']) expect(slurmSeconds(text), text).to.equal(undefined);
  });

  it('refuses a time that is over before a task was asked to end, or that is none', async () => {
    const refusalOf = (time: string, noticeSeconds?: number) =>
      new SlurmLauncher({ folder: '/tmp', time, noticeSeconds }).refusal();
    expect(await refusalOf('5:00')).to.match(/a time of 5:00 is too short.*at least 6:00/);
    expect(await refusalOf('soon')).to.include("the time 'soon' is none of Slurm's");
    expect(await refusalOf('5:00', 30)).to.not.include('too short');
  });

  describe('on two nodes', function () {
    this.timeout(180_000);
    let cluster: Cluster;
    let folder: string;
    const outside = process.env.SLURM_CONF;

    before(async function () {
      if (process.env.ONNX_FORGE_SLURM !== '1') skip(this, 'ONNX_FORGE_SLURM=1 starts a Slurm of two nodes here');
      const refusal = await clusterRefusal();
      if (refusal !== undefined) skip(this, refusal);
      folder = await mkdtemp(join(tmpdir(), 'onnx-forge-slurm-'));
      cluster = await startCluster(folder);
      process.env.SLURM_CONF = cluster.config;
    });

    after(async () => {
      await cluster?.[Symbol.asyncDispose]();
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
      if (outside === undefined) delete process.env.SLURM_CONF;
      else process.env.SLURM_CONF = outside;
    });

    for (const [name, check] of Object.entries(LAUNCHER_CHECKS)) {
      it(name, () =>
        inTemporaryFolder((shared) =>
          check({ folder: shared, make: () => new SlurmLauncher({ folder: join(shared, 'jobs'), partition: 'p' }) }),
        ),
      );
    }

    const launcherIn = (shared: string, options: Partial<SlurmOptions> = {}) =>
      new SlurmLauncher({ folder: join(shared, 'jobs'), partition: 'p', ...options });

    /** The state of a task when it is over. */
    async function endOf(launcher: SlurmLauncher, id: JobId): Promise<JobState> {
      for (;;) {
        const [state] = await launcher.states([id]);
        if (isOver(state!)) return state!;
        await sleep(200);
      }
    }

    /** A job that counts its beginnings, and ends with 0 in the second one; the first waits until it is asked to end. */
    function resuming(shared: string): Job {
      const script =
        "const fs = require('fs'); fs.appendFileSync('begun', 'x'); if (fs.readFileSync('begun', 'utf8').length < 2) " +
        "{ process.on('SIGTERM', () => { fs.writeFileSync('checkpoint', ''); process.exit(143) }); setInterval(() => {}, 1000) }";
      const argv = [process.execPath, '-e', script];
      return { name: 'resuming', argv, folder: shared, needs: { threads: 1 } };
    }

    async function until(holds: () => boolean): Promise<void> {
      while (!holds()) await sleep(100);
    }

    it('says in one line that a partition or a feature of nodes is none that Slurm has', async () => {
      expect(await launcherIn('/tmp', { partition: 'short' }).refusal()).to.equal(
        "there is no partition 'short'; there are: p",
      );
      await inTemporaryFolder(async (shared) => {
        const job = { name: 'any', argv: ['true'], folder: shared, needs: { threads: 1 } };
        const launcher = launcherIn(shared, { sbatchArgs: ['--constraint=fast'] });
        const error = (await launcher.submit([job]).catch((one: unknown) => one)) as LaunchError;
        expect(error).to.be.instanceOf(LaunchError).and.to.have.property('code', 'launch-refused');
        expect(error.message).to.match(/^Slurm does not take the jobs: Invalid feature specification$/);
      });
    });

    it('has a task try a folder that all nodes see', () =>
      inTemporaryFolder(async (shared) => {
        await launcherIn(shared).probe({ paths: [shared] });
        expect(existsSync(join(shared, 'jobs')) && readdirSync(join(shared, 'jobs'))).to.deep.equal([]);
        const wrong = await launcherIn(shared)
          .probe({ paths: [join(shared, 'absent')] })
          .catch((one: unknown) => one as LaunchError);
        expect(wrong).to.have.property('code', 'launch-unshared');
        expect(wrong!.message).to.match(/absent is not there on n[12]; everything that jobs use must lie on/);
      }));

    for (const [how, disturb] of Object.entries({
      'whose time is nearly over': (task: string) => cluster.command('scancel', ['--signal=USR1', '--batch', task]),
      'whose node is taken down': async () => {
        const { stdout } = await cluster.command('squeue', ['--noheader', '--format=%N', '--states=running']);
        const node = stdout.trim();
        await cluster.command('scontrol', ['update', `nodename=${node}`, 'state=down', 'reason=test']);
        await sleep(2_000);
        await cluster.command('scontrol', ['update', `nodename=${node}`, 'state=resume']);
      },
    })) {
      it(`queues a task again ${how}, and it only`, function () {
        this.timeout(400_000);
        return inTemporaryFolder(async (shared) => {
          const launcher = launcherIn(shared, { time: '10:00' });
          const other: Job = { name: 'other', argv: ['true'], folder: shared, needs: { threads: 1 } };
          const [id, otherId] = await launcher.submit([resuming(shared), other]);
          await until(() => existsSync(join(shared, 'begun')));
          expect(await endOf(launcher, otherId!)).to.deep.equal({ state: 'finished' });
          await disturb(id!.split('/')[0]!);
          expect(await endOf(launcher, id!)).to.deep.equal({ state: 'finished' });
          expect(readFileSync(join(shared, 'begun'), 'utf8')).to.equal('xx');
          if (how.includes('time')) expect(existsSync(join(shared, 'checkpoint'))).to.equal(true);
        });
      });
    }
  });

  it('refuses a folder that the nodes do not see', async function () {
    this.timeout(120_000);
    if (process.env.ONNX_FORGE_SLURM !== '1') skip(this, 'ONNX_FORGE_SLURM=1 starts a Slurm of two nodes here');
    const refusal = await clusterRefusal();
    if (refusal !== undefined) skip(this, refusal);
    await inTemporaryFolder(async (folder) => {
      const hidden = join(folder, 'home');
      await mkdir(hidden);
      await using apart = await startCluster(join(folder, 'slurm'), { hidden });
      const { SLURM_CONF: outside } = process.env;
      process.env.SLURM_CONF = apart.config;
      try {
        const launcher = new SlurmLauncher({ folder: join(hidden, 'jobs') });
        const error = (await launcher.probe({ paths: [] }).catch((one: unknown) => one)) as LaunchError;
        expect(error).to.have.property('code', 'launch-unshared');
        expect(error.message).to.include(`${join(hidden, 'jobs')} is not the same folder on n`);
        expect(readdirSync(join(hidden, 'jobs'))).to.deep.equal([]);
      } finally {
        if (outside === undefined) delete process.env.SLURM_CONF;
        else process.env.SLURM_CONF = outside;
      }
    });
  });
});
