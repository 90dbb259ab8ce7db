import type { ImageEntry, KindReference, ModelKind, ModelOf } from '@onnx-forge/infer';
import type { DataSet, SplitName } from '../data/data-set.js';

/** One number about a trained model, with what is needed to compute it again. */
export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly split: SplitName;
  /** How many examples it is the mean of. */
  readonly examples: number;
  /** Monte-Carlo samples per example, where there are any. */
  readonly samples?: number;
  readonly standardError?: number;
  /** The classifier that it was measured with, where there is one. */
  readonly judge?: string;
}

export interface EvaluationRequest {
  /** Where the recipe does not insist. */
  readonly split?: SplitName;
  /** Monte-Carlo samples per example, where the recipe does not insist. */
  readonly samples?: number;
  /** How many examples log p(x) is estimated for, at equal distances in the split, where the recipe does not insist. */
  readonly examples?: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
  /** The classifier for images of this kind, or undefined where there is none (which has been said then). */
  judge?(image: ImageEntry): Promise<ModelOf<'classifier'> | undefined>;
  /** @param fraction 0 .. 1 of what is under way */
  onProgress?(what: string, fraction: number): void;
}

/** A recipe's evaluation: runs on the exported graphs only, through infer. `data` has the recipe's inputs as fields. */
export type Evaluate<Kind extends KindReference = ModelKind> = (
  model: ModelOf<Kind>,
  data: DataSet,
  request: EvaluationRequest,
) => Promise<readonly Measurement[]>;
