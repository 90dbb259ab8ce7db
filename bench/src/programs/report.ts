import type { Entry, Machine, RowResult } from '../report/result.js';
import { summarise } from '../report/summary.js';
import { number, table } from '../report/table.js';

/** Rows of one program: `NAME/warm`, `NAME/cold`, `NAME/memory`. */
export interface ProgramsReport {
  readonly date: string;
  readonly machine: Machine;
  readonly versions: readonly string[];
  readonly rounds: number;
  readonly rows: readonly RowResult[];
}

/** Goals for the programs' times; printed, never asserted: time depends on the machine. */
const WANTED = { cold: 1.5, compiled: 1.3 };

/** The report as Markdown: the machine, a table for each quantity, what is not as wanted. */
export function programsMarkdown({ date, machine, versions, rounds, rows }: ProgramsReport): string {
  const facts = [
    `${machine.processor}, ${machine.cores} cores, ${machine.memoryGB} GB, ${machine.system}`,
    `Node ${machine.node}, ${versions.join(', ')}`,
    `${date.slice(0, 10)}, load average ${machine.load.toFixed(1)} at the start, rounds: ${rounds}`,
  ];
  const missed = shortcomings(rows);
  return [
    facts.map((fact) => `- ${fact}`).join('\n'),
    'A training step once warm, and how many times as long the others take:',
    quantity(rows, 'warm'),
    'From the start of the process to the first line of progress:',
    quantity(rows, 'cold'),
    'The most memory that was resident:',
    quantity(rows, 'memory'),
    missed.length === 0 ? 'All is as wanted.' : ['Not as wanted:', '', ...missed.map((line) => `- ${line}`)].join('\n'),
    '',
  ].join('\n\n');
}

/** One line for each program, one column for each engine. */
function quantity(rows: readonly RowResult[], what: string): string {
  const chosen = rows.filter(({ id }) => id.endsWith(`/${what}`));
  const engines = [...new Set(chosen.flatMap(({ entries }) => entries.map(({ engine }) => engine)))];
  const lines = chosen.map((row) => [
    row.title.replace(/, (start and first line|peak resident memory)$/, ''),
    ...engines.map((engine) => cell(row, entryOf(row, engine))),
  ]);
  return table(['program', ...engines], lines, '---:', engines);
}

function cell(row: RowResult, entry: Entry | undefined): string {
  if (!entry) return '';
  const { outcome } = entry;
  if (outcome.status === 'cannot') return outcome.reason;
  if (outcome.status !== 'measured') return outcome.status === 'absent' ? 'absent' : `failed: ${outcome.reason}`;
  const { value, ratio } = summarise(row, entry)!;
  const compared = ratio === undefined ? '' : ` (${number(ratio.value)} x)`;
  return `${number(value)} ${row.unit}${compared}`;
}

/** Each with its numbers. */
export function shortcomings(rows: readonly RowResult[]): string[] {
  return rows.flatMap((row) => {
    const [name, what] = row.id.split('/') as [string, string];
    const value = (engine: string): number | undefined => {
      const entry = entryOf(row, engine);
      return entry && summarise(row, entry)?.value;
    };
    const first = row.entries[0]!;
    const { outcome } = first;
    if (outcome.status !== 'measured') return what === 'warm' ? [`${name} failed: ${outcome.reason}`] : [];
    const ours = summarise(row, first)!.value;
    const [cpu, wasm, compiled] = ['tfjs cpu', 'tfjs wasm', 'compileStep'].map(value);
    const lines: string[] = [];
    const slower = (engine: string, time: number): string =>
      `${name}: ${number(ours)} ${row.unit}, ${engine} ${number(time)} ${row.unit}`;
    if (what === 'warm') {
      if (cpu !== undefined && ours > cpu) lines.push(slower('tfjs cpu', cpu));
      if (compiled !== undefined && ours > WANTED.compiled * compiled) lines.push(slower('compileStep', compiled));
      if (wasm !== undefined && ours > wasm) lines.push(slower('tfjs wasm', wasm));
    }
    if (what === 'cold' && cpu !== undefined && ours > cpu + WANTED.cold) lines.push(slower('tfjs cpu, cold', cpu));
    return lines;
  });
}

const entryOf = (row: RowResult, name: string): Entry | undefined => row.entries.find(({ engine }) => engine === name);
