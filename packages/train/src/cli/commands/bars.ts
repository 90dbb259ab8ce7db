import { loadManifest, type MetricEntry } from '@onnx-forge/infer';
import type { BarRun } from '../../figures/measured-bars.js';
import { fullest } from '../../run/run-number.js';
import { type Command, defineCommand, type Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { type NamedRun, namedRuns } from '../inputs/named-runs.js';
import { chartFile } from '../options/shared-options.js';
import { oneOf, text } from '../options/values.js';
import { requireWritableFile, STDOUT, writeOutput } from '../output/files.js';
import { formatNumber } from '../output/format.js';
import { table } from '../output/table.js';

export const command: Command = defineCommand({
  details:
    'Takes numbers that training or eval measured, and draws a group of bars for each of them, a bar for each run. A run ' +
    'is called by the name of its folder, or as one says: NAME=RUN. A name may end with * for all numbers that begin so.\n\n' +
    'Numbers of other data, Monte-Carlo samples or counts of examples are not the same number, and not drawn as one; ' +
    'of what a run has on several counts of examples, the number on the most is drawn. ' +
    'Where the runs differ in iterations or seeds, the chart says so.',
  examples: [
    ['bars runs/content runs/none --metrics "bleu(*" -o by-length.png', 'BLEU by source length of two translators'],
    ['bars with=runs/a without=runs/b --metrics bleu,exactMatch', 'as text only'],
  ],
  positionals: { run: { type: 'string', array: true, demandOption: true, describe: 'Run folders, or NAME=RUN' } },
  options: {
    metrics: { ...text('--metrics', 'Names of the numbers, with commas between'), alias: 'metric', demandOption: true },
    split: { ...oneOf('--split', ['train', 'validation', 'test'], 'Part of the data'), default: 'test' },
    out: chartFile,
    title: text('--title', 'Title of the chart'),
  },
  async run({ run: given, metrics: list, split, out, title }, context): Promise<Outcome> {
    const wanted = list.split(',').map((name) => name.trim());
    if (out !== undefined) await requireWritableFile(out, context);
    const runs = await namedRuns(given);
    const found = toldApart(await Promise.all(runs.map((run) => measured(run, wanted, split))));
    const numbers = found[0]!.entries.map(({ name }) => name);
    const bars = found.map(({ name, entries, location }): BarRun => {
      const sorted = numbers.map((number) => {
        const entry = entries.find((one) => one.name === number);
        if (entry !== undefined) return entry;
        throw new UsageError(`${location} lacks '${number}', which ${runs[0]!.path} has`, { run: location, number });
      });
      return {
        name,
        values: sorted.map(({ value }) => value),
        standardErrors: sorted.map(({ standardError }) => (typeof standardError === 'number' ? standardError : 0)),
      };
    });
    const { unlikeRuns } = await import('../../figures/cross-table.js');
    const unlike = unlikeRuns(found);
    if (out !== undefined) {
      const data = [...new Set(found.map(({ dataSet }) => dataSet))].join(', ');
      const units = [...new Set(found.flatMap(({ entries }) => entries.map(({ unit }) => unit ?? '')))];
      const { measuredBars } = await import('../../figures/measured-bars.js');
      const { png, svg } = measuredBars(bars, {
        title: title ?? list,
        subtitle: [`${data}, ${split} split`, ...unlike].join('; '),
        numbers,
        unit: units.join(', '),
      });
      await writeOutput(out, out.endsWith('.svg') ? svg! : png, context);
    }
    const rows = bars.map(({ name, values }) => [name, ...values.map(formatNumber)]);
    return {
      text: out === STDOUT ? '' : [table(['run', ...numbers], rows), ...unlike].join('\n'),
      json: { split, numbers, runs: bars, unlike, ...(out !== undefined && { file: out }) },
    };
  },
});

/** @throws UsageError when a number that was asked for was not measured */
async function measured({ path, name }: NamedRun, wanted: readonly string[], split: string) {
  const { metrics, data, steps, seed } = await loadManifest(path, { kinds: 'any' });
  const there = fullest(metrics.filter((one: MetricEntry) => one.split === split));
  // A number that two patterns fit is one number.
  const entries = new Set<MetricEntry>();
  for (const pattern of wanted) {
    const fits = (number: string) =>
      pattern.endsWith('*') ? number.startsWith(pattern.slice(0, -1)) : number === pattern;
    const some = there.filter((one) => fits(one.name));
    for (const one of some) entries.add(one);
    if (some.length > 0) continue;
    const have = there.map((one) => one.name).join(', ') || 'nothing';
    const message = `${path}: '${pattern}' was not measured on the ${split} split; it has ${have} ('onnx-forge eval ${path}' measures)`;
    throw new UsageError(message, { run: path, number: pattern, split });
  }
  return { name, entries: [...entries], location: path, dataSet: data.name, about: { iterations: steps, seeds: seed } };
}

/** Numbers of one name that were measured in several ways get the way into their names. */
function toldApart<Run extends { readonly entries: readonly MetricEntry[] }>(runs: readonly Run[]): Run[] {
  const all = runs.flatMap(({ entries }) => entries);
  const ways = {
    draws: (draws: unknown) => `K = ${draws}`,
    dataSet: (dataSet: unknown) => `${dataSet}`,
    samples: (examples: unknown) => `${examples} examples`,
    judge: (judge: unknown) => `judged by ${judge}`,
  } as const;
  const named = (entry: MetricEntry): string => {
    const same = all.filter(({ name }) => name === entry.name);
    const differing = Object.entries(ways).filter(([key]) => new Set(same.map((one) => one[key])).size > 1);
    const words = differing.map(([key, say]) => say(entry[key]));
    return words.length > 0 ? `${entry.name} (${words.join(', ')})` : entry.name;
  };
  return runs.map((run) => ({ ...run, entries: run.entries.map((entry) => ({ ...entry, name: named(entry) })) }));
}
