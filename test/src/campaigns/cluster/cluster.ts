import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '@onnx-forge/infer';
import { zipSync } from 'fflate';
import { npyBytes } from '../../train/data/npy-bytes.js';
import { type Cluster, clusterRefusal, startCluster } from '../../train/launch/slurm-cluster.js';
import type { Campaign, CampaignOptions, CampaignResult, Failure } from '../campaign.js';
import { differenceOf, type Result, resultOf } from '../runs/result.js';
import { KILLS, type KillName, runningTasks } from './kills.js';
import { SweepProcess, TINY_LINE } from './sweep-process.js';

/** Of the short form. */
const [TRIALS, KILLED] = [12, 6];
/** Of each node: tasks that it runs at a time. */
const CORES = 3;
/** Between two looks at the sweep, ms. */
const LOOK_EVERY_MS = 1_000;
/** Without another trial for so long the sweep stands still, ms. */
const PATIENCE_MS = 600_000;
/** How often the process that waits for the sweep is killed. */
const LAUNCHERS_KILLED = 2;

interface Plan {
  readonly trials: number;
  readonly kills: number;
  readonly seed: number;
}

/** A sweep on two nodes of Slurm whose tasks and nodes are killed. */
export const cluster: Campaign = {
  name: 'cluster',
  title: 'kills tasks and nodes of a Slurm of two nodes (Linux, root): the sweep ends as without, to the bit',

  async run(options): Promise<CampaignResult> {
    const skipped = await clusterRefusal();
    if (skipped !== undefined) return { counts: { skipped }, failures: [], undecided: [] };
    const { trials = TRIALS, kills = KILLED, seed } = options;
    const plan = options.again === undefined ? { trials, kills, seed } : parseAgain(options.again);
    const folder = await mkdtemp(join(tmpdir(), 'onnx-forge-cluster-'));
    try {
      return await disturb(plan, folder, options);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

function parseAgain(text: string): Plan {
  const [, trials, kills, seed] = /^(\d+):(\d+):(\d+)$/.exec(text) ?? [];
  if (seed === undefined) throw new Error(`--again must be TRIALS:KILLS:SEED, such as 200:30:1, not '${text}'`);
  return { trials: Number(trials), kills: Number(kills), seed: Number(seed) };
}

async function disturb(plan: Plan, folder: string, { log, folder: keep }: CampaignOptions): Promise<CampaignResult> {
  const { trials, kills, seed } = plan;
  const data = join(folder, 'halves.npz');
  await writeFile(data, halves());
  const file = join(folder, 'sweep.json');
  await writeFile(file, JSON.stringify(sweepOf(trials, data)));
  const alone = new SweepProcess([file, '--out', join(folder, 'alone')]);
  await using nodes = await startCluster(join(folder, 'slurm'), { cores: CORES });
  using _ = endedBySignals(nodes);
  const out = join(folder, 'cluster');
  const words = [file, '--out', out, '--launcher', 'slurm', '--partition', 'p', '--time', '30:00'];
  const counts = await whileKilling({ nodes, out, words, plan, log });
  const failures: Failure[] = [];
  const fail = (about: string): void => {
    failures.push({ about, again: `${trials}:${kills}:${seed}` });
  };
  if (counts.fault !== undefined) fail(counts.fault);
  log('the same by one process');
  if ((await alone.ended) !== 0) throw new Error(`the sweep fails by itself: ${alone.said}`);
  const [found, wanted] = [await sweepResult(out), await sweepResult(join(folder, 'alone'))];
  let equal = 0;
  for (const [trial, result] of Object.entries(wanted)) {
    const difference = found[trial] === undefined ? 'it has no record' : differenceOf(found[trial], result);
    if (difference === undefined) equal += 1;
    else fail(`trial ${trial}: ${difference}`);
  }
  if (failures.length > 0) await keepLogs(folder, keep);
  const { byName, launchers, restarts } = counts;
  return {
    counts: {
      trials,
      kills: Object.values(byName).reduce((sum, count) => sum + count, 0),
      'bit-identical': equal,
      ...Object.fromEntries(Object.entries(byName).map(([name, count]) => [`${name} kills`, count])),
      'tasks queued again': restarts,
      'launchers killed': launchers,
    },
    failures,
    undecided: [],
  };
}

function sweepOf(trials: number, data: string): object {
  return {
    model: TINY_LINE,
    settings: { data, device: 'cpu', threads: 1, epochs: 3, batchSize: 20 },
    space: { learningRate: { min: 1e-3, max: 0.1, log: true }, momentum: { min: 0, max: 0.9 } },
    target: 'validation.accuracy',
    trials,
  };
}

/** 200 images of 4 x 4 whose left or right half is lit, with noise, and which half it is. */
function halves(): Uint8Array {
  const random = new Random(3);
  const count = 200;
  const images = Uint8Array.from({ length: count * 16 }, (_, i) => {
    const lit = (i >> 4) % 2 === (i % 4) >> 1;
    return 255 * Number(lit !== random.uniform() < 0.2);
  });
  const labels = Int32Array.from({ length: count }, (_, i) => i % 2);
  return zipSync({
    'images.npy': npyBytes('|u1', [count, 4, 4], images),
    'labels.npy': npyBytes('<i4', [count], labels),
  });
}

/** Ends the daemons, too, when somebody ends the campaign. */
function endedBySignals(nodes: Cluster): Disposable {
  const end = (signal: NodeJS.Signals): void => {
    const again = () => process.kill(process.pid, signal);
    void nodes[Symbol.asyncDispose]().then(again, again);
  };
  process.once('SIGINT', end).once('SIGTERM', end);
  return {
    [Symbol.dispose]() {
      process.off('SIGINT', end).off('SIGTERM', end);
    },
  };
}

interface Disturbed {
  readonly byName: Readonly<Record<KillName, number>>;
  readonly launchers: number;
  /** Beginnings of tasks after their first. */
  readonly restarts: number;
  readonly fault?: string | undefined;
}

/** Runs the sweep's command to its end, while tasks and nodes are killed as trials end. */
async function whileKilling({
  nodes,
  out,
  words,
  plan: { trials, kills, seed },
  log,
}: {
  readonly nodes: Cluster;
  readonly out: string;
  readonly words: readonly string[];
  readonly plan: Plan;
  readonly log: (line: string) => void;
}): Promise<Disturbed> {
  const random = new Random(seed).fork('kills');
  const names = Object.keys(KILLS) as KillName[];
  const byName = Object.fromEntries(names.map((name) => [name, 0])) as Record<KillName, number>;
  const env = { SLURM_CONF: nodes.config };
  let waiting = new SweepProcess(words, env);
  let [done, launchers, progress, seen] = [0, 0, performance.now(), 0];
  let fault: string | undefined;
  while (waiting.code === undefined) {
    await sleep(LOOK_EVERY_MS);
    const ended = await countEnded(out);
    if (ended > seen) [seen, progress] = [ended, performance.now()];
    if (performance.now() - progress > PATIENCE_MS) {
      fault = `no trial ended for ${PATIENCE_MS / 60_000} minutes: ${ended} of ${trials} have`;
      waiting.kill();
      break;
    }
    // From the first task to the last, as evenly as trials end.
    if (done < kills && ended >= (done * trials) / (kills + 1)) {
      const tasks = await runningTasks(nodes);
      if (tasks.length === 0) continue;
      const name = names[done % names.length]!;
      await sleep(random.integer(2_000));
      if (!(await KILLS[name](nodes, tasks[random.integer(tasks.length)]!, random))) continue;
      byName[name] += 1;
      done += 1;
      log(`${name}: ${done} of ${kills} kills, ${ended} of ${trials} trials ended`);
    }
    if (launchers < LAUNCHERS_KILLED && ended >= ((launchers + 1) * trials) / (LAUNCHERS_KILLED + 1)) {
      waiting.kill();
      await waiting.ended;
      launchers += 1;
      waiting = new SweepProcess(words, env);
    }
  }
  const code = await waiting.ended;
  if (fault === undefined && code !== 0)
    fault = `the sweep ends with ${code}: ${waiting.said.trim().split('\n').at(-1)}`;
  if (done < kills) fault ??= `only ${done} of ${kills} kills before the sweep ended`;
  return { byName, launchers, restarts: await restartsIn(join(out, '..', 'slurm')), fault };
}

async function countEnded(out: string): Promise<number> {
  const names = await readdir(join(out, 'trials')).catch(() => []);
  const records = names.filter((name) => name.endsWith('.json'));
  const states = await Promise.all(records.map((name) => readFile(join(out, 'trials', name), 'utf8').catch(() => '')));
  return states.filter((text) => text !== '' && !text.includes('"state":"open"')).length;
}

/** Tasks that Slurm queued again, by its controller's log. */
async function restartsIn(slurm: string): Promise<number> {
  const log = await readFile(join(slurm, 'log', 'ctld.log'), 'utf8');
  return [...log.matchAll(/ Requeuing JobId=/g)].length;
}

/** Files and record of each trial, durations left out. */
async function sweepResult(sweep: string): Promise<Readonly<Record<string, Result>>> {
  const trials = join(sweep, 'trials');
  const records = (await readdir(trials)).filter((name) => name.endsWith('.json'));
  const results = records.map(async (name): Promise<[string, Result]> => {
    const { seconds: _, ...record } = JSON.parse(await readFile(join(trials, name), 'utf8')) as Record<string, unknown>;
    const run = name.replace('.json', '');
    return [run, { record: JSON.stringify(record), ...(await resultOf(join(trials, run))) }];
  });
  return Object.fromEntries(await Promise.all(results));
}

/** Keeps the logs of jobs and daemons, for whoever looks for the cause. */
async function keepLogs(from: string, keep: string): Promise<void> {
  const to = join(keep, `failed-${Date.now()}`);
  await mkdir(to, { recursive: true });
  for (const folder of [join(from, 'cluster', 'jobs'), join(from, 'slurm', 'log')]) {
    for (const name of await readdir(folder).catch(() => [])) {
      if (/\.(log|result)$/.test(name)) await writeFile(join(to, name), await readFile(join(folder, name)));
    }
  }
}
