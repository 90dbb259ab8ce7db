import type { Batch } from '../data/batches.js';
import type { Split } from '../data/data-set.js';
import type { Measure } from '../measures/measure.js';
import type { ModelKind, ModelOf, ServeFacts } from '../model-kinds.js';
import type { Graph } from './graph.js';

/** Use of a recipe's networks once they are trained: kind, facts and graphs. Made by `latentModel`, `generatorModel`, ... */
export interface Served<Kind extends ModelKind = ModelKind> {
  /** Decides the methods that infer gives the run. */
  readonly kind: Kind;
  /** Facts that infer needs beside the graphs; they go into the manifest. */
  readonly facts: ServeFacts<Kind>;
  readonly graphs: Readonly<Record<string, Graph>>;
  /**
   * Gives their values to weights that no step moves, such as a whitening: before every validation and at the end of
   * training. `model` exports a graph when it is first run.
   *
   * @param epoch one epoch of training examples, changed as in training; always the same ones
   */
  settle?(model: ModelOf<Kind>, epoch: Iterable<Batch>): Promise<void>;
  /** Measures the validation split after each epoch, on the model of then. */
  readonly validation?: Measure<Kind>;
  /** Facts that only the trained model can tell, such as a threshold; from the validation split. */
  calibrate?(model: ModelOf<Kind>, split: Split): Promise<Partial<ServeFacts<Kind>>>;
}
