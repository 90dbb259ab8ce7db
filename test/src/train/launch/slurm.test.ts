import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LAUNCHER_CHECKS } from '@onnx-forge/train/conformance';
import { SlurmLauncher } from '@onnx-forge/train/launch';
import { expect } from 'chai';
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
  });
});
