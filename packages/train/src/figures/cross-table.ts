import { barChart, svgToPng } from '@onnx-forge/viz';
import type { FigureImage } from './figure.js';

/** A trained run with one number that was measured on it. */
export interface MeasuredRun {
  readonly options: Readonly<Record<string, unknown>>;
  readonly value: number;
  /** How it was trained and measured, by name: numbers of runs that differ here can't be compared as they stand. */
  readonly about?: Readonly<Record<string, string | number | undefined>>;
  /** Of the value itself, over examples. */
  readonly standardError?: number | undefined;
}

/** The runs that have the same two options. */
export interface CrossTableCell {
  readonly mean: number;
  /** Over the runs where there are several (seeds, folds), else the run's own. */
  readonly standardError?: number | undefined;
  readonly runs: number;
  /** In what its runs differ from those of most other cells, such as `iterations 200`: compare with care. */
  readonly marks?: readonly string[];
}

/** A number against one or two options of the runs. */
export interface CrossTable {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** `cells[row][column]`; undefined where no run has these options. */
  readonly cells: readonly (readonly (CrossTableCell | undefined)[])[];
}

/** Runs set in a table: option `rows` downwards, option `columns` to the right (one column without it). */
export function crossTable(runs: readonly MeasuredRun[], rows: string, columns?: string): CrossTable {
  const column = ({ options }: MeasuredRun) => (columns === undefined ? 'all' : `${options[columns]}`);
  const row = ({ options }: MeasuredRun) => `${options[rows]}`;
  const [down, across] = [valuesOf(runs.map(row)), valuesOf(runs.map(column))];
  const groups = down.map((r) => across.map((c) => runs.filter((run) => row(run) === r && column(run) === c)));
  const filled = groups.flat().filter((group) => group.length > 0);
  const marks = MARKED.map((name) => ({ name, usual: mostCommon(filled.map((group) => aboutOf(group, name))) }));
  const cells = groups.map((line) => line.map((group) => cellOf(group, marks)));
  return { rows: down, columns: across, cells };
}

/** Facts that make a cell's number less comparable with the others, yet of the same kind. */
const MARKED = ['iterations', 'seed'] as const;

/** All values of a fact among the runs of a cell. */
function aboutOf(runs: readonly MeasuredRun[], name: string): string {
  return valuesOf(runs.map(({ about }) => `${about?.[name] ?? 'none'}`)).join(', ');
}

/** The first of those that occur most often. */
function mostCommon(values: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].reduce<readonly [string, number] | undefined>(
    (best, one) => (best === undefined || one[1] > best[1] ? one : best),
    undefined,
  )?.[0];
}

/** In what the runs differ beside their options: a line for each, such as `iterations differ: 200, 8000`. */
export function unlikeRuns(runs: readonly Pick<MeasuredRun, 'about'>[]): string[] {
  const names = [...new Set(runs.flatMap(({ about = {} }) => Object.keys(about)))];
  return names.flatMap((name) => {
    const values = valuesOf(runs.map(({ about }) => `${about?.[name] ?? 'none'}`));
    return values.length > 1 ? [`${name} differ: ${values.join(', ')}`] : [];
  });
}

/** Each once; numbers in their order, names in the order of the runs. */
function valuesOf(values: readonly string[]): string[] {
  const once = [...new Set(values)];
  return once.every((value) => value !== '' && Number.isFinite(Number(value)))
    ? once.sort((one, other) => Number(one) - Number(other))
    : once;
}

function cellOf(
  runs: readonly MeasuredRun[],
  usual: readonly { readonly name: string; readonly usual: string | undefined }[],
): CrossTableCell | undefined {
  const [only] = runs;
  if (only === undefined) return undefined;
  const unusual = usual.filter((one) => aboutOf(runs, one.name) !== one.usual);
  const marked = unusual.map(({ name }) => `${name} ${aboutOf(runs, name)}`);
  const marks = marked.length > 0 ? { marks: marked } : {};
  if (runs.length === 1) return { mean: only.value, standardError: only.standardError, runs: 1, ...marks };
  const mean = runs.reduce((sum, { value }) => sum + value, 0) / runs.length;
  const squares = runs.reduce((sum, { value }) => sum + (value - mean) ** 2, 0);
  return { mean, standardError: Math.sqrt(squares / (runs.length - 1) / runs.length), runs: runs.length, ...marks };
}

/** A table as bars with their standard errors: `columns` along the axis, `rows` side by side. It must have no empty cell. */
export function crossTableChart(
  { rows, columns, cells }: CrossTable,
  text: { title: string; subtitle?: string; rows: string; columns?: string | undefined; unit: string },
): FigureImage {
  const known = cells.every((row) => row.every((cell) => cell!.standardError !== undefined));
  const { svg } = barChart({
    title: text.title,
    ...(text.subtitle !== undefined && { subtitle: text.subtitle }),
    x: { categories: columns, ...(text.columns !== undefined && { label: text.columns }) },
    y: { label: text.unit },
    series: rows.map((name, row) => ({
      name: `${text.rows} ${name}`,
      values: cells[row]!.map((cell) => cell!.mean),
      ...(known && { errors: cells[row]!.map((cell) => cell!.standardError!) }),
    })),
  });
  return { svg, png: svgToPng(svg) };
}
