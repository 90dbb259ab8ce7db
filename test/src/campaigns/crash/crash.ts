import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@onnx-forge/infer';
import type { Campaign, CampaignOptions, CampaignResult, Failure } from '../campaign.js';
import { inWork, type Reference, referencesIn } from '../runs/references.js';
import { differenceOf, faultOf, resultOf } from '../runs/result.js';
import { runWork } from '../runs/work-process.js';

/** Most kills of one piece of work before it may go on to its end. */
const MOST_KILLS = 8;

/** Processes that are killed at random moments: nothing is lost but time. */
export const crash: Campaign = {
  name: 'crash',
  title: 'kill -9 at random: files are whole or absent, and what is resumed ends the same, to the bit',

  async run(options) {
    const folder = await mkdtemp(join(tmpdir(), 'onnx-forge-crash-'));
    try {
      const again = options.again === undefined ? undefined : parseAgain(options.again);
      const references = await referencesIn(folder, again ? [again.scenario] : options.only);
      return again ? await repeat(references[0]!, again, folder) : await killMany(references, options, folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

interface Trial {
  readonly scenario: string;
  readonly seed: number;
}

const againOf = ({ scenario, seed }: Trial): string => `${scenario}:${seed}`;

function parseAgain(text: string): Trial {
  const [, scenario, seed] = /^([\w-]+):(\d+)$/.exec(text) ?? [];
  if (scenario === undefined) throw new Error(`--again must be WORK:NUMBER, not '${text}'`);
  return { scenario, seed: Number(seed) };
}

async function repeat(reference: Reference, trial: Trial, folder: string): Promise<CampaignResult> {
  const { kills, fault } = await tryOnce(reference, trial.seed, folder);
  const failures = fault === undefined ? [] : [{ about: `${trial.scenario}: ${fault}`, again: againOf(trial) }];
  return { counts: { kills }, failures };
}

async function killMany(
  references: readonly Reference[],
  options: CampaignOptions,
  folder: string,
): Promise<CampaignResult> {
  const { milliseconds, seed, processes, log } = options;
  const end = performance.now() + milliseconds;
  const kills = new Map(references.map(({ scenario }) => [scenario.name, 0]));
  const failures: Failure[] = [];
  let trials = 0;
  const lane = async (): Promise<void> => {
    do {
      const number = trials++;
      const reference = references[number % references.length]!;
      const trial = { scenario: reference.scenario.name, seed: seed + number };
      const { kills: killed, fault } = await tryOnce(reference, trial.seed, folder);
      kills.set(trial.scenario, kills.get(trial.scenario)! + killed);
      if (fault === undefined) continue;
      failures.push({ about: `${trial.scenario}: ${fault}`, again: againOf(trial) });
      log(failures.at(-1)!.about);
    } while (performance.now() < end);
  };
  await Promise.all(Array.from({ length: processes }, lane));
  log([...kills].map(([name, count]) => `${name} ${count}`).join(', '));
  return { counts: { kills: [...kills.values()].reduce((sum, count) => sum + count, 0), resumed: trials }, failures };
}

/** Kills one piece of work some times, then lets it end. */
async function tryOnce(reference: Reference, seed: number, folder: string): Promise<{ kills: number; fault?: string }> {
  const { scenario, result } = reference;
  const random = new Random(seed).fork(scenario.name);
  return inWork(folder, scenario, async (work) => {
    let kills = 0;
    for (let left = 1 + random.integer(MOST_KILLS); left > 0; left--) {
      const { signal, code, stderr } = await killed(reference, work, random);
      if (signal !== 'SIGKILL' && code !== 0)
        return { kills, fault: `after ${kills} kills it ends with ${code ?? signal}: ${lastLine(stderr)}` };
      if (signal !== 'SIGKILL') break;
      kills++;
      const fault = await faultOf(work, result, reference.log);
      if (fault !== undefined) return { kills, fault: `after ${kills} kills ${fault}` };
    }
    const { code, stderr } = await runWork(scenario.argv(work));
    if (code !== 0) return { kills, fault: `after ${kills} kills it ends with ${code}: ${lastLine(stderr)}` };
    const difference = differenceOf(await resultOf(work), result);
    return difference === undefined ? { kills } : { kills, fault: `resumed after ${kills} kills: ${difference}` };
  });
}

/** Half of the kills are at any moment, half of them just before a file operation. */
function killed({ scenario, operations, milliseconds }: Reference, work: string, random: Random) {
  const argv = scenario.argv(work);
  if (random.uniform() < 0.5) return runWork(argv, { killAfter: random.uniform() * milliseconds });
  return runWork(argv, { plan: { root: work, killAt: 1 + random.integer(operations.length) } });
}

export function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
