import type { Model, RunLocation } from '@onnx-forge/infer';
import type { ComponentType } from 'preact';
import type { TestExamples } from '../runs.js';

export interface ViewProps<M extends Model = Model> {
  readonly model: M;
  /** Where the model is from. */
  readonly location: RunLocation;
  readonly examples: TestExamples | undefined;
}

/** One tab. */
export interface View {
  readonly title: string;
  readonly component: ComponentType<ViewProps>;
  /** Whether this model has it; default yes. */
  readonly suits?: (model: Model) => boolean;
}
