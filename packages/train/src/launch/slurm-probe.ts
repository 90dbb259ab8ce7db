import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LaunchError } from './errors.js';
import { shellQuoted } from './shell-quoted.js';
import { slurm } from './slurm-command.js';

/** Between two looks at the task, ms. */
const LOOK_EVERY_MS = 500;
/** Network file systems show what another machine wrote after so long at most, ms. */
const VISIBLE_MS = 10_000;
/** After so long in the queue `onWait` is told, ms. */
const PATIENCE_MS = 10_000;

export interface Probe {
  /** Of the jobs' files. */
  readonly folder: string;
  /** Folders and files that jobs need beside it. */
  readonly paths: readonly string[];
  /** Options of sbatch: partition, account ... */
  readonly args: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** Called once if the task has to wait, with Slurm's reason. */
  readonly onWait?: ((reason: string) => void) | undefined;
}

/**
 * Has a task of Slurm read and write in a folder, and look for paths: whether nodes share them with this machine. One node is
 * asked, whichever Slurm chooses.
 *
 * @throws LaunchError (`launch-unshared`) naming what the node does not see; SlurmFailure when the task is not taken
 */
export async function probe({ folder, paths, args, signal, onWait }: Probe): Promise<void> {
  await mkdir(folder, { recursive: true });
  const token = randomUUID();
  const name = `probe-${token}`;
  const [asked, answered] = [join(folder, name), join(folder, `${name}.answer`)];
  await writeFile(asked, token);
  const line = await slurm('sbatch', [...OPTIONS, ...args], script(asked, answered, token, paths));
  const job = line.trim().split(';')[0]!;
  try {
    const begin = performance.now();
    let over: number | undefined;
    for (let waited = false; ; ) {
      // A listing: network file systems remember for a while that a file was not there.
      const names = await readdir(folder);
      if (names.includes(`${name}.answer`) && (await readFile(answered, 'utf8')).trim() === token) return;
      const { state, exitCode, node, reason } = await taskOf(job);
      if (state !== 'PENDING' && state !== 'RUNNING' && state !== 'COMPLETING' && state !== 'CONFIGURING') {
        over ??= performance.now();
        if (exitCode !== 0 || performance.now() - over > VISIBLE_MS) throw unshared(folder, paths, exitCode, node);
      } else if (state === 'PENDING' && !waited && performance.now() - begin > PATIENCE_MS) {
        waited = true;
        onWait?.(reason);
      }
      await sleep(LOOK_EVERY_MS, undefined, signal ? { signal } : {});
    }
  } finally {
    await slurm('scancel', [job]).catch(() => {});
    for (const file of [asked, answered]) await rm(file, { force: true });
  }
}

const OPTIONS = ['--parsable', '--job-name=onnx-forge-probe', '--time=1', '--output=/dev/null', '--chdir=/'];

/** Exit code of a task that does not see the folder; more by one for each path. */
const FIRST_CODE = 10;

function script(asked: string, answered: string, token: string, paths: readonly string[]): string {
  return [
    '#!/bin/sh',
    `[ "$(cat ${shellQuoted(asked)})" = ${token} ] && : >${shellQuoted(answered)} || exit ${FIRST_CODE}`,
    ...paths.map((path, index) => `[ -e ${shellQuoted(path)} ] || exit ${FIRST_CODE + 1 + index}`),
    `echo ${token} >${shellQuoted(answered)}`,
    '',
  ].join('\n');
}

function unshared(folder: string, paths: readonly string[], exitCode: number, node: string): LaunchError {
  const path = paths[exitCode - FIRST_CODE - 1];
  const message =
    path !== undefined
      ? `${path} is not there on ${node}`
      : exitCode === FIRST_CODE || exitCode === 0
        ? `${folder} is not the same folder on ${node}: a task there can't read what is written here, or can't write`
        : `a task on ${node} that tries ${folder} ended with exit code ${exitCode}`;
  const advice = 'everything that jobs use must lie on a file system that all nodes share, under the same path';
  return new LaunchError('launch-unshared', `${message}; ${advice}`, { path: path ?? folder, node });
}

interface Task {
  readonly state: string;
  readonly exitCode: number;
  readonly node: string;
  readonly reason: string;
}

async function taskOf(job: string): Promise<Task> {
  const text = await slurm('scontrol', ['show', 'job', '--oneliner', job]);
  const field = (name: string): string => new RegExp(`(?:^|\\s)${name}=(\\S+)`).exec(text)?.[1] ?? '';
  return {
    state: field('JobState'),
    exitCode: Number.parseInt(field('ExitCode'), 10),
    node: field('NodeList') || 'a node',
    reason: field('Reason'),
  };
}
