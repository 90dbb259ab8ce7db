import type { Random } from '@onnx-forge/infer';
import type { DataSet } from '../data/data-set.js';
import type { OptionValues } from '../options/option.js';
import type { GraphRunner } from './graph.js';

/** Metrics by name, such as the accuracy of nearest neighbours. `data` has the recipe's inputs as fields. */
export type Monitor<Options = OptionValues> = (
  graphs: GraphRunner,
  data: DataSet,
  random: Random,
  options: Options,
) => Promise<Readonly<Record<string, number>>>;
