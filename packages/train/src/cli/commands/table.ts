import { type AnyManifest, loadManifest, type MetricEntry } from '@onnx-forge/infer';
import type { CrossTable, MeasuredRun } from '../../figures/cross-table.js';
import { fullest } from '../../run/run-number.js';
import { suggestion } from '../../suggest.js';
import { type Command, defineCommand, type Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { chartFile } from '../options/shared-options.js';
import { count, oneOf, text } from '../options/values.js';
import { requireWritableFile, STDOUT, writeOutput } from '../output/files.js';
import { formatNumber } from '../output/format.js';
import { table } from '../output/table.js';

export const command: Command = defineCommand({
  details:
    'Takes one number that training or eval measured on each run, and sets it in a table by one or two options of the ' +
    'runs. Runs with the same two options (seeds, folds) share a cell: their mean, and its standard error over the runs.\n\n' +
    'Numbers on other data, with other Monte-Carlo samples or of other counts of examples are not the same number: they are refused, unless ' +
    '--rows or --columns is data. Of a number that a run has on several counts of examples, the one on the most is taken. Cells whose runs were trained for another number of iterations, or from other seeds, than most are marked.',
  examples: [
    [
      'table runs/text-cnn-* --metric accuracy --rows pooling --columns kernelSize -o table.png',
      'accuracy by two options, as text and as a chart',
    ],
    ['table runs/mr-* --metric accuracy --rows pooling', 'mean over folds'],
  ],
  positionals: { run: { type: 'string', array: true, demandOption: true, describe: 'Run folders' } },
  options: {
    metric: { ...text('--metric', 'Name of the number'), demandOption: true },
    rows: { ...text('--rows', 'Option that differs downwards; or recipe, data or seed'), demandOption: true },
    columns: text('--columns', 'Option that differs to the right; or recipe, data or seed'),
    samples: count('--samples', 'The number that was measured with so many Monte-Carlo samples'),
    data: text('--data', 'The number that was measured on this data set'),
    split: { ...oneOf('--split', ['train', 'validation', 'test'], 'Part of the data'), default: 'test' },
    out: { ...chartFile, describe: 'PNG or SVG file of the table as a bar chart, with standard errors' },
    title: text('--title', 'Title of the chart'),
  },
  async run(
    { run: runs, metric, rows, columns, samples, data: dataSet, split, out, title },
    context,
  ): Promise<Outcome> {
    const { crossTable, crossTableChart, unlikeRuns } = await import('../../figures/cross-table.js');
    if (out !== undefined) await requireWritableFile(out, context);
    const manifests = await Promise.all(
      runs.map(async (run) => [run, await loadManifest(run, { kinds: 'any' })] as const),
    );
    const found = manifests.map(([run, manifest]) =>
      measured(run, manifest, { metric, split, rows, columns, samples, dataSet }),
    );
    requireComparable(runs, found, { metric, axes: [rows, columns] });
    const set = crossTable(found, rows, columns);
    if (out !== undefined) {
      requireFull(set, rows, columns);
      const data = [...new Set(manifests.map(([, manifest]) => manifest.data.name))].join(', ');
      const counts = [...new Set(set.cells.flat().map((cell) => cell!.runs))].sort((one, other) => one - other);
      const { png, svg } = crossTableChart(set, {
        title: title ?? `${metric} by ${[rows, columns].filter(Boolean).join(' and ')}`,
        subtitle: [`${data}, ${split} split`, `runs per cell: ${counts.join(' to ')}`, ...unlikeRuns(found)].join('; '),
        rows,
        columns,
        unit: metric,
      });
      await writeOutput(out, out.endsWith('.svg') ? svg! : png, context);
    }
    const unlike = unlikeRuns(found);
    const marks = [...new Set(set.cells.flat().flatMap((cell) => (cell?.marks ? [cell.marks.join(', ')] : [])))];
    const lines = set.cells.map((row, r) => [set.rows[r]!, ...row.map((cell) => show(cell, marks))]);
    const notes = [...marks.map((mark, index) => `[${index + 1}] ${mark}`), ...unlike];
    return {
      text:
        out === STDOUT
          ? ''
          : `${metric}, ${split} split\n${table([rows, ...set.columns.map((c) => (columns ? `${columns} ${c}` : c))], lines)}${notes.map((line) => `\n${line}`).join('')}`,
      json: { metric, split, options: { rows, columns }, ...set, unlike, ...(out !== undefined && { file: out }) },
    };
  },
});

interface Wanted {
  readonly metric: string;
  readonly split: string;
  readonly rows: string;
  readonly columns: string | undefined;
  readonly samples: number | undefined;
  readonly dataSet: string | undefined;
}

/** @throws UsageError when the run has no such option, or the number was not measured, or in several ways */
function measured(
  run: string,
  manifest: AnyManifest,
  { metric, split, rows, columns, samples: draws, dataSet }: Wanted,
): MeasuredRun {
  const { metrics, model: recipe, data, seed } = manifest;
  const options: Readonly<Record<string, unknown>> = { recipe, data: data.name, seed, ...manifest.options };
  for (const option of [rows, columns]) {
    if (option === undefined || Object.hasOwn(options, option)) continue;
    const known = Object.keys(options);
    const hint = suggestion(option, known) || `; options: ${known.join(', ')}`;
    throw new UsageError(`${run} has no option '${option}'${hint}`, { run, option });
  }
  const isWanted = (one: MetricEntry) =>
    (draws === undefined || one.draws === draws) && (dataSet === undefined || one.dataSet === dataSet);
  const all = fullest(metrics.filter((one: MetricEntry) => one.name === metric && one.split === split));
  const entries = all.filter(isWanted);
  if (entries.length > 1 || (entries.length === 0 && all.length > 0)) {
    const ways = all.map((one) =>
      [...(one.draws === undefined ? [] : [`${one.draws} samples`]), `${one.dataSet}`].join(' on '),
    );
    const message = `${run}: '${metric}' was measured with ${ways.join(', and with ')}: choose one of these by --samples and --data`;
    throw new UsageError(message, { run, metric });
  }
  const [entry] = entries;
  if (entry !== undefined) {
    const { standardError, samples } = entry;
    const about = {
      ...{ iterations: manifest.steps, seed, 'data set': entry.dataSet, examples: samples },
      samples: typeof entry.draws === 'number' ? entry.draws : undefined,
      judge: typeof entry.judge === 'string' ? entry.judge : undefined,
    };
    return { options, value: entry.value, about, ...(typeof standardError === 'number' && { standardError }) };
  }
  const known = metrics.filter((one) => one.split === split).map(({ name }) => name);
  const have =
    known.length > 0 ? `it has ${known.join(', ')}` : `nothing was; measure it with 'onnx-forge eval ${run}'`;
  throw new UsageError(`${run}: '${metric}' was not measured on the ${split} split; ${have}`, { run, metric, split });
}

/** Facts on how a number was measured: with others it is another number. */
const MEASURED_BY = ['data set', 'samples', 'examples', 'judge'] as const;

/** @throws UsageError naming two runs whose numbers are not of one kind */
function requireComparable(
  runs: readonly string[],
  found: readonly MeasuredRun[],
  { metric, axes }: { readonly metric: string; readonly axes: readonly (string | undefined)[] },
): void {
  for (const fact of MEASURED_BY) {
    if (axes.includes('data') && (fact === 'data set' || fact === 'examples')) continue;
    const other = found.findIndex(({ about }) => about?.[fact] !== found[0]!.about?.[fact]);
    if (other < 0) continue;
    const [one, two] = [found[0]!, found[other]!].map(({ about }) => about?.[fact] ?? 'none');
    const message = `'${metric}' is not the same number on ${runs[0]} (${fact} ${one}) and ${runs[other]} (${fact} ${two}): measure both alike by 'onnx-forge eval'`;
    throw new UsageError(message, { metric, fact, runs: [runs[0], runs[other]] });
  }
}

/** @throws UsageError naming a cell that has no run */
function requireFull({ rows: down, columns: across, cells }: CrossTable, rows: string, columns?: string): void {
  for (const [r, row] of cells.entries()) {
    const c = row.indexOf(undefined);
    if (c < 0) continue;
    const place = `${rows}=${down[r]}${columns === undefined ? '' : ` and ${columns}=${across[c]}`}`;
    throw new UsageError(`no run has ${place}: a chart needs one in every cell`, { place });
  }
}

/** A cell's text; marks have numbers, which notes below explain. */
function show(cell: CrossTable['cells'][number][number], marks: readonly string[]): string {
  if (cell === undefined) return '-';
  const { mean, standardError, runs, marks: own } = cell;
  const note = own === undefined ? '' : ` [${marks.indexOf(own.join(', ')) + 1}]`;
  const error = standardError === undefined ? '' : ` +- ${formatNumber(standardError)}`;
  return `${formatNumber(mean)}${error}${runs > 1 ? ` (${runs} runs)` : ''}${note}`;
}
