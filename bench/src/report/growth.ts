import { powerLaw } from './power-law.js';
import type { RowResult } from './result.js';
import { summarise } from './summary.js';
import { number, table } from './table.js';

interface Point {
  readonly value: number;
  readonly iteration?: number;
  readonly memory?: number;
  readonly compile?: number;
  readonly nodes?: number;
}

/** How cost grows: a line for each size of each series, then the exponent of the power law through them. Undefined without such rows. */
export function growthTable(rows: readonly RowResult[]): string | undefined {
  const series = Object.entries(seriesOf(rows));
  if (series.length === 0) return undefined;
  const lines = series.flatMap(([title, points]) => [
    ...points.map(({ value, ...point }) => [
      title,
      value.toLocaleString('en-US'),
      ...COLUMNS.map((column) => cell(point[column], column)),
    ]),
    [title, '**exponent**', ...COLUMNS.map((column) => exponent(points.map((point) => [point.value, point[column]])))],
    ...(changesNodes(points)
      ? [[title, '**exponent by nodes**', '', '', exponent(points.map(({ nodes, compile }) => [nodes, compile])), '']]
      : []),
  ]);
  const headings = ['varied', 'size', 'iteration, ms', 'peak memory, MB', 'trace to first step, ms', 'nodes'];
  return table(headings, lines, '---:', headings.slice(1));
}

const COLUMNS = ['iteration', 'memory', 'compile', 'nodes'] as const;

function seriesOf(rows: readonly RowResult[]): Record<string, Point[]> {
  const series: Record<string, Point[]> = {};
  for (const row of rows) {
    if (row.at === undefined) continue;
    const { series: name, value, measure } = row.at;
    const measured = row.entries[0] && summarise(row, row.entries[0])?.value;
    series[name] ??= [];
    const points = series[name];
    const at = points.findIndex((point) => point.value === value);
    const point = { ...(points[at] ?? { value }), ...(measured !== undefined && { [measure]: measured }) };
    if (at < 0) points.push(point);
    else points[at] = point;
  }
  return series;
}

/** Sizes and nodes are counted, all else is measured. */
function cell(value: number | undefined, column: (typeof COLUMNS)[number]): string {
  if (value === undefined) return '-';
  return column === 'nodes' ? value.toLocaleString('en-US') : number(value);
}

function changesNodes(points: readonly Point[]): boolean {
  const counts = points.map(({ nodes }) => nodes ?? 0);
  return Math.max(...counts) > 2 * Math.min(...counts);
}

function exponent(pairs: readonly (readonly [number | undefined, number | undefined])[]): string {
  const points = pairs.flatMap(([x, y]) => (x !== undefined && y !== undefined ? [{ x, y }] : []));
  return points.length < 2 ? '-' : `**${powerLaw(points).exponent.toFixed(2)}**`;
}
