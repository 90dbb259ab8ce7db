import { isTwin } from '../processor-time.js';
import { type AgainstTorch, againstTorch, overall } from './against-torch.js';
import { busyness } from './busy.js';
import { growthTable } from './growth.js';
import type { Entry, NoNumber, Report, RowResult } from './result.js';
import { type Ratio, summarise } from './summary.js';
import { judge, type Verdict } from './targets.js';

/** The report as Markdown: the machine, one table of all rows, the targets. */
export function markdown(report: Report): string {
  const { machine, threads, date, quick, instructions } = report;
  const facts = [
    `${machine.processor}, ${machine.cores} cores, ${machine.memoryGB} GB, ${machine.system}`,
    `Node ${machine.node}, ${threads} threads asked for`,
    `${date.slice(0, 10)}, load average ${machine.load.toFixed(1)} at the start`,
    ...busyness(report),
    ...(instructions === 'avx2' ? ['--instructions avx2: onnxruntime and PyTorch without AVX-512'] : []),
    ...(quick ? ['--quick: short rounds, the slowest engine left out'] : []),
  ];
  const parts = [facts.map((fact) => `- ${fact}`).join('\n')];
  const single = report.rows.filter((row) => row.at === undefined);
  if (single.length > 0) parts.push(resultTable({ ...report, rows: single }));
  const growth = growthTable(report.rows);
  if (growth !== undefined) parts.push(growth);
  const compared = againstTorch(report.rows);
  if (compared.length > 0) parts.push(torchTable(compared));
  const verdicts = judge(report.rows);
  if (verdicts.length > 0) parts.push(targetTable(verdicts));
  return `${parts.join('\n\n')}\n`;
}

function resultTable({ rows, machine }: Report): string {
  const headings = [
    'what',
    'engine',
    'version',
    'threads',
    'processor',
    'median',
    'spread',
    'rounds',
    'ratio',
    'notes',
  ];
  const lines = rows.flatMap((row) =>
    row.entries.map((entry, index) => {
      const what = index === 0 ? `**${row.title}**` : '';
      const { engine, version = '-', threads } = entry;
      return [what, engine, version, `${threads ?? '-'}`, machine.processor, ...numbers(row, entry)];
    }),
  );
  return table(headings, lines, '---:', ['threads', 'median', 'rounds', 'ratio']);
}

/** median, spread, rounds, ratio, notes */
function numbers(row: RowResult, entry: Entry): string[] {
  const { outcome } = entry;
  if (outcome.status !== 'measured') return ['-', '-', '-', '-', why(outcome)];
  const { value, low, high, rounds, ratio } = summarise(row, entry)!;
  const spread = rounds > 1 ? `${number(low)} - ${number(high)}` : '-';
  const compared = ratio === undefined ? '-' : `${number(ratio.value)} x`;
  const range = ratio === undefined || rounds === 1 ? '' : ` (${number(ratio.low)} - ${number(ratio.high)})`;
  return [`${number(value)} ${row.unit}`, spread, `${rounds}`, `${compared}${range}`, outcome.notes.join('; ')];
}

function why({ status, reason }: NoNumber): string {
  return status === 'cannot' ? reason : `${status}: ${reason}`;
}

/** By the time that passes, then by processor time: each with its geometric means. */
function torchTable(compared: readonly AgainstTorch[]): string {
  const groups = [false, true].map((cpu) => compared.filter(({ id }) => isTwin(id) === cpu));
  const lines = groups.flatMap((group) => {
    if (group.length === 0) return [];
    const [eager, best, floor] = (['eager', 'best', 'floor'] as const).map((of) =>
      overall(group.map((row) => row[of])),
    );
    const mean = (one: typeof eager): string =>
      one ? `**${number(one.mean)}** over ${one.rows}, least ${number(one.least)}` : '-';
    const share = floor ? `**${percent(floor.mean)}** over ${floor.rows}` : '-';
    return [...group.map(torchLine), ['**geometric mean**', mean(eager), mean(best), '', share]];
  });
  return table(
    ["PyTorch's time / ours (both ways for rates)", 'eager', 'best form', 'which', "ours at the arithmetic's peak"],
    lines,
    '---:',
    ['eager', 'best form', "ours at the arithmetic's peak"],
  );
}

function torchLine({ title, eager, best, floor }: AgainstTorch): string[] {
  const ratio = (one: Ratio | undefined): string => (one ? `${number(one.value)}${spreadOf(one, number)}` : '-');
  return [
    title,
    ratio(eager),
    ratio(best),
    best?.engine.replace(/^PyTorch(, )?/, '') || 'eager',
    floor ? `${percent(floor.value)}${spreadOf(floor, percent)}` : '-',
  ];
}

function spreadOf({ low, high }: Ratio, written: (value: number) => string): string {
  return low === high ? '' : ` (${written(low)} - ${written(high)})`;
}

function percent(share: number): string {
  return `${number(100 * share)} %`;
}

function targetTable(verdicts: readonly Verdict[]): string {
  const answer = (reached: boolean | undefined): string =>
    reached === undefined ? 'not measured' : reached ? 'yes' : '**no**';
  const lines = verdicts.map(({ title, wanted, measured, unit, reached }) => [
    title,
    wanted,
    measured === undefined ? '-' : `${number(measured)} ${unit}`,
    answer(reached),
  ]);
  return table(['target', 'wanted', 'measured', 'reached'], lines, '---:', ['measured']);
}

/** A Markdown table; `rightRule` is the rule below the headings of `right`. */
export function table(headings: string[], lines: string[][], rightRule: string, right: readonly string[]): string {
  const rule = headings.map((heading) => (right.includes(heading) ? rightRule : '---'));
  const line = (cells: string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replace(/\s+/g, ' ')).join(' | ')} |`;
  return [headings, rule, ...lines].map(line).join('\n');
}

/** Three significant digits, thousands apart: 1.85, 12.3, 126, 201,000. */
export function number(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 3 });
}
