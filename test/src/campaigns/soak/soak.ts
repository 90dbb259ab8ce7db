import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Campaign, CampaignOptions, CampaignResult, Failure } from '../campaign.js';
import { chosenParts } from '../parts.js';
import { watchChild } from '../watch.js';
import type { Gauges, SoakReport } from './child.js';
import { TASKS, type TaskName } from './tasks.js';
import { trendOf } from './trend.js';

const CHILD = fileURLToPath(new URL('child.js', import.meta.url));

/** Growth that is allowed from the first third of a task to the last, beside noise. */
const MARGIN: Readonly<Record<keyof Gauges, number>> = {
  resident: 24 * 2 ** 20,
  heap: 4 * 2 ** 20,
  buffers: 4 * 2 ** 20,
  handles: 2,
  threads: 2,
  files: 2,
};

/** The same work again and again in one process: nothing grows. */
export const soak: Campaign = {
  name: 'soak',
  title: 'training, serving and the onnx backend again and again in one process: memory, handles, threads stay',

  async run(options) {
    const folder = await mkdtemp(join(tmpdir(), 'onnx-forge-soak-'));
    try {
      return await soakAll(options, folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function soakAll({ milliseconds, only, again, log }: CampaignOptions, folder: string): Promise<CampaignResult> {
  const names = chosenParts(Object.keys(TASKS) as TaskName[], again === undefined ? only : [again]);
  const failures: Failure[] = [];
  const undecided: Failure[] = [];
  const counts: Record<string, number | string> = {};
  for (const name of names) {
    const report = await soakTask(name, milliseconds / names.length, join(folder, name));
    if ('ending' in report) {
      const found = { about: `${name} ${report.ending}`, again: name };
      (report.ending === 'starved' ? undecided : failures).push(found);
      log(found.about);
      continue;
    }
    counts[`times ${name}`] = report.times;
    const texts: string[] = [];
    for (const gauge of Object.keys(MARGIN) as (keyof Gauges)[]) {
      const trend = trendOf(report.gauges.map((gauges) => gauges[gauge]));
      texts.push(`${gauge} ${amount(gauge, trend.first)} -> ${amount(gauge, trend.last)}`);
      if (trend.last - trend.first <= MARGIN[gauge] + 3 * trend.noise) continue;
      const about = `${name}: ${gauge} grows from ${amount(gauge, trend.first)} to ${amount(gauge, trend.last)} in ${report.times} times`;
      failures.push({ about, again: name });
    }
    counts[name] = `resident ${texts[0]!.replace('resident ', '')}`;
    log(`${name}: ${report.times} times; ${texts.join(', ')}`);
  }
  return { counts, failures, undecided };
}

function amount(gauge: keyof Gauges, value: number): string {
  return ['resident', 'heap', 'buffers'].includes(gauge) ? `${(value / 2 ** 20).toFixed(1)} MiB` : value.toFixed(1);
}

/** The report of a process, or the way in which it ended without one. */
async function soakTask(
  name: TaskName,
  milliseconds: number,
  folder: string,
): Promise<SoakReport | { readonly ending: string }> {
  const child = fork(CHILD, [JSON.stringify({ name, milliseconds, folder })], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  let report: SoakReport | undefined;
  let turns = 0;
  child.on('message', (message: SoakReport | 'turn') => {
    if (message === 'turn') turns++;
    else report = message;
  });
  const watch = watchChild(child, { progressOf: () => turns });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  const standstill = watch.end();
  return code === 0 && report ? report : { ending: standstill ?? `ended with ${signal ?? code}` };
}
