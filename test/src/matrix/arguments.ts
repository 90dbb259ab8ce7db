import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import type { Row } from './row.js';
import type { TableCommand } from './table-command.js';

export function usage({ name, rows, document }: TableCommand): string {
  const width = Math.max(...rows.map((row) => row.name.length));
  return `npm run ${name} -- [options] [ROW ...]

  --quick    the rows of a minute or two
  --write    put the last result of every row into docs/${basename(document.pathname)}
  --help

Rows (default: all):
${rows.map((row) => `  ${row.name.padEnd(width)} ${row.title}${plan(row)}`).join('\n')}`;
}

const plan = ({ minutes }: Row): string => (minutes === undefined ? '' : ` (${minutes} min)`);

/** A command line that can't be understood. */
export class UsageError extends Error {}

export interface Arguments {
  readonly rows: readonly Row[];
  readonly write: boolean;
  readonly help: boolean;
}

/** @throws UsageError in one line */
export function parseArguments(words: readonly string[], rows: readonly Row[]): Arguments {
  const { values, positionals } = read(words);
  const unknown = positionals.find((name) => !rows.some((row) => row.name === name));
  if (unknown !== undefined) {
    throw new UsageError(`there is no row '${unknown}'; there are ${rows.map(({ name }) => name).join(', ')}`);
  }
  const named = positionals.length > 0 ? rows.filter(({ name }) => positionals.includes(name)) : rows;
  const chosen = values.quick ? named.filter(({ quick }) => quick) : named;
  return { rows: chosen, write: values.write, help: values.help };
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
