import type { FormTable } from '@onnx-forge/export';
import type { DeviceRequest } from '@onnx-forge/infer';
import type { DataReference, DataSet } from '../data/data-set.js';
import type { EngineName } from '../engine/engine.js';
import type { Measurement } from '../measures/measure.js';
import type { Direction } from '../metrics/direction.js';
import type { SinkName } from '../metrics/sinks/names.js';
import type { MetricSink } from '../metrics/sinks/sink.js';
import type { Recipe } from '../recipe/recipe.js';
import type { BestCheckpoint, Stop } from '../run/checkpoint.js';
import type { Backend } from '../tfjs-backend.js';
import type { Callback } from './callbacks/callback.js';
import type { OnEvent } from './events.js';

export interface TrainRequest {
  readonly recipe: Recipe;
  /** The run folder. */
  readonly out: string;
  /**
   * A name, `real` or `embedded` for the recipe's own; a path or reference to data of one's own; or a loaded set. Default
   * `embedded`: it needs no files.
   */
  readonly data?: string | DataReference | DataSet;
  readonly dataDir?: string;
  readonly preset?: string;
  /** Options by name; text is parsed. */
  readonly set?: Readonly<Record<string, unknown>>;
  /** Of weights, order of examples and the steps' randomness. Default 1. */
  readonly seed?: number;
  /** Default `compiled`. */
  readonly engine?: EngineName;
  /** Of the compiled engine and of the evaluation. Default `auto`. */
  readonly device?: DeviceRequest;
  /** Of the eager engine. Default `cpu`. */
  readonly backend?: Backend;
  /** Threads of an operator on the CPU; default: one per physical core. */
  readonly threads?: number;
  /**
   * Of the compiled engine, for operations that can be written in several forms of equal results but for rounding: `default`, a fixed
   * estimate; `measured`, the fastest in trials on this machine, kept in a cache; a manifest or file with the `forms` of another run,
   * or these themselves, for its bits again. A resumed run keeps those that it has.
   */
  readonly forms?: string | FormTable;
  /**
   * Go on with the run in `out`, to the length that it began with unless `set.epochs` or `maxSteps` say otherwise; begins one
   * where there is none.
   */
  readonly resume?: boolean;
  /** Of a resumed run: go on to another length even if its schedule depends on the length (`cosine`). */
  readonly extend?: boolean;
  /**
   * Run folder whose weights this run begins with. If it is of the same recipe, its options, data, seed and engine are the
   * defaults. The optimizers begin anew.
   */
  readonly from?: string;
  /** Weights that begin anew although `from` is given: names with commas between, `*` stands for any characters. */
  readonly fromExcept?: string;
  /** Replace the run in `out`. */
  readonly force?: boolean;
  /** Stop after so many iterations in all, the run then being finished. */
  readonly maxSteps?: number;
  /**
   * `validation.METRIC` or `train.STEP/METRIC`: the weights of the epoch with its best value are kept and exported, in place of
   * the last ones. `none`: nothing is monitored. A resumed run goes on with what it monitored.
   */
  readonly monitor?: string;
  /** Which values of the monitored metric are better; default: known from its name. */
  readonly direction?: Direction;
  /** Stop when the monitored metric has not improved for so many epochs. */
  readonly patience?: number;
  /** The least change of the monitored metric that counts as an improvement for `patience`. Default 0. */
  readonly minDelta?: number;
  /** Further ones, of the caller's own. A resumed run needs the same. */
  readonly callbacks?: readonly Callback[];
  /** Where the log goes beside metrics.jsonl, which every run has. A resumed run goes on with those that it had. */
  readonly log?: readonly SinkName[];
  /** Further places for the log, of the caller's own. */
  readonly sinks?: readonly MetricSink[];
  /** Iterations per line of the log. Default 50. */
  readonly logEvery?: number;
  /** Between checkpoints within an epoch. Default 60. */
  readonly checkpointSeconds?: number;
  /** Write the training step and its state into the run, so that infer can train it further. Compiled engine only. */
  readonly saveStep?: boolean;
  /** After training, default true. */
  readonly evaluate?: boolean;
  readonly figures?: boolean;
  /** Monte-Carlo samples of the evaluation, where the recipe does not insist. */
  readonly samples?: number;
  /** The run of the classifier that reads generated images; default: the run `classifier` beside this one. */
  readonly judge?: string;
  /** Abort: a checkpoint is written and the result says `interrupted`. */
  readonly signal?: AbortSignal;
  readonly onEvent?: OnEvent;
}

export interface TrainResult {
  readonly status: 'finished' | 'interrupted';
  readonly recipe: string;
  /** Decides what the run can do: one of infer's kinds, or one of the recipe's own. */
  readonly kind: string;
  readonly out: string;
  /** Iterations and epochs done. */
  readonly steps: number;
  readonly epochs: number;
  /** The callback that ended the training, and why; none: all iterations are done, or it was interrupted. */
  readonly stopped?: Stop;
  /** Of the weights that were kept and exported, in place of the last ones. */
  readonly best?: BestCheckpoint;
  /** Of training, interrupted parts included; without evaluation and figures. */
  readonly seconds: number;
  /** The last training means and validation metrics. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly measurements: readonly Measurement[];
  /** A short text of the training data, for models that take one. */
  readonly example?: string;
  /** Files. */
  readonly figures: readonly string[];
}
