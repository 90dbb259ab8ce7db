import { type Arguments, parseArguments, USAGE, UsageError } from './arguments.js';
import { calibrate } from './calibrate.js';
import { select } from './catalogue.js';
import { limitInstructions } from './instructions.js';
import { thisMachine } from './machine.js';
import { againstTorch } from './report/against-torch.js';
import { busyness } from './report/busy.js';
import { writeDocument } from './report/document.js';
import type { Report, RowResult } from './report/result.js';
import { sectionsOf } from './report/sections.js';
import { summarise } from './report/summary.js';
import { markdown } from './report/table.js';
import { judge } from './report/targets.js';
import { run } from './run.js';
import { RunFolders } from './run-folders.js';

const DOCUMENT = new URL('../../docs/bench.md', import.meta.url);

/** Milliseconds of a row in a round. */
const BUDGET_MS = 1000;
const QUICK_BUDGET_MS = 300;

async function measure({ only, threads, rounds, instructions, ...options }: Arguments): Promise<Report> {
  const machine = thisMachine();
  const before = calibrate();
  const date = new Date().toISOString();
  for (const line of busyness({ calibration: { before }, machine, threads })) log(line);
  const { python, quick, compile } = options;
  const budgetMs = quick ? QUICK_BUDGET_MS : BUDGET_MS;
  await using limit = await limitInstructions(instructions);
  await using folders = new RunFolders();
  const rows: RowResult[] = [];
  for (const { make } of select(only)) {
    const benchmark = await make({ threads, clock: 'wall', python, quick, compile, budgetMs, folders });
    rows.push(...(await run(benchmark, { rounds, onProgress: log })));
  }
  const report = {
    date,
    machine,
    threads,
    quick,
    instructions: limit.instructions,
    rows,
    calibration: { before, after: calibrate() },
  };
  for (const line of busyness(report)) log(line);
  return report;
}

/** The report with its medians, ratios and verdicts, for programs. */
function withSummaries(report: Report): unknown {
  const rows = report.rows.map((row) => ({
    ...row,
    entries: row.entries.map((entry) => ({ ...entry, ...summarise(row, entry) })),
  }));
  return { ...report, rows, againstTorch: againstTorch(report.rows), targets: judge(report.rows) };
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
  if (options.write) {
    for (const { section, report: part } of sectionsOf(report)) await writeDocument(DOCUMENT, markdown(part), section);
  }
  return report.rows.some(({ entries }) => entries[0]?.outcome.status !== 'measured') ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  log(error instanceof UsageError ? error.message : `${(error as Error).stack ?? error}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
