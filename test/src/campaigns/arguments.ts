import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Campaign } from './campaign.js';

/** A command line that can't be understood. */
export class UsageError extends Error {}

export interface Arguments {
  readonly campaigns: readonly Campaign[];
  /** Of each campaign. */
  readonly minutes: number;
  readonly seed: number;
  readonly processes: number;
  readonly only: readonly string[] | undefined;
  readonly trials: number | undefined;
  readonly kills: number | undefined;
  readonly again: string | undefined;
  readonly write: boolean;
  readonly help: boolean;
}

export function usage(campaigns: readonly Campaign[]): string {
  return `npm run campaign -- [options] [CAMPAIGN ...]

  --minutes N    of each campaign (default 1)
  --seed S       of what is random (default: another one each time)
  --processes P  that work at once (default: one per core)
  --only A,B     readers (fuzz), works (crash, faults), tasks (soak) to try; default: all
  --trials N     of the sweep (cluster; default 12), and
  --kills N      of its tasks and nodes (default 6)
  --again TEXT   repeat one failure, as its line says
  --write        put counts, date, machine and commit into docs/reliability.md
  --help

Campaigns (default: all):
${campaigns.map(({ name, title }) => `  ${name.padEnd(8)} ${title}`).join('\n')}`;
}

/** @throws UsageError in one line */
export function parseArguments(words: readonly string[], campaigns: readonly Campaign[]): Arguments {
  const { values, positionals } = read(words);
  const unknown = positionals.find((name) => !campaigns.some((campaign) => campaign.name === name));
  if (unknown !== undefined) {
    throw new UsageError(
      `there is no campaign '${unknown}'; there are ${campaigns.map(({ name }) => name).join(', ')}`,
    );
  }
  const chosen = positionals.length > 0 ? campaigns.filter(({ name }) => positionals.includes(name)) : campaigns;
  const { only, again, write = false, help = false } = values;
  if (again !== undefined && chosen.length !== 1) throw new UsageError('--again needs the name of one campaign');
  return {
    campaigns: chosen,
    minutes: number('minutes', values.minutes, 1, 0),
    seed: whole('seed', values.seed, Math.floor(Math.random() * 2 ** 31), 0),
    processes: whole('processes', values.processes, availableParallelism(), 1),
    only: only?.split(','),
    trials: values.trials === undefined ? undefined : whole('trials', values.trials, 0, 2),
    kills: values.kills === undefined ? undefined : whole('kills', values.kills, 0, 1),
    again,
    write,
    help,
  };
}

function number(name: string, text: string | undefined, otherwise: number, least: number): number {
  const value = text === undefined ? otherwise : text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value) && value >= least) return value;
  throw new UsageError(`--${name} must be a number of at least ${least}, not '${text}'`);
}

function whole(name: string, text: string | undefined, otherwise: number, least: number): number {
  const value = number(name, text, otherwise, least);
  if (Number.isSafeInteger(value)) return value;
  throw new UsageError(`--${name} must be a whole number, not '${text}'`);
}

function read(words: readonly string[]) {
  const [text, flag] = [{ type: 'string' } as const, { type: 'boolean' } as const];
  try {
    const options = {
      minutes: text,
      seed: text,
      processes: text,
      only: text,
      again: text,
      trials: text,
      kills: text,
      write: flag,
      help: flag,
    };
    return parseArgs({ args: [...words], allowPositionals: true, options });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
