import { execFileSync } from 'node:child_process';
import { thisMachine } from '@onnx-forge/bench';
import { ROOT } from '../matrix/run.js';
import type { CampaignResult, Counts, Failure } from './campaign.js';

export interface Finished extends CampaignResult {
  readonly name: string;
  readonly seed: number;
  /** That it took. */
  readonly minutes: number;
}

/** The summary line, then two lines for each failure and each undecided case: what it was, and the command that repeats it. */
export function summaryOf({ name, seed, minutes, counts, failures, undecided }: Finished): string {
  const each = (word: string, list: readonly Failure[]): string[] =>
    list.flatMap(({ about, again }) => [`  ${word}: ${about}`, `    npm run campaign -- ${name} --again '${again}'`]);
  const found = `${failures.length} failures, ${undecided.length} undecided`;
  const lines = [
    `${name}: ${countsText(counts)}; ${found}; ${minutes.toFixed(1)} minutes, seed ${seed}`,
    ...each('failed', failures),
    ...each('undecided: starved', undecided),
  ];
  return `${lines.join('\n')}\n`;
}

function countsText(counts: Counts): string {
  return Object.entries(counts)
    .map(([name, count]) => (typeof count === 'number' ? `${count.toLocaleString('en')} ${name}` : `${name} ${count}`))
    .join(', ');
}

const BEGIN = '<!-- campaigns:begin -->';
const END = '<!-- campaigns:end -->';

/** The document with a row for each campaign, which replaces that campaign's row. */
export function withRows(document: string, finished: readonly Finished[]): string {
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the document has no ${BEGIN} ... ${END}`);
  const lines = document
    .slice(begin + BEGIN.length, end)
    .trim()
    .split('\n');
  const rows = new Map(lines.slice(2).map((line) => [line.split('|')[1]!.trim(), line]));
  for (const each of finished) rows.set(each.name, rowOf(each));
  const head = [
    '| campaign | counts | failures | undecided | minutes | date | commit | machine |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
  ];
  const table = [...head, ...[...rows.values()].filter((row) => row.startsWith('|')).sort()].join('\n');
  return `${document.slice(0, begin)}${BEGIN}\n\n${table}\n\n${document.slice(end)}`;
}

function rowOf({ name, counts, failures, undecided, minutes }: Finished): string {
  const { processor, cores, node } = thisMachine();
  const date = new Date().toISOString().slice(0, 10);
  const cells = [
    name,
    countsText(counts),
    failures.length,
    undecided.length,
    minutes.toFixed(0),
    date,
    commit(),
    `${cores} x ${processor}, Node ${node}`,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** The commit that is tried; a `+` says that files differ from it. */
function commit(): string {
  const git = (...words: string[]): string => execFileSync('git', words, { cwd: ROOT, encoding: 'utf8' }).trim();
  return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+'}`;
}
