import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SCRIPT = fileURLToPath(new URL('../../../slurm/start.sh', import.meta.url));
const run = promisify(execFile);
/** Longest wait for a program of Slurm, ms. */
const COMMAND_MS = 8_000;

/** A Slurm of two nodes on this machine, `n1` and `n2`. */
export interface Cluster extends AsyncDisposable {
  /** Value of SLURM_CONF. */
  readonly config: string;
  /** Runs a program of Slurm, for eight seconds at most: one that has not failed by then counts as done. */
  command(program: string, args: readonly string[]): Promise<{ readonly ok: boolean; readonly stdout: string }>;
  /** Id of the process that serves a node. */
  daemon(node: string): Promise<number>;
  /** Starts that process again. */
  startNode(node: string): Promise<void>;
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

export interface ClusterOptions {
  /** A folder that the nodes do not see. */
  readonly hidden?: string;
  /** Cores that each node says it has. Default 1. */
  readonly cores?: number;
}

/** @param folder for its files; it must be empty */
export async function startCluster(folder: string, { hidden, cores = 1 }: ClusterOptions = {}): Promise<Cluster> {
  const ports = [await freePort(), await freePort(), await freePort()].join(' ');
  const own = { SLURM_PORTS: ports, SLURM_CPUS: `${cores}`, ...(hidden !== undefined && { SLURM_HIDDEN: hidden }) };
  const { stdout } = await run('bash', [SCRIPT, folder], { env: { ...process.env, ...own } });
  const config = /SLURM_CONF=(.*)/.exec(stdout)![1]!;
  const env = { ...process.env, SLURM_CONF: config };
  return {
    config,
    command: (program, args) =>
      // scancel tries again for minutes what it did once, when the task has queued again meanwhile.
      run(program, args, { env, timeout: COMMAND_MS }).then(
        (said) => ({ ok: true, stdout: said.stdout }),
        ({ killed }: { killed?: boolean }) => ({ ok: killed === true, stdout: '' }),
      ),
    daemon: async (node) => Number(await readFile(join(folder, `slurmd-${node}.pid`), 'utf8')),
    async startNode(node) {
      await run('slurmd', ['-N', node], { env });
    },
    async [Symbol.asyncDispose]() {
      await run('bash', [SCRIPT, '--stop', folder]);
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function isOnPath(program: string): Promise<boolean> {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  const found = await Promise.allSettled(folders.map((folder) => access(join(folder, program), constants.X_OK)));
  return found.some(({ status }) => status === 'fulfilled');
}
