import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Benchmark, Reading } from '../benchmark.js';
import type { Settings } from '../benchmarks.js';
import type { Row } from '../report/result.js';
import type { SweepTask } from './child.js';

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url));
/** Trials of the rows on long sweeps, and what their memory is compared with. */
const [MANY, FEW] = [10_000, 1_000];
/** Trials that are launched as processes. */
const LAUNCHED = 20;
const TRIAL_SECONDS = 10;

const many = `a sweep of ${MANY.toLocaleString('en-US')} trials`;
const ROWS = {
  overhead: {
    id: 'sweep/overhead',
    title: `launching a trial as a process: CPU beside a training of ${TRIAL_SECONDS} s`,
    unit: '%',
  },
  memory: { id: 'sweep/memory', title: `${many}: peak memory of the launching process`, unit: 'MB' },
  resume: { id: 'sweep/resume', title: `${many}, all finished: going on with it`, unit: 's' },
  results: { id: 'sweep/results', title: `${many}: results.csv`, unit: 's' },
} as const;

/** The cost of a sweep beside its trainings. */
export function sweeping({ quick }: Settings): Benchmark {
  return {
    rows: Object.values(ROWS).map((row): Row => ({ ...row, better: 'lower' })),
    contenders: [
      {
        engine: 'onnx-forge',
        open: async () => ({
          version: `Node ${process.versions.node}`,
          threads: 1,
          measure: () => measure(quick),
          close: async () => {},
        }),
      },
    ],
  };
}

async function measure(quick: boolean): Promise<Reading> {
  const cpu = await inChild('launch', LAUNCHED);
  const few = await inChild('memory', FEW);
  const memory = await inChild('memory', MANY);
  const [resume, results] = [await inChild('resume', MANY), await inChild('results', MANY)];
  const perTrial = cpu.cpuSeconds / LAUNCHED;
  return {
    values: {
      [ROWS.overhead.id]: (100 * perTrial) / TRIAL_SECONDS,
      [ROWS.memory.id]: memory.value,
      [ROWS.resume.id]: resume.value,
      [ROWS.results.id]: results.value,
    },
    notes: {
      [ROWS.overhead.id]: [
        `${perTrial.toFixed(3)} s of CPU a trial, mean of ${LAUNCHED} whose training is to copy a file`,
      ],
      [ROWS.memory.id]: [`${few.value.toFixed(0)} MB with ${FEW.toLocaleString('en-US')} trials`],
      [ROWS.resume.id]: [`${resume.cpuSeconds.toFixed(2)} s of CPU`],
      [ROWS.results.id]: [`${results.cpuSeconds.toFixed(2)} s of CPU`],
    },
    last: quick,
  };
}

/** A measurement in a process of its own, with the CPU time of what was timed, or of that process and its children. */
async function inChild(
  task: SweepTask,
  trials: number,
): Promise<{ readonly value: number; readonly cpuSeconds: number }> {
  const out = await mkdtemp(join(tmpdir(), 'onnx-forge-sweeps-'));
  try {
    // The shell counts the CPU time of grandchildren, too.
    const script = 'TIMEFORMAT="%U %S"; time "$@"';
    const words = ['-c', script, 'bash', process.execPath, CHILD, task, join(out, 'sweep'), `${trials}`];
    const { stdout, stderr } = await promisify(execFile)('bash', words);
    const [user, system] = stderr.trim().split('\n').at(-1)!.split(' ').map(Number) as [number, number];
    const [value, ofWork] = stdout.trim().split(' ').map(Number) as [number, number];
    return { value, cpuSeconds: ofWork || user + system };
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}
