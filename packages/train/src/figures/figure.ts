import type { KindReference, ModelKind, ModelOf, Random } from '@onnx-forge/infer';
import type { DataSet } from '../data/data-set.js';
import type { LogLine } from '../metrics/log.js';
import type { OptionValues } from '../options/option.js';

/** Samples taken during training from the same noise. */
export interface Snapshot {
  readonly step: number;
  readonly epoch: number;
  /** [count, height * width * channels], in the model's own range. */
  readonly images: Float32Array;
  readonly count: number;
}

/** Everything that a figure may be drawn from: the exported model, the data, and what training recorded. */
export interface FigureContext<Kind extends KindReference = ModelKind> {
  readonly model: ModelOf<Kind>;
  readonly options: OptionValues;
  /** The recipe's inputs as fields. */
  readonly data: DataSet;
  readonly log: readonly LogLine[];
  /** In the order of training. */
  readonly snapshots: readonly Snapshot[];
  /** A stream of its own for each figure, from the run's seed. */
  readonly random: Random;
}

/** The bytes of a figure: always a PNG, and the SVG that it was drawn from where there is one. */
export interface FigureImage {
  readonly png: Uint8Array;
  readonly svg?: string;
}

/** One figure of a run; a pure function. A list is for a figure of several parts, each a file of its own. */
export type Figure<Kind extends KindReference = ModelKind> = (
  context: FigureContext<Kind>,
) => Promise<FigureImage | readonly FigurePart[]> | FigureImage | readonly FigurePart[];

export interface FigurePart extends FigureImage {
  /** Ends the file's name, such as `step-250`. */
  readonly part: string;
}
