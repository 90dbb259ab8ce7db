import type { Machine } from '../report/result.js';
import { PACKAGES } from './packages.js';
import { isWrong, TOLERANCE, type ZooModel, type ZooResult } from './zoo-model.js';

export interface Report {
  readonly date: string;
  readonly machine: Machine;
  readonly versions: readonly string[];
  readonly results: readonly ZooResult[];
}

/** How many models of each format must be exported and right. */
export const EXPECTED: Readonly<Record<ZooModel['format'], number>> = { 'graph-model': 39, 'layers-model': 21 };

/** Sentences about what is not as it must be; none when all is well. */
export function faults(results: readonly ZooResult[]): string[] {
  const wrong = results.filter(({ outcome }) => isWrong(outcome)).map(({ model }) => `${model.name} is wrong`);
  const few = Object.entries(EXPECTED).flatMap(([format, expected]) => {
    const right = rightOnes(results, format as ZooModel['format']).length;
    return right < expected ? [`${right} of the ${format}s are exported and right, not ${expected}`] : [];
  });
  return [...wrong, ...few];
}

function rightOnes(results: readonly ZooResult[], format: ZooModel['format']): ZooResult[] {
  return results.filter(
    ({ model, outcome }) => model.format === format && outcome.status === 'exported' && !isWrong(outcome),
  );
}

/** The report as Markdown: machine and versions, counts, the table, what is refused. */
export function markdown({ date, machine, versions, results }: Report): string {
  const facts = [
    `${machine.processor}, ${machine.cores} cores, ${machine.memoryGB} GB, ${machine.system}, Node ${machine.node}`,
    `${date.slice(0, 10)}, load average ${machine.load.toFixed(1)} at the start`,
    versions.join(', '),
    Object.entries(PACKAGES)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  ];
  const counts = (['graph-model', 'layers-model'] as const).map((format) => {
    const all = results.filter(({ model }) => model.format === format).length;
    return `**${rightOnes(results, format).length} of ${all} ${format}s** are exported and agree with tfjs`;
  });
  const parts = [list(facts), `${counts.join('; ')} (largest error allowed: ${TOLERANCE}).`, table(results)];
  const fixed = results.flatMap(({ model, outcome }) =>
    outcome.status === 'exported' && outcome.fixed
      ? [`${model.name}: ${sizesOf(outcome.fixed.sizes)}. With free sizes: ${outcome.fixed.reason}`]
      : [],
  );
  if (fixed.length > 0) parts.push(`Exported with fixed sizes only:\n\n${list(fixed)}`);
  const refused = results.flatMap(({ model, outcome }) =>
    outcome.status === 'exported' ? [] : [`${model.name} (${outcome.status}): ${outcome.reason}`],
  );
  if (refused.length > 0) parts.push(`Not exported:\n\n${list(refused)}`);
  return `${parts.join('\n\n')}\n`;
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join('\n');
}

function sizesOf(sizes: Readonly<Record<string, number>>): string {
  return Object.entries(sizes)
    .map(([name, size]) => `${name} ${size}`)
    .join(', ');
}

const HEADINGS = [
  'model',
  'MB',
  'nodes',
  'worst error',
  "tfjs wasm's",
  'largest number',
  'tfjs cpu',
  'tfjs wasm',
  'onnx-forge',
];

function table(results: readonly ZooResult[]): string {
  const rows = results.map(({ model, outcome }) => {
    if (outcome.status !== 'exported')
      return [model.name, outcome.status, ...Array<string>(HEADINGS.length - 2).fill('')];
    const { megabytes, nodes, fixed, comparison, wasmError, times } = outcome;
    const error = `${comparison.error.toExponential(1)}${isWrong(outcome) ? ' **wrong**' : ''}`;
    return [
      `${model.name}${fixed ? ' (fixed sizes)' : ''}`,
      megabytes.toFixed(1),
      String(nodes),
      error,
      wasmError === undefined ? '' : wasmError.toExponential(1),
      comparison.magnitude.toPrecision(2),
      milliseconds(times.cpu),
      times.wasm === undefined ? 'lacks kernels' : milliseconds(times.wasm),
      milliseconds(times.ours),
    ];
  });
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(HEADINGS), line(HEADINGS.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');
}

function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}
