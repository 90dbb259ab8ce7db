import { type Arguments, parseArguments, USAGE, UsageError } from './arguments.js';
import { calibrate } from './calibrate.js';
import { select } from './catalogue.js';
import { thisMachine } from './machine.js';
import { busyness } from './report/busy.js';
import { writeDocument } from './report/document.js';
import type { Report, RowResult } from './report/result.js';
import { summarise } from './report/summary.js';
import { markdown } from './report/table.js';
import { judge } from './report/targets.js';
import { run } from './run.js';
import { RunFolders } from './run-folders.js';

const DOCUMENT = new URL('../../docs/bench.md', import.meta.url);

const ROUNDS = { rounds: 3, budgetMs: 1000 };
const QUICK = { rounds: 1, budgetMs: 300 };

async function measure({ only, threads, python, quick }: Arguments): Promise<Report> {
  const machine = thisMachine();
  const before = calibrate();
  const date = new Date().toISOString();
  for (const line of busyness({ calibration: { before }, machine, threads })) log(line);
  const { rounds, budgetMs } = quick ? QUICK : ROUNDS;
  await using folders = new RunFolders();
  const rows: RowResult[] = [];
  for (const { make } of select(only)) {
    const benchmark = await make({ threads, clock: 'wall', python, quick, budgetMs, folders });
    rows.push(...(await run(benchmark, { rounds, onProgress: log })));
  }
  const report = { date, machine, threads, quick, rows, calibration: { before, after: calibrate() } };
  for (const line of busyness(report)) log(line);
  return report;
}

/** The report with its medians, ratios and verdicts, for programs. */
function withSummaries(report: Report): unknown {
  const rows = report.rows.map((row) => ({
    ...row,
    entries: row.entries.map((entry) => ({ ...entry, ...summarise(row, entry) })),
  }));
  return { ...report, rows, targets: judge(report.rows) };
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** 0: measured; 1: an engine of this project failed; 2: usage. A missed target is no failure: time depends on the machine. */
async function main(): Promise<number> {
  const options = parseArguments(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const report = await measure(options);
  const text = markdown(report);
  process.stdout.write(options.json ? `${JSON.stringify(withSummaries(report))}\n` : text);
  if (options.write) await writeDocument(DOCUMENT, text);
  return report.rows.some(({ entries }) => entries[0]?.outcome.status !== 'measured') ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  log(error instanceof UsageError ? error.message : `${(error as Error).stack ?? error}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
