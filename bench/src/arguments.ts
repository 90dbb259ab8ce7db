import { parseArgs } from 'node:util';
import { selectable } from './catalogue.js';
import type { Instructions } from './instructions.js';

export const USAGE = `npm run bench -- [options]

  --only NAMES    comma-separated: a recipe (vae), a kind (step, likelihood, generate, translate, inference, start, growth, compile,
                  augmentation, images, many-images, sweep, browser, export, load) or both (vae/step)
  --threads N     threads of every engine, default 2
  --python PATH   a Python that can import torch, default python3
  --quick         one short round, without the slowest engine and without torch.compile
  --rounds N      rounds, default 3, with --quick 1
  --compile       with torch.compile in spite of --quick
  --instructions native|avx2    avx2: onnxruntime and PyTorch without AVX-512 (Linux, x64), default native
  --json          one JSON object on stdout instead of Markdown
  --write         put the tables into their parts of docs/bench.md, too
  --help`;

export interface Arguments {
  readonly only: readonly string[];
  readonly threads: number;
  readonly python: string;
  readonly quick: boolean;
  readonly compile: boolean;
  readonly rounds: number;
  readonly instructions: Instructions;
  readonly json: boolean;
  readonly write: boolean;
  readonly help: boolean;
}

/** A command line that can't be understood. */
export class UsageError extends Error {}

/** @throws UsageError in one line */
export function parseArguments(words: readonly string[]): Arguments {
  const { only, threads, python, quick, compile, rounds, instructions, json, write, help } = read(words);
  const names = only?.split(',').filter(Boolean) ?? [];
  const unknown = names.find((name) => !selectable().includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`--only: there is no '${unknown}'; there are ${selectable().join(', ')}`);
  }
  if (instructions !== 'native' && instructions !== 'avx2') {
    throw new UsageError(`--instructions: native or avx2, not '${instructions}'`);
  }
  return {
    only: names,
    threads: count('--threads', threads),
    rounds: count('--rounds', rounds ?? (quick ? '1' : '3')),
    python,
    quick,
    compile: compile || !quick,
    instructions,
    json,
    write,
    help,
  };
}

function count(option: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new UsageError(`${option} must be a positive whole number, not '${text}'`);
  return Number(text);
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
        compile: flag,
        rounds: { type: 'string' },
        instructions: { type: 'string', default: 'native' },
        json: flag,
        write: flag,
        help: flag,
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
