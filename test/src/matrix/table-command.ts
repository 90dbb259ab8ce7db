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
  const results: Result[] = [];
  for (const row of rows) {
    const log = join(folder, `${row.name}.log`);
    const result = await measure(row, log);
    results.push(result);
    await keep(folder, result);
    if (result.outcome.status === 'failed')
      process.stderr.write(`  failed: ${result.outcome.about ?? ''} (see ${log})\n`);
    if (result.outcome.status === 'skipped') process.stderr.write(`  skipped: ${result.outcome.reason}\n`);
  }
  process.stdout.write(command.markdown(results));
  if (write) {
    const document = await readFile(command.document, 'utf8');
    const table = command.markdown(await kept(folder, command.rows));
    await writeFile(command.document, insert(document, table, command.name));
  }
  return results.some(({ outcome }) => outcome.status === 'failed') ? 1 : 0;
}

async function measure(row: Row, log: string): Promise<Result> {
  const { name, title } = row;
  const date = new Date().toISOString();
  process.stderr.write(`${name}: ${title}\n`);
  const begin = performance.now();
  const outcome: Outcome = await row.run(log).catch((error: Error) => {
    return { status: 'failed', about: error.message };
  });
  const { node, load: _, ...machine } = thisMachine();
  return { name, title, outcome, seconds: (performance.now() - begin) / 1000, date, machine, node };
}
