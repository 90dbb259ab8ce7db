import type { ModelKind, Random, ServeOf } from '@onnx-forge/infer';
import type { Batch } from '../data/batches.js';
import type { Split } from '../data/data-set.js';
import type { Graph, GraphRunner } from './graph.js';

/** Use of a recipe's networks once they are trained: kind, facts and graphs. Made by `latentModel`, `generatorModel`, ... */
export interface Served<Kind extends ModelKind = ModelKind> {
  /** Decides the methods that infer gives the run. */
  readonly kind: Kind;
  /** Facts that infer needs beside the graphs; they go into the manifest. */
  readonly facts: ServeOf<Kind>;
  readonly graphs: Readonly<Record<string, Graph>>;
  /**
   * Gives their values to weights that no step moves, such as a whitening: with the exported graphs, before every validation
   * and at the end of training. A graph is exported when it is first run.
   *
   * @param epoch one epoch of training examples, changed as in training; always the same ones
   */
  settle?(graphs: GraphRunner, epoch: Iterable<Batch>): Promise<void>;
  /** Metrics of a validation split after an epoch, means over its examples; computed with the exported graphs. */
  validate?(graphs: GraphRunner, split: Split, random: Random): Promise<Readonly<Record<string, number>>>;
  /** Facts that only the trained model can tell, such as a threshold; from the validation split, with the exported graphs. */
  calibrate?(graphs: GraphRunner, split: Split): Promise<Partial<ServeOf<Kind>>>;
  /** Sample images for a snapshot, [count, height * width * channels]; the same random numbers every time. */
  snapshot?(graphs: GraphRunner, random: Random, count: number): Promise<Float32Array>;
}
