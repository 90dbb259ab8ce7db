import { Random } from '@onnx-forge/infer';
import type { Campaign, CampaignOptions, CampaignResult, Failure } from '../campaign.js';
import { inWork, type Reference } from '../runs/references.js';
import { differenceOf, endedTrials, faultOf, resultOf } from '../runs/result.js';
import { runCampaign } from '../runs/run-campaign.js';
import { type Ended, endOf, runWork } from '../runs/work-process.js';

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
  const { kills, fault, starved } = await tryOnce(reference, trial, folder);
  const found = fault === undefined ? [] : [{ about: `${trial.scenario}: ${fault}`, again: againOf(trial) }];
  return { counts: { kills }, failures: starved ? [] : found, undecided: starved ? found : [] };
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
  const undecided: Failure[] = [];
  let trials = 0;
  const lane = async (): Promise<void> => {
    do {
      const number = trials++;
      const reference = references[number % references.length]!;
      const trial = randomTrial(reference, seed + number);
      const { kills: killed, fault, starved } = await tryOnce(reference, trial, folder);
      kills.set(trial.scenario, kills.get(trial.scenario)! + killed);
      if (fault === undefined) continue;
      const about = `${trial.scenario}: ${fault}`;
      (starved ? undecided : failures).push({ about, again: againOf(trial) });
      log(about);
    } while (performance.now() < end);
  };
  await Promise.all(Array.from({ length: processes }, lane));
  log([...kills].map(([name, count]) => `${name} ${count}`).join(', '));
  const counts = { kills: [...kills.values()].reduce((sum, count) => sum + count, 0), resumed: trials };
  return { counts, failures, undecided };
}

interface Outcome {
  readonly kills: number;
  readonly fault?: string;
  /** The machine gave a process no time. */
  readonly starved?: boolean;
}

/** Kills one piece of work some times, then lets it end; one that ends before its kill is done. */
async function tryOnce(reference: Reference, trial: Trial, folder: string): Promise<Outcome> {
  const { scenario, result } = reference;
  return inWork(folder, scenario, async (work) => {
    const argv = scenario.argv(work);
    let kills = 0;
    let before = await endedTrials(work);
    for (const kill of trial.kills) {
      const ended = await runWork(argv, 'killAt' in kill ? { plan: { root: work, ...kill } } : kill);
      if (ended.code === 0) break;
      if (ended.signal !== 'SIGKILL' || ended.standstill) return brokenOff(kills, ended);
      kills++;
      const fault = await faultOf(work, result, reference.logs);
      if (fault !== undefined) return { kills, fault: `after ${kills} kills ${fault}` };
      before = { ...(await endedTrials(work)), ...before };
    }
    const ended = await runWork(argv);
    if (ended.code !== 0) return brokenOff(kills, ended);
    const after = await endedTrials(work);
    const repeated = Object.keys(before).find((path) => after[path] !== before[path]);
    const difference = repeated ? `${repeated} was done again` : differenceOf(await resultOf(work), result);
    return difference === undefined ? { kills } : { kills, fault: `resumed after ${kills} kills: ${difference}` };
  });
}

function brokenOff(kills: number, ended: Ended): Outcome {
  return { kills, fault: `after ${kills} kills ${endOf(ended)}`, starved: ended.standstill === 'starved' };
}
