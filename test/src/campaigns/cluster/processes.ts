import { readdir, readFile } from 'node:fs/promises';

/** A process of a task that a node of the cluster runs. */
export interface TaskProcess {
  readonly pid: number;
  readonly parent: number;
  readonly argv: readonly string[];
}

/**
 * Processes of the tasks of one node, by the environment that slurmd gave them: none of another cluster, none that stands
 * for something else of this machine.
 */
export async function processesOf(config: string, node: string): Promise<readonly TaskProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const all = await Promise.all(pids.map((pid) => processIn(pid, config, node)));
  return all.filter((one) => one !== undefined);
}

async function processIn(pid: number, config: string, node: string): Promise<TaskProcess | undefined> {
  try {
    const variables = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0');
    if (!variables.includes(`SLURM_CONF=${config}`) || !variables.includes(`SLURMD_NODENAME=${node}`)) return undefined;
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold anything.
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    const argv = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').slice(0, -1);
    return { pid, parent, argv };
  } catch {
    return undefined;
  }
}

/** The slurmstepd processes that look after these. */
export async function keepersOf(processes: readonly TaskProcess[]): Promise<readonly number[]> {
  const keepers = new Set<number>();
  for (const { parent } of processes) {
    const name = await readFile(`/proc/${parent}/comm`, 'utf8').catch(() => '');
    if (name.startsWith('slurmstepd')) keepers.add(parent);
  }
  return [...keepers];
}

/** Ends a process at once; one that has ended already is no fault. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
