import type { Machine } from '../report/result.js';
import { faultsOf, NET_GOALS, type NetResult } from './net.js';

/** Facts that stand above a table. */
export interface ReportFacts {
  readonly date: string;
  readonly machine: Machine;
  readonly versions: readonly string[];
}

export function factLines({ date, machine, versions }: ReportFacts): string {
  return [
    `- ${machine.processor}, ${machine.cores} cores, ${machine.memoryGB} GB, ${machine.system}, Node ${machine.node}`,
    `- ${date.slice(0, 10)}, load average ${machine.load.toFixed(1)} at the start`,
    `- ${versions.join(', ')}`,
  ].join('\n');
}

export function tableOf(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(headings), line(headings.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');
}

/** The nets as Markdown: how many are right of each exporter, the table, what is not right. */
export function netsMarkdown(facts: ReportFacts, results: readonly NetResult[], seeds: number): string {
  const exporters = [...new Set(results.map(({ exporter }) => exporter))].sort();
  const counts = exporters.map((exporter) => {
    const all = results.filter((result) => result.exporter === exporter);
    return `**${all.filter((each) => faultsOf(each).length === 0).length} of ${all.length}** (${exporter})`;
  });
  const { forward, gradient, again } = NET_GOALS;
  const rows = results.map(({ net, exporter, parameters, outcome }) => {
    if ('failed' in outcome) return [net, exporter, 'fails', '', '', '', ''];
    const errors = [outcome.forward, outcome.gradient, outcome.again].map((error) => error.toExponential(1));
    return [net, exporter, ...errors, `${outcome.compared} of ${parameters}`, outcome.nodes.join(' -> ')];
  });
  const faulty = results.flatMap((result) =>
    faultsOf(result).map((fault) => `- ${result.net} (${result.exporter}): ${fault}`),
  );
  return [
    factLines(facts),
    `Right are ${counts.join(' and ')}: errors of at most ${forward} forward, ${gradient} of every gradient, ${again} exported again, the worst of ${seeds} seed${seeds === 1 ? '' : 's'}.`,
    tableOf(['net', 'exporter', 'forward', 'gradient', 'exported again', 'gradients', 'nodes'], rows),
    ...(faulty.length > 0 ? [`Not right:\n\n${faulty.join('\n')}`] : []),
  ].join('\n\n');
}
