import { type KindReference, type ModelOf, Random } from '@onnx-forge/infer';
import type { DataSet } from '../data/data-set.js';
import type { Measure } from '../measures/measure.js';
import type { OptionValues } from '../options/option.js';
import type { GraphRunner } from './graph.js';

/**
 * Metrics by name, such as the accuracy of nearest neighbours. `data` has the recipe's inputs as fields.
 *
 * @deprecated Use a {@link Measure}, under `watch:`; it gets the model itself.
 */
export type Monitor<Options = OptionValues> = (
  graphs: GraphRunner,
  data: DataSet,
  random: Random,
  options: Options,
) => Promise<Readonly<Record<string, number>>>;

/** A measure of the validation split as the monitor that it was before; the trainer gives monitors the model itself. */
export function monitorOf<K extends KindReference, Options>(measure: Measure<K, Options>): Monitor<Options> {
  return async (graphs, data, random, options) => {
    const seed = random.integer(2 ** 31);
    const measured = await measure(graphs as ModelOf<K>, data, { split: 'validation', seed, options });
    return Object.fromEntries(measured.map(({ name, value }) => [name, value]));
  };
}

/** A recipe's `watch`, and its `monitor` as a measure. Undefined when it has neither. */
export function watchedBy({
  watch,
  monitor,
}: {
  readonly watch?: Measure;
  readonly monitor?: Monitor;
}): Measure | undefined {
  if (monitor === undefined) return watch;
  return async (model, data, request) => {
    const { split, seed, options } = request;
    const metrics = await monitor(model, data, new Random(seed).fork('monitor'), options);
    const about = { unit: '', split, examples: data.splits[split].size };
    const monitored = Object.entries(metrics).map(([name, value]) => ({ name, value, ...about }));
    return [...((await watch?.(model, data, request)) ?? []), ...monitored];
  };
}
