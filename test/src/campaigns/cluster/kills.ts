import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '@onnx-forge/infer';
import type { Cluster } from '../../train/launch/slurm-cluster.js';
import { keepersOf, kill, processesOf } from './processes.js';

/** A running task: `12_3`, on `n1`. */
export interface RunningTask {
  readonly id: string;
  readonly node: string;
}

/** Something bad that happens to a task or to its node. @returns false: the task was over before */
type Kill = (cluster: Cluster, task: RunningTask, random: Random) => Promise<boolean>;

/** Milliseconds from the loss of a node until it is there again: it is taken to be down after ten seconds. */
const outage = (random: Random): number => 2_000 + 1_000 * random.integer(18);

/** Everything bad that happens to tasks and nodes, by its name in the counts. */
export const KILLS = {
  /** kill -9 of the process that trains. */
  async process({ config }, { node }) {
    const training = (await processesOf(config, node)).find(({ argv }) => argv.includes('trial'));
    if (training) kill(training.pid);
    return training !== undefined;
  },

  /** kill -9 of the process that Slurm started. */
  async task({ config }, { node }) {
    const runner = (await processesOf(config, node)).find(({ argv }) => argv.some((word) => word.endsWith('.result')));
    if (runner) kill(runner.pid);
    return runner !== undefined;
  },

  /** The end of the task's time is announced, as `--signal` has Slurm do. */
  async notice({ command }, { id }) {
    return (await command('scancel', ['--signal=USR1', '--batch', id])).ok;
  },

  /** The power of a node fails: all of its processes are gone at once. */
  async node(cluster, { node }, random) {
    const processes = await processesOf(cluster.config, node);
    if (processes.length === 0) return false;
    kill(await cluster.daemon(node));
    for (const pid of [...(await keepersOf(processes)), ...processes.map((one) => one.pid)]) kill(pid);
    await sleep(outage(random));
    await cluster.startNode(node);
    return true;
  },

  /** The network of a node fails: its tasks go on while Slurm starts them elsewhere. */
  async network(cluster, { node }, random) {
    if ((await processesOf(cluster.config, node)).length === 0) return false;
    kill(await cluster.daemon(node));
    await sleep(outage(random));
    await cluster.startNode(node);
    return true;
  },

  /** An administrator takes a node down. */
  async down({ command }, { node }, random) {
    const { ok } = await command('scontrol', ['update', `nodename=${node}`, 'state=down', 'reason=campaign']);
    await sleep(outage(random));
    await command('scontrol', ['update', `nodename=${node}`, 'state=resume']);
    return ok;
  },
} as const satisfies Readonly<Record<string, Kill>>;

export type KillName = keyof typeof KILLS;

/** Running tasks of the user's arrays. */
export async function runningTasks({ command }: Cluster): Promise<readonly RunningTask[]> {
  const { stdout } = await command('squeue', ['--noheader', '--array', '--states=running', '--format=%i|%N|%j']);
  return stdout.split('\n').flatMap((line) => {
    const [id, node, name] = line.split('|');
    return id && node && name === 'onnx-forge' ? [{ id, node }] : [];
  });
}
