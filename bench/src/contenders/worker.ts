import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Contender, type Runner, Unavailable } from '../benchmark.js';
import type { Answer, TaskSpec } from '../worker/protocol.js';

const WORKER = fileURLToPath(new URL('../worker/main.js', import.meta.url));

/** An engine in a Node process of its own. `spec` may take time: a run folder may have to be made first. */
export function worker(engine: string, spec: () => TaskSpec | Promise<TaskSpec>): Contender {
  return { engine, open: async () => openWorker(await spec()) };
}

/** Starts a worker and waits until it is ready to measure. */
export async function openWorker(spec: TaskSpec): Promise<Runner> {
  const child = fork(WORKER, [JSON.stringify(spec)], {
    env: { ...process.env, ...threadLimits(spec.threads) },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const opened = await nextAnswer(child);
  if (!('ready' in opened)) throw new TypeError('a worker must say that it is ready first');
  return {
    ...opened.ready,
    async measure() {
      const answer = nextAnswer(child);
      if (child.connected) child.send('measure');
      const given = await answer;
      if (!('reading' in given)) throw new TypeError('a worker must answer with a reading');
      return given.reading;
    },
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

/** For libraries that read their number of threads from the environment (libtensorflow, OpenMP). */
export function threadLimits(threads: number): Record<string, string> {
  const count = `${threads}`;
  return { OMP_NUM_THREADS: count, TF_NUM_INTRAOP_THREADS: count, TF_NUM_INTEROP_THREADS: '1' };
}

/** @throws Unavailable what the worker refused, or how it ended */
function nextAnswer(child: ChildProcess): Promise<Exclude<Answer, { refused: unknown }>> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null, signal: string | null): void =>
      reject(new Unavailable({ status: 'failed', reason: `the process ended (${signal ?? `code ${code}`})` }));
    if (!child.connected) {
      ended(child.exitCode, child.signalCode);
      return;
    }
    const done = (): void => {
      child.off('message', onMessage);
      child.off('exit', onExit);
    };
    const onMessage = (message: unknown): void => {
      done();
      const answer = message as Answer;
      if ('refused' in answer) reject(new Unavailable(answer.refused));
      else resolve(answer);
    };
    const onExit = (code: number | null, signal: string | null): void => {
      done();
      ended(code, signal);
    };
    child.on('message', onMessage);
    child.on('exit', onExit);
  });
}
