import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { insert, thisMachine } from '@onnx-forge/bench';
import { parseArguments, USAGE, UsageError } from './arguments.js';
import { keep, kept, markdown, type Result } from './results.js';
import { logOf, type Outcome, type Row } from './row.js';
import { ROWS } from './rows.js';
import { CACHE } from './run.js';

const DOCUMENT = new URL('../../../docs/support-matrix.md', import.meta.url);

async function measure(row: Row): Promise<Result> {
  const { name, title } = row;
  const date = new Date().toISOString();
  process.stderr.write(`${name}: ${title}\n`);
  const begin = performance.now();
  const outcome: Outcome = await row.run(logOf(name)).catch((error: Error) => {
    return { status: 'failed', about: error.message };
  });
  const { node, load: _, ...machine } = thisMachine();
  return { name, title, outcome, seconds: (performance.now() - begin) / 1000, date, machine, node };
}

/** 0: all rows that can run here passed; 1: one failed; 2: usage. */
async function main(): Promise<number> {
  const { rows, write, help } = parseArguments(process.argv.slice(2));
  if (help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  await mkdir(CACHE, { recursive: true });
  const results: Result[] = [];
  for (const row of rows) {
    const result = await measure(row);
    results.push(result);
    await keep(result);
    if (result.outcome.status === 'failed') process.stderr.write(`  failed: see ${logOf(row.name)}\n`);
    if (result.outcome.status === 'skipped') process.stderr.write(`  skipped: ${result.outcome.reason}\n`);
  }
  process.stdout.write(markdown(results));
  if (write) {
    const document = await readFile(DOCUMENT, 'utf8');
    await writeFile(DOCUMENT, insert(document, markdown(await kept(ROWS)), 'matrix'));
  }
  return results.some(({ outcome }) => outcome.status === 'failed') ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(error instanceof UsageError ? `${error.message}\n` : `${(error as Error).stack ?? error}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
