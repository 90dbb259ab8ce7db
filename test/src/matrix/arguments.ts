import { parseArgs } from 'node:util';
import type { Row } from './row.js';
import { ROWS } from './rows.js';

export const USAGE = `npm run matrix -- [options] [ROW ...]

  --quick    the rows of a minute or two
  --write    put the last result of every row into docs/support-matrix.md
  --help

Rows (default: all):
${ROWS.map(({ name, title }) => `  ${name.padEnd(10)} ${title}`).join('\n')}`;

/** A command line that can't be understood. */
export class UsageError extends Error {}

export interface Arguments {
  readonly rows: readonly Row[];
  readonly write: boolean;
  readonly help: boolean;
}

/** @throws UsageError in one line */
export function parseArguments(words: readonly string[]): Arguments {
  const { values, positionals } = read(words);
  const unknown = positionals.find((name) => !ROWS.some((row) => row.name === name));
  if (unknown !== undefined) {
    throw new UsageError(`there is no row '${unknown}'; there are ${ROWS.map(({ name }) => name).join(', ')}`);
  }
  const named = positionals.length > 0 ? ROWS.filter(({ name }) => positionals.includes(name)) : ROWS;
  return { rows: values.quick ? named.filter(({ quick }) => quick) : named, write: values.write, help: values.help };
}

function read(words: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const;
  try {
    const options = { quick: flag, write: flag, help: flag };
    return parseArgs({ args: [...words], allowPositionals: true, options });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
