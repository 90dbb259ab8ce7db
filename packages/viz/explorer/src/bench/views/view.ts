import type { Model, RunLocation } from '@onnx-forge/infer';
import type { TestExamples } from '../examples.js';

/** Properties of every page of a model. */
export interface ViewProps<M extends Model = Model> {
  readonly model: M;
  /** Where the model is from. */
  readonly location: RunLocation;
  readonly examples: TestExamples;
}
