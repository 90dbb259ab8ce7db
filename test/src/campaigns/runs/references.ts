import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Operation } from '../file-system/plan.js';
import { chosenParts } from '../parts.js';
import { fetchScenario, serveToy } from './fetch-data.js';
import { type Result, resultOf } from './result.js';
import { type Scenario, scenariosIn } from './scenarios.js';
import { runWork } from './work-process.js';

/** A scenario that was run once without a break. */
export interface Reference {
  readonly scenario: Scenario;
  readonly result: Result;
  /** Logs of trainings, by their paths. */
  readonly logs: Readonly<Record<string, Buffer>>;
  readonly milliseconds: number;
  /** File operations in the folder, in order. */
  readonly operations: readonly Operation[];
}

/** Runs the scenarios once each, only those of `names` if they are given; their data stay in the folder. */
export async function referencesIn(folder: string, names?: readonly string[]): Promise<readonly Reference[]> {
  const { url } = await serveToy();
  const all = [...(await scenariosIn(join(folder, 'common'))), fetchScenario(url)];
  const chosen = chosenParts(
    all.map(({ name }) => name),
    names,
  );
  const references: Reference[] = [];
  for (const scenario of all) {
    if (chosen.includes(scenario.name)) references.push(await referenceOf(scenario, folder));
  }
  return references;
}

async function referenceOf(scenario: Scenario, folder: string): Promise<Reference> {
  return inWork(folder, scenario, async (work) => {
    const record = `${work}.operations`;
    const { code, stderr, milliseconds } = await runWork(scenario.argv(work), { plan: { root: work, record } });
    if (code !== 0) throw new Error(`${scenario.name} fails by itself: ${stderr}`);
    const lines = (await readFile(record, 'utf8')).trim().split('\n');
    await rm(record);
    const result = await resultOf(work);
    const logs = Object.keys(result).filter((path) => path.endsWith('metrics.jsonl'));
    const contents = logs.map(async (path) => [path, await readFile(join(work, path))] as const);
    return {
      scenario,
      result,
      logs: Object.fromEntries(await Promise.all(contents)),
      milliseconds,
      operations: lines.map((line) => line.split(' ')[0] as Operation),
    };
  });
}

/** Uses a new folder in which a scenario can begin. */
export async function inWork<T>(folder: string, scenario: Scenario, use: (work: string) => Promise<T>): Promise<T> {
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, 'work-'));
  try {
    await scenario.setup(work);
    return await use(work);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
