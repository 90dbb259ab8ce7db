import type { NodeResult } from './node-tests.js';
import { factLines, type ReportFacts, tableOf } from './report.js';

export function wrongOnes(results: readonly NodeResult[]): NodeResult[] {
  return results.filter(({ outcome }) => outcome.status === 'wrong');
}

interface Counts {
  right: number;
  constants: number;
  refused: number;
  drawn: number;
  wrong: number;
  readonly reasons: Set<string>;
}

/** Tests by operator as Markdown: right, refused with the reasons, wrong. */
export function nodeTestsMarkdown(facts: ReportFacts, results: readonly NodeResult[]): string {
  const operators = new Map<string, Counts>();
  for (const { operator, outcome } of results) {
    const counts = operators.get(operator) ?? {
      right: 0,
      constants: 0,
      refused: 0,
      drawn: 0,
      wrong: 0,
      reasons: new Set(),
    };
    operators.set(operator, counts);
    counts[outcome.status] += 1;
    if (outcome.status === 'right' && outcome.constants) counts.constants += 1;
    if (outcome.status === 'refused') counts.reasons.add(shortened(outcome.reason));
  }
  const all = [...operators].sort(([a], [b]) => (a < b ? -1 : 1));
  const sum = (key: 'right' | 'constants' | 'refused' | 'drawn' | 'wrong'): number =>
    all.reduce((total, [, counts]) => total + counts[key], 0);
  const read = all.filter(([, { right }]) => right > 0);
  const never = all.filter(([, { right }]) => right === 0);
  const rows = read.map(([operator, { right, constants, refused, wrong, reasons }]) => [
    operator,
    `${right}`,
    `${constants || ''}`,
    `${refused || ''}`,
    `${wrong || ''}`,
    [...reasons].join('; ').replaceAll('|', '\\|'),
  ]);
  return [
    factLines(facts),
    `Of ${results.length} tests of ${all.length} operators **${sum('right')} are right** (${sum('constants')} of them with constants), ` +
      `${sum('refused')} are refused by name, **${sum('wrong')} are wrong**; ${sum('drawn')} are left out, since their numbers are numpy's own draw.`,
    tableOf(['operator', 'right', 'with constants', 'refused', 'wrong', 'refused because'], rows).replace(
      '| --: |\n',
      '| --- |\n',
    ),
    `Operators of which no test is right (some are read, but their tests feed what must be known, or are of opset 1): ${never.map(([operator, { refused }]) => `${operator} (${refused})`).join(', ')}.`,
  ].join('\n\n');
}

/** Reasons without the names of nodes and numbers that each test has its own of. */
function shortened(reason: string): string {
  const general = reason
    .replace(/ \(the first is node .*\)$/, '')
    .replace(/^(\w+) '[^']*' /, '$1 ')
    .replace(/'[^']*'/g, "'...'")
    .replace(/\[[^\]]*\]/g, '[...]');
  return general.length > 110 ? `${general.slice(0, 110)}...` : general;
}
