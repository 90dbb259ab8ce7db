import type { tf } from '@onnx-forge/export';
import type { AnyKind } from '@onnx-forge/infer';
import type { DataSet } from '../../data/data-set.js';
import type { DataFacts } from '../../data/facts.js';
import type { Figure } from '../../figures/figure.js';
import type { Served } from '../../kinds/served.js';
import type { Measure } from '../../measures/measure.js';
import type { InputSpec } from '../../recipe/inputs.js';
import type { BatchTensors, StepMetrics } from '../../recipe/recipe.js';
import type { ImageInput } from '../image-input.js';
import type { ImportedNetwork } from '../imported-network.js';

/** Facts of a file with its options that a loss depends on. */
export interface TaskFacts {
  /** The file's, for messages. */
  readonly file: string;
  readonly input: ImageInput;
  /** Name of the output that is trained. */
  readonly output: string;
  /** Its size of an example: of a new last layer, or as the file says. */
  readonly outputSize: readonly number[];
  /** Numbers that the last linear layer takes, where there is one. */
  readonly features: number | undefined;
  readonly options: TaskOptions;
}

/** Options of single losses. */
export interface TaskOptions {
  /** Field of the data that the output is compared with. */
  readonly target: string;
  /** From which distance on pairs of different classes count no more. */
  readonly margin: number;
}

/** Runs the network on images of ours; gives its outputs by name, and other values of its graph. */
export type Apply = (x: tf.Tensor, values?: readonly string[]) => Record<string, tf.Tensor>;

/** A loss that a file is fine-tuned by, and the model that it then is. */
export interface Task {
  /** In a few words. */
  readonly says: string;
  /** Tensors of a batch. @throws TrainError when the file's output does not fit the loss, or the data do not fit it */
  batch(facts: TaskFacts, data: DataFacts): Readonly<Record<string, InputSpec>>;
  /** Adds to the data what only this loss needs. */
  prepare?(dataSet: DataSet, facts: TaskFacts): DataSet;
  loss(net: ImportedNetwork, apply: Apply, batch: BatchTensors, facts: TaskFacts): StepMetrics;
  serves(net: ImportedNetwork, apply: Apply, facts: TaskFacts, data: DataFacts): Served;
  /** Of the trained model, if it is none of infer's. */
  readonly kinds?: readonly AnyKind[];
  readonly evaluate: Measure;
  readonly figures: Readonly<Record<string, Figure>>;
}

/** How an example's size is written: `10`, or `3 x 8 x 8`. */
export function describeSize(size: readonly number[]): string {
  return size.join(' x ') || 'one number';
}
