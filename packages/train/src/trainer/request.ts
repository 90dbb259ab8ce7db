import type { DeviceRequest } from '@onnx-forge/infer';
import type { DataReference, DataSet } from '../data/data-set.js';
import type { EngineName } from '../engine/engine.js';
import type { Measurement } from '../measures/measure.js';
import type { Recipe } from '../recipe/recipe.js';
import type { Backend } from '../tfjs-backend.js';
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
  /** Go on with the run in `out`; begins one where there is none. More epochs than before are fine. */
  readonly resume?: boolean;
  /** Replace the run in `out`. */
  readonly force?: boolean;
  /** Stop after so many iterations in all, the run then being finished. */
  readonly maxSteps?: number;
  /** Iterations per line of metrics.jsonl. Default 50. */
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
  /** Of training, interrupted parts included; without evaluation and figures. */
  readonly seconds: number;
  /** The last training means and validation metrics. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly measurements: readonly Measurement[];
  /** Files. */
  readonly figures: readonly string[];
}
