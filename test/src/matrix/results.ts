import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from '@onnx-forge/bench';
import type { Outcome, Row } from './row.js';

/** A row's outcome, and when and where. */
export interface Result {
  readonly name: string;
  readonly title: string;
  readonly outcome: Outcome;
  readonly seconds: number;
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Pick<Machine, 'processor' | 'cores' | 'memoryGB' | 'system'>;
  /** Version of the Node that ran the matrix. */
  readonly node: string;
}

/** Keeps the last result of a row in a folder, for `--write`. */
export async function keep(folder: string, result: Result): Promise<void> {
  await writeFile(fileOf(folder, result.name), JSON.stringify(result));
}

/** The last results of rows, in their order; rows that never ran are left out. */
export async function kept(folder: string, rows: readonly Pick<Row, 'name'>[]): Promise<Result[]> {
  const read = rows.map(async ({ name }) => {
    const text = await readFile(fileOf(folder, name), 'utf8').catch(() => undefined);
    return text === undefined ? [] : [JSON.parse(text) as Result];
  });
  return (await Promise.all(read)).flat();
}

function fileOf(folder: string, name: string): string {
  return join(folder, `${name}.json`);
}

/** Markdown: the table, and where it was made. */
export function markdown(results: readonly Result[]): string {
  const lines = results.map(({ name, title, outcome, seconds, date }) => {
    const cells = [`\`${name}\``, title, ...resultOf(outcome), (seconds / 60).toFixed(1), date.slice(0, 10)];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '| row | runs | result | passing | pending | failing | minutes | date |',
    '| --- | --- | --- | --: | --: | --: | --: | --- |',
    ...lines,
    '',
    ...places(results),
    '',
  ].join('\n');
}

/** A line for each machine that rows ran on. */
export function places(results: readonly Result[], what = 'the matrix'): string[] {
  const lines = results.map(({ machine: { processor, cores, memoryGB, system }, node }) => {
    return `- ${processor}, ${cores} cores, ${memoryGB} GB, ${system}; ${what} on Node ${node}`;
  });
  return [...new Set(lines)];
}

function resultOf(outcome: Outcome): string[] {
  if (outcome.status === 'skipped') return [`skipped: ${outcome.reason}`, '', '', ''];
  const { status, counts, about } = outcome;
  const numbers = counts ? [counts.passing, counts.pending, counts.failing] : ['', '', ''];
  return [about ? `${status}: ${about}` : status, ...numbers.map(String)];
}
