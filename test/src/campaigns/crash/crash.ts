import { Random } from '@onnx-forge/infer';
import type { Campaign, CampaignOptions, CampaignResult, Failure } from '../campaign.js';
import { inWork, type Reference } from '../runs/references.js';
import { differenceOf, faultOf, resultOf } from '../runs/result.js';
import { runCampaign } from '../runs/run-campaign.js';
import { runWork } from '../runs/work-process.js';

/** Most kills of one piece of work before it may go on to its end. */
const MOST_KILLS = 8;

/** Processes that are killed at random moments: nothing is lost but time. */
export const crash: Campaign = runCampaign({
  name: 'crash',
  title: 'kill -9 at random: files are whole or absent, and what is resumed ends the same, to the bit',
  parseAgain,
  repeat,
  tryMany: killMany,
});

/** The moment of a kill: before a file operation, or so long after the beginning. */
type Kill = { readonly killAt: number } | { readonly killAfter: number };

interface Trial {
  readonly scenario: string;
  readonly kills: readonly Kill[];
}

const againOf = ({ scenario, kills }: Trial): string =>
  `${scenario}:${kills.map((kill) => ('killAt' in kill ? kill.killAt : `${kill.killAfter}ms`)).join(',')}`;

/** Those before a file operation are met again exactly, those at a time as far as the machine is as fast as then. */
function parseAgain(text: string): Trial {
  const [, scenario, kills] = /^([\w-]+):(\d+(?:ms)?(?:,\d+(?:ms)?)*)$/.exec(text) ?? [];
  if (scenario === undefined || kills === undefined) {
    throw new Error(`--again must be WORK:KILLS, such as export:12,830ms, not '${text}'`);
  }
  const kill = (word: string): Kill =>
    word.endsWith('ms') ? { killAfter: Number.parseInt(word, 10) } : { killAt: Number(word) };
  return { scenario, kills: kills.split(',').map(kill) };
}

/** Half of the kills are at any moment, half of them just before a file operation. */
function randomTrial({ scenario, operations, milliseconds }: Reference, seed: number): Trial {
  const random = new Random(seed).fork(scenario.name);
  const kills = Array.from({ length: 1 + random.integer(MOST_KILLS) }, (): Kill => {
    if (random.uniform() < 0.5) return { killAfter: Math.floor(random.uniform() * milliseconds) };
    return { killAt: 1 + random.integer(operations.length) };
  });
  return { scenario: scenario.name, kills };
}

async function repeat(reference: Reference, trial: Trial, folder: string): Promise<CampaignResult> {
  const { kills, fault } = await tryOnce(reference, trial, folder);
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
      const trial = randomTrial(reference, seed + number);
      const { kills: killed, fault } = await tryOnce(reference, trial, folder);
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

/** Kills one piece of work some times, then lets it end; one that ends before its kill is done. */
async function tryOnce(reference: Reference, trial: Trial, folder: string): Promise<{ kills: number; fault?: string }> {
  const { scenario, result } = reference;
  return inWork(folder, scenario, async (work) => {
    const argv = scenario.argv(work);
    let kills = 0;
    for (const kill of trial.kills) {
      const { signal, code, stderr } = await runWork(argv, 'killAt' in kill ? { plan: { root: work, ...kill } } : kill);
      if (signal !== 'SIGKILL' && code !== 0) {
        return { kills, fault: `after ${kills} kills it ends with ${code ?? signal}: ${lastLine(stderr)}` };
      }
      if (signal !== 'SIGKILL') break;
      kills++;
      const fault = await faultOf(work, result, reference.log);
      if (fault !== undefined) return { kills, fault: `after ${kills} kills ${fault}` };
    }
    const { code, stderr } = await runWork(argv);
    if (code !== 0) return { kills, fault: `after ${kills} kills it ends with ${code}: ${lastLine(stderr)}` };
    const difference = differenceOf(await resultOf(work), result);
    return difference === undefined ? { kills } : { kills, fault: `resumed after ${kills} kills: ${difference}` };
  });
}

export function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
