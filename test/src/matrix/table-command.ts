import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { insert, thisMachine } from '@onnx-forge/bench';
import { parseArguments, UsageError, usage } from './arguments.js';
import { keep, kept, type Result } from './results.js';
import type { Outcome, Row } from './row.js';
import { ROOT } from './run.js';

/** A command that runs rows, prints a table of them and puts it into a document. */
export interface TableCommand {
  /** `npm run NAME`; the document's part is `<!-- NAME:begin -->`. */
  readonly name: string;
  readonly rows: readonly Row[];
  readonly document: URL;
  markdown(results: readonly Result[]): string;
}

/** Runs the command line; the exit code is 0 if all rows that can run here passed, 1 if one failed, 2 for a usage error. */
export async function runTable(command: TableCommand, words: readonly string[]): Promise<number> {
  try {
    return await run(command, words);
  } catch (error) {
    process.stderr.write(error instanceof UsageError ? `${error.message}\n` : `${(error as Error).stack ?? error}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

async function run(command: TableCommand, words: readonly string[]): Promise<number> {
  const { rows, write, help } = parseArguments(words, command.rows);
  if (help) {
    process.stdout.write(`${usage(command)}\n`);
    return 0;
  }
  const folder = join(ROOT, '.cache', command.name);
  await mkdir(folder, { recursive: true });
  process.stderr.write(budget(rows));
  const results = new Map<Row, Result>();
  const runRow = async (row: Row): Promise<void> => {
    const log = join(folder, `${row.name}.log`);
    const result = await measure(row, log);
    results.set(row, result);
    await keep(folder, result);
    const { outcome, seconds } = result;
    const about = outcome.status === 'skipped' ? outcome.reason : `${outcome.about ?? ''} (see ${log})`;
    process.stderr.write(`  ${row.name} ${outcome.status} after ${(seconds / 60).toFixed(1)} minutes`);
    process.stderr.write(outcome.status === 'passed' ? '\n' : `: ${about}\n`);
  };
  for (const row of rows) if (!row.oneCore) await runRow(row);
  const left = oneCoreRows(rows);
  const lane = async (): Promise<void> => {
    for (let row = left.shift(); row; row = left.shift()) await runRow(row);
  };
  await Promise.all([lane(), lane()]);
  const found = rows.map((row) => results.get(row)!);
  process.stdout.write(command.markdown(found));
  if (write) {
    const document = await readFile(command.document, 'utf8');
    const table = command.markdown(await kept(folder, command.rows));
    await writeFile(command.document, insert(document, table, command.name));
  }
  return found.some(({ outcome }) => outcome.status === 'failed') ? 1 : 0;
}

/** Rows that keep one core busy, the longest first. */
function oneCoreRows(rows: readonly Row[]): Row[] {
  return rows.filter(({ oneCore }) => oneCore).sort((a, b) => (b.minutes ?? 0) - (a.minutes ?? 0));
}

/** A line with the planned time of all rows: those that keep one core busy in two lanes, the others alone. */
export function budget(rows: readonly Row[]): string {
  const lanes: [number, number] = [0, 0];
  for (const { minutes = 0 } of oneCoreRows(rows)) lanes[lanes[0] <= lanes[1] ? 0 : 1] += minutes;
  const alone = rows.filter(({ oneCore }) => !oneCore).reduce((total, { minutes = 0 }) => total + minutes, 0);
  const planned = alone + Math.max(...lanes);
  return planned > 0 ? `planned: ${planned} minutes on two cores that do nothing else\n` : '';
}

async function measure(row: Row, log: string): Promise<Result> {
  const { name, title } = row;
  const date = new Date().toISOString();
  process.stderr.write(`${name}: ${title}${row.minutes === undefined ? '' : `; planned: ${row.minutes} minutes`}\n`);
  const begin = performance.now();
  const outcome: Outcome = await row.run(log).catch((error: Error) => {
    return { status: 'failed', about: error.message };
  });
  const { node, load: _, ...machine } = thisMachine();
  return { name, title, outcome, seconds: (performance.now() - begin) / 1000, date, machine, node };
}
