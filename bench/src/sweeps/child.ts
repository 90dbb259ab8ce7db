import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Launcher, LocalLauncher } from '@onnx-forge/train/launch';
import { launchSweep, SweepFolder, type SweepSpec, surveySweep, sweep, sweepSchema } from '@onnx-forge/train/sweep';

/** Measurements that a process of its own makes; it prints the number, and the CPU seconds of what was timed. */
export type SweepTask = 'launch' | 'memory' | 'resume' | 'results';

const [task, out, count] = process.argv.slice(2) as [SweepTask, string, string];
const trials = Number(count);
const spec: SweepSpec = sweepSchema.parse({
  model: 'none',
  space: { rate: { min: 1e-4, max: 1e-1, log: true }, kind: ['a', 'b'] },
  target: 'validation.loss',
  trials,
});

function record(number: number): string {
  const settings = { rate: 10 ** (-4 + (3 * number) / trials), kind: number % 2 ? 'a' : 'b' };
  return `${JSON.stringify({ number, settings, state: 'finished', values: [Math.sin(number)], seconds: 10 })}\n`;
}

const fileOf = (folder: string, number: number) => join(folder, `${SweepFolder.trialName(number)}.json`);

/** A finished sweep. */
async function finished(): Promise<SweepFolder> {
  const folder = await SweepFolder.begin(out, spec);
  for (let number = 0; number < trials; number += 1) {
    await writeFile(fileOf(join(out, 'trials'), number), record(number));
  }
  return folder;
}

let cpuSeconds = 0;

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const [before, cpuBefore] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(cpuBefore);
  cpuSeconds = (user + system) / 1e6;
  return (performance.now() - before) / 1_000;
}

/** Trials whose work is to copy their record: what is left is launching, following and telling. CPU of the children comes on top. */
async function launch(): Promise<number> {
  const ready = join(out, 'ready');
  await mkdir(ready, { recursive: true });
  for (let number = 0; number < trials; number += 1) await writeFile(fileOf(ready, number), record(number));
  const launcher = new LocalLauncher({ folder: join(out, 'jobs'), processes: 1 });
  const job = (number: number) => ({
    argv: ['cp', fileOf(ready, number), fileOf(join(out, 'trials'), number)],
    ...{ folder: out, needs: { threads: 1 } },
  });
  const { finished: done } = await launchSweep({ out, spec, launcher, job });
  if (done !== trials) throw new Error(`${done} of ${trials} trials ended`);
  return 0;
}

/** The most memory that a launching process takes, MB; its launcher's jobs end at once. */
async function memory(): Promise<number> {
  const launcher: Launcher = {
    name: 'at once',
    refusal: async () => undefined,
    async submit(jobs) {
      for (const { name } of jobs) {
        const number = Number(name.slice('trial-'.length));
        await writeFile(fileOf(join(out, 'trials'), number), record(number));
      }
      return jobs.map(({ name }) => name);
    },
    states: async (ids) => ids.map(() => ({ state: 'finished' })),
    cancel: async () => {},
  };
  const job = () => ({ argv: [process.execPath, 'sweep', 'trial'], folder: out, needs: { threads: 1 } });
  await launchSweep({ out, spec, launcher, job });
  return process.resourceUsage().maxRSS / 1_024;
}

async function measured(): Promise<number> {
  if (task === 'launch') return launch();
  if (task === 'memory') return memory();
  const folder = await finished();
  const refuse = () => Promise.reject(new Error('a finished trial was trained again'));
  return seconds(() => (task === 'resume' ? sweep({ out, spec }, refuse) : surveySweep(folder)));
}

process.stdout.write(`${await measured()} ${cpuSeconds}\n`);
