import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SCRIPT = fileURLToPath(new URL('../../../slurm/start.sh', import.meta.url));
const run = promisify(execFile);

/** A Slurm of two nodes on this machine. */
export interface Cluster extends AsyncDisposable {
  /** Value of SLURM_CONF. */
  readonly config: string;
}

/** Why no Slurm can be started here; undefined: it can. */
export async function clusterRefusal(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'Slurm is for Linux';
  if (process.getuid?.() !== 0) return 'starting a Slurm of its own needs root';
  for (const program of ['slurmctld', 'slurmd', 'munged']) {
    if (!(await isOnPath(program))) return `${program} is not installed (apt-get install slurm-wlm munge)`;
  }
  return undefined;
}

/** @param folder for its files; it must be empty */
export async function startCluster(folder: string): Promise<Cluster> {
  const { stdout } = await run('bash', [SCRIPT, folder]);
  return {
    config: /SLURM_CONF=(.*)/.exec(stdout)![1]!,
    async [Symbol.asyncDispose]() {
      await run('bash', [SCRIPT, '--stop', folder]);
    },
  };
}

async function isOnPath(program: string): Promise<boolean> {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  const found = await Promise.allSettled(folders.map((folder) => access(join(folder, program), constants.X_OK)));
  return found.some(({ status }) => status === 'fulfilled');
}
