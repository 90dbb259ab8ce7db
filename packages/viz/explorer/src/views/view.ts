import type { Model } from '@onnx-forge/infer';
import type { ComponentType } from 'preact';
import type { TestExamples } from '../runs.js';

export interface ViewProps<M extends Model = Model> {
  readonly model: M;
  readonly examples: TestExamples | undefined;
}

/** One tab. */
export interface View {
  readonly title: string;
  readonly component: ComponentType<ViewProps>;
}
