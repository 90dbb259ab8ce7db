import assert from 'node:assert/strict';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isOver, type Job, type JobId, type JobState, type Launcher } from '../launch/launcher.js';

/** The launcher under test. */
export interface LauncherSubject {
  /** A launcher that runs at least one job at a time; each call gives a new one, as a restarted process would have it. */
  make(): Launcher;
  /** An empty folder that all machines see. */
  readonly folder: string;
  /** Longest wait for anything, ms. Default 120,000. */
  readonly patienceMs?: number;
}

/** Checks by the promise that they hold a launcher to. Each throws an AssertionError when it is broken. */
export const LAUNCHER_CHECKS: Readonly<Record<string, (subject: LauncherSubject) => Promise<void>>> = {
  async 'runs forty jobs, each with its own arguments'(subject) {
    const jobs = Array.from({ length: 40 }, (_, i) => scriptJob(subject, `one-${i}`, `write('${i}')`));
    const states = await runAll(subject, jobs);
    assert.deepEqual(states, Array<JobState>(40).fill({ state: 'finished' }));
    for (let i = 0; i < 40; i += 1) assert.equal(await written(subject, `one-${i}`), `${i}`);
  },

  async 'one job that fails does not stop the others, and says how it failed'(subject) {
    const jobs = [
      scriptJob(subject, 'good-1', "write('1')"),
      scriptJob(subject, 'bad', 'process.exit(3)'),
      scriptJob(subject, 'good-2', "write('2')"),
    ];
    const [first, bad, last] = await runAll(subject, jobs);
    assert.deepEqual([first, last], [{ state: 'finished' }, { state: 'finished' }]);
    assert.equal(bad!.state, 'failed');
    assert.match(JSON.stringify(bad), /exit code 3/);
  },

  async 'a job that is killed has failed, and its signal is named'(subject) {
    const [state] = await runAll(subject, [scriptJob(subject, 'killed', "process.kill(process.pid, 'SIGKILL')")]);
    assert.equal(state!.state, 'failed');
    assert.match(JSON.stringify(state), /SIGKILL/);
  },

  async 'a program that is not there has failed'(subject) {
    const job: Job = { ...scriptJob(subject, 'absent', ''), argv: ['/there/is/no/such-program'] };
    const [state] = await runAll(subject, [job]);
    assert.equal(state!.state, 'failed');
  },

  async 'a job is asked to end when its time is over, and has failed'(subject) {
    const job = scriptJob(subject, 'slow', "process.on('SIGTERM', () => { write('asked'); process.exit(0) }); wait()");
    const [state] = await runAll(subject, [{ ...job, needs: { threads: 1, minutes: 0.03 } }]);
    assert.equal(state!.state, 'failed');
    assert.match(JSON.stringify(state), /longer than 0.03 minutes/);
    assert.equal(await written(subject, 'slow'), 'asked');
  },

  async 'a running job that is cancelled is asked to end; a waiting one does not begin'(subject) {
    const launcher = subject.make();
    const slow = "process.on('SIGTERM', () => { write('asked'); process.exit(143) }); write('begun'); wait()";
    const running = await launcher.submit([scriptJob(subject, 'running', slow)]);
    await until(subject, async () => (await written(subject, 'running')) === 'begun');
    const waiting = await launcher.submit([scriptJob(subject, 'waiting', "write('begun')")], running);
    await launcher.cancel([...waiting, ...running]);
    const states = await end(subject, [...running, ...waiting], launcher);
    assert.deepEqual(states, [{ state: 'cancelled' }, { state: 'cancelled' }]);
    assert.equal(await written(subject, 'running'), 'asked');
    assert.equal(await written(subject, 'waiting'), undefined);
  },

  async 'jobs begin when all that they come after are over, failed ones too'(subject) {
    const launcher = subject.make();
    const first = await launcher.submit([
      scriptJob(subject, 'before-1', "setTimeout(() => write('1'), 300)"),
      scriptJob(subject, 'before-2', 'process.exit(1)'),
    ]);
    const look = `const fs = require('fs'); write(fs.existsSync(${JSON.stringify(outFile(subject, 'before-1'))}) ? 'yes' : 'no')`;
    const [state] = await end(subject, await launcher.submit([scriptJob(subject, 'later', look)], first), launcher);
    assert.deepEqual(state, { state: 'finished' });
    assert.equal(await written(subject, 'later'), 'yes');
  },

  async 'a launcher that was restarted finds the jobs of the one before'(subject) {
    const slow = scriptJob(subject, 'lasting', "setTimeout(() => write('done'), 1500)");
    const ids = await subject.make().submit([slow]);
    const [now] = await subject.make().states(ids);
    assert.ok(!isOver(now!), `it is ${now!.state}`);
    assert.deepEqual(await end(subject, ids, subject.make()), [{ state: 'finished' }]);
    assert.equal(await written(subject, 'lasting'), 'done');
  },

  async 'a job that is submitted twice has finished, once or twice'(subject) {
    const launcher = subject.make();
    const job = scriptJob(subject, 'double', "setTimeout(() => write('done'), 300)");
    const ids = [...(await launcher.submit([job])), ...(await launcher.submit([job]))];
    assert.deepEqual(await end(subject, ids, launcher), [{ state: 'finished' }, { state: 'finished' }]);
  },

  async 'a job that failed can be submitted again'(subject) {
    const file = JSON.stringify(outFile(subject, 'again'));
    const job = scriptJob(subject, 'again', `if (!require('fs').existsSync(${file})) { write('1'); process.exit(1) }`);
    const [first] = await runAll(subject, [job]);
    assert.equal(first!.state, 'failed');
    assert.deepEqual(await runAll(subject, [job]), [{ state: 'finished' }]);
  },

  async 'jobs that nobody knows are lost'(subject) {
    const launcher = subject.make();
    const [id] = await launcher.submit([scriptJob(subject, 'known', '')]);
    await end(subject, [id!], launcher);
    const [state] = await launcher.states([id!.replace('known', 'unknown').replace(/^\d+/, '999999')]);
    assert.deepEqual(state, { state: 'lost' });
  },
};

function outFile({ folder }: LauncherSubject, name: string): string {
  return join(folder, 'out', name);
}

/** A job that runs JavaScript in which `write(text)` makes the job's file hold the text and `wait()` waits for ever. */
function scriptJob(subject: LauncherSubject, name: string, script: string): Job {
  const file = JSON.stringify(outFile(subject, name));
  const prelude =
    `const write = (text) => { const fs = require('fs'); fs.mkdirSync(${JSON.stringify(join(subject.folder, 'out'))}, { recursive: true }); ` +
    `fs.writeFileSync(${file}, text) }; const wait = () => setInterval(() => {}, 1000); `;
  return { name, argv: [process.execPath, '-e', prelude + script], folder: subject.folder, needs: { threads: 1 } };
}

async function written(subject: LauncherSubject, name: string): Promise<string | undefined> {
  await mkdir(join(subject.folder, 'out'), { recursive: true });
  // A listing first: network file systems remember for a while that a file was not there.
  const names = await readdir(join(subject.folder, 'out'));
  return names.includes(name) ? readFile(outFile(subject, name), 'utf8') : undefined;
}

async function until({ patienceMs = 120_000 }: LauncherSubject, holds: () => Promise<boolean>): Promise<void> {
  for (const begin = performance.now(); !(await holds()); await sleep(100)) {
    assert.ok(performance.now() - begin < patienceMs, `it did not happen within ${patienceMs / 1_000} s`);
  }
}

async function runAll(subject: LauncherSubject, jobs: readonly Job[]): Promise<readonly JobState[]> {
  const launcher = subject.make();
  return end(subject, await launcher.submit(jobs), launcher);
}

/** States of jobs when all are over. */
async function end(subject: LauncherSubject, ids: readonly JobId[], launcher: Launcher): Promise<readonly JobState[]> {
  let states: readonly JobState[] = [];
  await until(subject, async () => {
    states = await launcher.states(ids);
    return states.every(isOver);
  });
  return states;
}
