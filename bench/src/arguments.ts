import { parseArgs } from 'node:util';
import { selectable } from './catalogue.js';

export const USAGE = `npm run bench -- [options]

  --only NAMES    comma-separated: a recipe (vae), a kind (step, likelihood, generate, translate, inference, start,
                  augmentation, images, many-images, sweep, browser, export, load) or both (vae/step)
  --threads N     threads of every engine, default 2
  --python PATH   a Python that can import torch, default python3
  --quick         one short round, and without the slowest engine
  --json          one JSON object on stdout instead of Markdown
  --write         put the table into docs/bench.md, too
  --help`;

export interface Arguments {
  readonly only: readonly string[];
  readonly threads: number;
  readonly python: string;
  readonly quick: boolean;
  readonly json: boolean;
  readonly write: boolean;
  readonly help: boolean;
}

/** A command line that can't be understood. */
export class UsageError extends Error {}

/** @throws UsageError in one line */
export function parseArguments(words: readonly string[]): Arguments {
  const { only, threads, python, quick, json, write, help } = read(words);
  const names = only?.split(',').filter(Boolean) ?? [];
  const unknown = names.find((name) => !selectable().includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`--only: there is no '${unknown}'; there are ${selectable().join(', ')}`);
  }
  if (!/^[1-9]\d*$/.test(threads)) throw new UsageError(`--threads must be a positive whole number, not '${threads}'`);
  return { only: names, threads: Number(threads), python, quick, json, write, help };
}

function read(words: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({
      args: [...words],
      options: {
        only: { type: 'string' },
        threads: { type: 'string', default: '2' },
        python: { type: 'string', default: 'python3' },
        quick: flag,
        json: flag,
        write: flag,
        help: flag,
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
