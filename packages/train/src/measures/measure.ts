import type { ImageEntry, KindReference, LogLikelihood, ModelKind, ModelOf } from '@onnx-forge/infer';
import type { DataSet, SplitName } from '../data/data-set.js';
import type { OptionValues } from '../options/option.js';

/** One number about a model, with what is needed to compute it again. */
export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly split: SplitName;
  /** How many examples it is the mean of. */
  readonly examples: number;
  /** Monte-Carlo samples per example, where there are any. */
  readonly samples?: number;
  /** Over the examples: what another sample of them would change. */
  readonly standardError?: number;
  /** Over the Monte-Carlo draws: what other draws for the same examples would change. */
  readonly drawError?: number;
  /** The classifier that it was measured with, where there is one. */
  readonly judge?: string;
  /** The data set, with how its images were made binary: `mnist+dynamic`. An evaluation adds it. */
  readonly dataSet?: string;
}

/** An estimate of log p(x) that may be made elsewhere, such as in parts by several processes. */
export interface LikelihoodWork {
  readonly split: SplitName;
  /** At equal distances in the split. */
  readonly examples: number;
  /** Importance samples per example. */
  readonly samples: number;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  onProgress?(what: string, fraction: number): void;
}

/** Split, seed and sizes that a measure is asked for. */
export interface MeasureRequest<Options = OptionValues> {
  /** The split in question: `validation` in training, `test` in an evaluation unless it was asked for another. */
  readonly split: SplitName;
  /** Of all draws: equal seeds draw the same numbers. */
  readonly seed: number;
  /** The recipe's options, as the model was trained with them. */
  readonly options: Options;
  /** How many examples log p(x) is estimated for, at equal distances in the split, where the recipe does not insist. */
  readonly examples?: number;
  /** Monte-Carlo samples per example, where the recipe does not insist. */
  readonly samples?: number;
  readonly signal?: AbortSignal;
  /** The classifier for images of this kind, or undefined where there is none (which has been said then). */
  judge?(image: ImageEntry): Promise<ModelOf<'classifier'> | undefined>;
  /** Estimates log p(x) in place of the model's own method, with the same result. */
  logLikelihood?(work: LikelihoodWork): Promise<LogLikelihood>;
  /** Says something that people should know, such as why a number can't be had. */
  onNotice?(text: string): void;
  /** @param fraction 0 .. 1 of what is under way */
  onProgress?(what: string, fraction: number): void;
}

/**
 * Numbers about a model: of a trained run, or of one that is still in training (see `liveModel`). One measure serves
 * validation, what a recipe watches, and evaluation. `data` has the recipe's inputs as fields.
 */
export type Measure<K extends KindReference = ModelKind, Options = OptionValues> = (
  model: ModelOf<K>,
  data: DataSet,
  request: MeasureRequest<Options>,
) => Promise<readonly Measurement[]>;

/** @deprecated Use {@link Measure}. */
export type Evaluate<Kind extends KindReference = ModelKind> = Measure<Kind>;

/** @deprecated Use {@link MeasureRequest}. */
export type EvaluationRequest = MeasureRequest;
