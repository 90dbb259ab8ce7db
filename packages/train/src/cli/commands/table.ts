import { type AnyManifest, loadManifest, type MetricEntry } from '@onnx-forge/infer';
import type { CrossTable, MeasuredRun } from '../../figures/cross-table.js';
import { suggestion } from '../../suggest.js';
import { type Command, defineCommand, type Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { chartFile } from '../options/shared-options.js';
import { oneOf, text } from '../options/values.js';
import { requireWritableFile, writeOutput } from '../output/files.js';
import { formatNumber } from '../output/format.js';
import { table } from '../output/table.js';

export const command: Command = defineCommand({
  details:
    'Takes one number that training or eval measured on each run, and sets it in a table by one or two options of the ' +
    'runs. Runs with the same two options (seeds, folds) share a cell: their mean, and its standard error over the runs.',
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
    rows: { ...text('--rows', 'Option that differs downwards'), demandOption: true },
    columns: text('--columns', 'Option that differs to the right'),
    split: { ...oneOf('--split', ['train', 'validation', 'test'], 'Part of the data'), default: 'test' },
    out: { ...chartFile, describe: 'PNG or SVG file of the table as a bar chart, with standard errors' },
    title: text('--title', 'Title of the chart'),
  },
  async run({ run: runs, metric, rows, columns, split, out, title }): Promise<Outcome> {
    const { crossTable, crossTableChart, unlikeRuns } = await import('../../figures/cross-table.js');
    if (out !== undefined) await requireWritableFile(out);
    const manifests = await Promise.all(
      runs.map(async (run) => [run, await loadManifest(run, { kinds: 'any' })] as const),
    );
    const found = manifests.map(([run, manifest]) => measured(run, manifest, { metric, split, rows, columns }));
    const set = crossTable(found, rows, columns);
    if (out !== undefined) {
      requireFull(set, rows, columns);
      const data = [...new Set(manifests.map(([, manifest]) => manifest.data.name))].join(', ');
      const counts = [...new Set(set.cells.flat().map((cell) => cell!.runs))].sort((one, other) => one - other);
      const { png, svg } = crossTableChart(set, {
        title: title ?? `${metric} by ${[rows, columns].filter(Boolean).join(' and ')}`,
        subtitle: `${data}, ${split} split; runs per cell: ${counts.join(' to ')}`,
        rows,
        columns,
        unit: metric,
      });
      await writeOutput(out, out.endsWith('.svg') ? svg! : png);
    }
    const unlike = unlikeRuns(found);
    const lines = set.cells.map((row, r) => [set.rows[r]!, ...row.map(show)]);
    return {
      text: `${metric}, ${split} split\n${table([rows, ...set.columns.map((c) => (columns ? `${columns} ${c}` : c))], lines)}${unlike.map((line) => `\n${line}`).join('')}`,
      json: { metric, split, options: { rows, columns }, ...set, unlike, ...(out !== undefined && { file: out }) },
    };
  },
});

interface Wanted {
  readonly metric: string;
  readonly split: string;
  readonly rows: string;
  readonly columns: string | undefined;
}

/** @throws UsageError when the run has no such option, or the number was not measured */
function measured(run: string, manifest: AnyManifest, { metric, split, rows, columns }: Wanted): MeasuredRun {
  const { options, metrics } = manifest;
  for (const option of [rows, columns]) {
    if (option === undefined || Object.hasOwn(options, option)) continue;
    const known = Object.keys(options);
    const hint = suggestion(option, known) || `; options: ${known.join(', ')}`;
    throw new UsageError(`${run} has no option '${option}'${hint}`, { run, option });
  }
  const entry = metrics.find((one: MetricEntry) => one.name === metric && one.split === split);
  if (entry !== undefined) {
    const { standardError, dataSet, samples } = entry;
    const draws = typeof entry.draws === 'number' ? entry.draws : undefined;
    const about = { iterations: manifest.steps, 'data set': dataSet, draws, examples: samples };
    return { options, value: entry.value, about, ...(typeof standardError === 'number' && { standardError }) };
  }
  const known = metrics.filter((one) => one.split === split).map(({ name }) => name);
  const have =
    known.length > 0 ? `it has ${known.join(', ')}` : `nothing was; measure it with 'onnx-forge eval ${run}'`;
  throw new UsageError(`${run}: '${metric}' was not measured on the ${split} split; ${have}`, { run, metric, split });
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

function show(cell: CrossTable['cells'][number][number]): string {
  if (cell === undefined) return '-';
  const { mean, standardError, runs } = cell;
  const error = standardError === undefined ? '' : ` +- ${formatNumber(standardError)}`;
  return `${formatNumber(mean)}${error}${runs > 1 ? ` (${runs} runs)` : ''}`;
}
