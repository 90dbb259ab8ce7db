import { Random } from '@onnx-forge/infer';
import type { Campaign, CampaignOptions, CampaignResult, Failure } from '../campaign.js';
import { FAULTS, type Fault, type FaultCode, type Operation, type Plan } from '../file-system/plan.js';
import { inWork, type Reference } from '../runs/references.js';
import { differenceOf, faultOf, resultOf } from '../runs/result.js';
import { runCampaign } from '../runs/run-campaign.js';
import { type Ended, endOf, runWork } from '../runs/work-process.js';
import { WorkSession } from '../runs/work-session.js';

/** File operations that fail, each in its turn, as SQLite's tests do it (sqlite.org/testing.html, "I/O Error Testing"). */
export const faults: Campaign = runCampaign({
  name: 'faults',
  title: 'every file operation fails once, and from then on: one line, nothing spoilt, and it goes on afterwards',
  parseAgain,
  repeat,
  tryMany: failMany,
});

interface Trial extends Fault {
  readonly scenario: string;
}

const againOf = ({ scenario, operation, at, code, onward }: Trial): string =>
  `${scenario}:${operation}:${at}:${code}${onward ? ':onward' : ''}`;

function parseAgain(text: string): Trial {
  const [, scenario, operation, at, code, onward] =
    /^([\w-]+):([a-z]+):(\d+):(E[A-Z]+|short)(:onward)?$/.exec(text) ?? [];
  if (scenario === undefined)
    throw new Error(`--again must be WORK:OPERATION:NUMBER:ERROR, or that with :onward, not '${text}'`);
  return {
    scenario,
    operation: operation as Operation,
    at: Number(at),
    code: code as FaultCode,
    onward: onward !== undefined,
  };
}

/** Every fault of every operation of a scenario. */
function trialsOf({ scenario, operations }: Reference): Trial[] {
  const seen = new Map<Operation, number>();
  return operations.flatMap((operation) => {
    const at = (seen.get(operation) ?? 0) + 1;
    seen.set(operation, at);
    // Each operation meets two of its errors in turn: one once, another one from then on.
    return [false, true].map((onward) => {
      const codes = FAULTS[operation];
      return { scenario: scenario.name, operation, at, code: codes[(at + (onward ? 1 : 0)) % codes.length]!, onward };
    });
  });
}

async function repeat(reference: Reference, trial: Trial, folder: string): Promise<CampaignResult> {
  const { about, starved } = await tryOnce(reference, trial, folder);
  const found = about === undefined ? [] : [{ about, again: againOf(trial) }];
  return { counts: { faults: 1 }, failures: starved ? [] : found, undecided: starved ? found : [] };
}

async function failMany(
  references: readonly Reference[],
  options: CampaignOptions,
  folder: string,
): Promise<CampaignResult> {
  const { milliseconds, seed, processes, log } = options;
  const end = performance.now() + milliseconds;
  const all = references.flatMap(trialsOf);
  // In no order, so that a short campaign sees something of everything.
  const order = new Random(seed).permutation(all.length);
  const failures: Failure[] = [];
  const undecided: Failure[] = [];
  const counts = { faults: 0, refused: 0, tolerated: 0 };
  const lane = async (): Promise<void> => {
    const session = new WorkSession();
    do {
      const number = counts.faults++;
      if (number >= all.length) break;
      const trial = all[order[number]!]!;
      const reference = references.find(({ scenario }) => scenario.name === trial.scenario)!;
      const { about, refused } = await tryOnce(reference, trial, folder, (argv, plan) => session.run({ argv, plan }));
      counts[refused ? 'refused' : 'tolerated']++;
      // A process that goes on holds its locks: what ended with it, as a command does, counts.
      const confirmed = about === undefined ? undefined : await tryOnce(reference, trial, folder);
      if (confirmed?.about === undefined) continue;
      const found = { about: `${trial.scenario}: ${confirmed.about}`, again: againOf(trial) };
      (confirmed.starved ? undecided : failures).push(found);
      log(found.about);
    } while (performance.now() < end);
    session.end();
  };
  await Promise.all(Array.from({ length: processes }, lane));
  const faults = counts.refused + counts.tolerated;
  return { counts: { ...counts, faults, 'of all': `${faults} of ${all.length}` }, failures, undecided };
}

/** The work with the fault, then without one to its end. */
async function tryOnce(
  reference: Reference,
  trial: Trial,
  folder: string,
  run: (argv: readonly string[], plan?: Plan) => Promise<Ended> = (argv, plan) => runWork(argv, plan ? { plan } : {}),
): Promise<{ about?: string; refused: boolean; starved?: boolean }> {
  const { scenario, result, logs } = reference;
  const { scenario: _, ...fault } = trial;
  const what = `${fault.code} at ${fault.operation} ${fault.at}${fault.onward ? ' and all later ones' : ''}`;
  return inWork(folder, scenario, async (work) => {
    const ended = await run(scenario.argv(work), { root: work, fault });
    const refused = ended.code !== 0;
    const failed = (about: string) => ({ about: `${what}: ${about}`, refused });
    const brokenOff = (how: Ended) => ({
      ...failed(`afterwards ${endOf(how)}`),
      starved: how.standstill === 'starved',
    });
    if (ended.standstill) return { ...failed(endOf(ended)), starved: ended.standstill === 'starved' };
    const unlike = differenceOf(await resultOf(work), result);
    // The name of a process that has ended may stay where it can't be removed: the next one takes it away.
    const complaint = refused ? complaintOf(ended) : unlike?.includes('.training.') ? undefined : unlike;
    if (complaint !== undefined) return failed(refused ? complaint : `it says that all is done, but ${complaint}`);
    const spoilt = await faultOf(work, result, logs);
    if (spoilt !== undefined) return failed(spoilt);
    const last = await run(scenario.argv(work));
    if (last.code !== 0) return brokenOff(last);
    const difference = differenceOf(await resultOf(work), result);
    return difference === undefined ? { refused } : failed(`afterwards ${difference}`);
  });
}

/** The reason why an end is none that a user should see: exit code 1 and one line that no bug wrote are fine. */
function complaintOf(ended: Ended): string | undefined {
  const { code, stderr } = ended;
  if (code !== 1) return endOf(ended);
  const lines = stderr.split('\n').filter((line) => line.startsWith('onnx-forge:'));
  if (lines.length !== 1) return `it ends with ${lines.length} lines: ${stderr.trim().split('\n').at(-1)}`;
  return lines[0]!.includes('(unexpected;') ? `it ends unexpectedly: ${lines[0]}` : undefined;
}
