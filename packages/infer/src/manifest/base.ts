import type { DataType } from '../arrays/tensor.js';
import type { RunFile } from './run-file.js';
import type { TrainingEntry } from './training-entry.js';

/** The format that this version writes; readers refuse a greater one. */
export const MANIFEST_FORMAT = 1;

/** The manifest's name inside a run folder. It is written last: a folder that has one is a whole run. */
export const MANIFEST_FILE = 'manifest.json';

/** One graph's signature and file. A string in a shape names a free dimension. */
export interface GraphEntry extends RunFile {
  readonly opset: number;
  readonly inputs: Readonly<Record<string, ValueEntry>>;
  readonly outputs: Readonly<Record<string, ValueEntry>>;
  /** Files beside the graph's that hold its weights; of graphs of more than 2 GiB. */
  readonly externalData?: readonly RunFile[] | undefined;
}

export interface ValueEntry {
  readonly dtype: DataType;
  readonly shape: readonly (number | string)[];
}

export interface FileEntry {
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** Where data of a user's own were read from. */
export interface DataEntry {
  readonly format: string;
  /** Absolute, on the machine that trained the run. */
  readonly path: string;
  readonly options?: Readonly<Record<string, string | number | boolean>> | undefined;
  /** The rule that split them into train, validation and test; older runs name none. */
  readonly splitRule?: string | undefined;
  readonly sha256?: string | undefined;
}

/** A measured number, with the data that it was measured on. */
export interface MetricEntry {
  readonly name: string;
  readonly value: number;
  readonly unit?: string | undefined;
  readonly dataSet?: string | undefined;
  readonly split?: string | undefined;
  /** How many examples it averages over. */
  readonly samples?: number | undefined;
  readonly seed?: number | undefined;
  readonly device?: string | undefined;
  readonly [detail: string]: unknown;
}

/** The weights that the graphs hold. */
export interface ChosenEntry {
  /** Those after the last iteration, or those that were kept because a metric was the best. */
  readonly checkpoint: 'last' | 'best';
  /** Iterations and epochs that they had. */
  readonly step: number;
  readonly epoch: number;
  /** The metric that was the best, and its value. */
  readonly monitor?: string | undefined;
  readonly value?: number | undefined;
}

/** How an example is laid out and what its values mean. */
export interface ImageEntry {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Values for black and white. */
  readonly range: readonly [number, number];
}

/** Part of the manifest that all kinds have. */
export interface ManifestBase {
  readonly format: 1;
  readonly model: string;
  /** ISO 8601. */
  readonly created: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, unknown>>;
  readonly data: {
    readonly name: string;
    readonly files: readonly FileEntry[];
    readonly embedded: boolean;
    /** Of data of a user's own: where and how they were read, and the hash of their content. */
    readonly reference?: DataEntry | undefined;
  };
  readonly seed: number;
  readonly device: string;
  readonly engine: string;
  readonly steps: number;
  readonly epochs: number;
  /** Absent in runs of older versions: the last ones. */
  readonly chosen?: ChosenEntry | undefined;
  /** Why the training ended before its last iteration, if it did. */
  readonly stopped?: { readonly by: string; readonly reason: string } | undefined;
  readonly graphs: Readonly<Record<string, GraphEntry>>;
  /** Tokens in the order of their ids, by the name of the vocabulary; for models of text. */
  readonly vocabularies?: Readonly<Record<string, readonly string[]>> | undefined;
  /** How the training can go on without tfjs; of runs that were trained with `--save-step`. */
  readonly training?: TrainingEntry | undefined;
  readonly metrics: readonly MetricEntry[];
  readonly [detail: string]: unknown;
}

/** Content of the manifest.json of a run of one kind: `serve` has the facts that its model is used with. */
export type ManifestOf<K extends string, Serve extends object> = ManifestBase & {
  readonly kind: K;
  readonly serve: Serve;
};

/** Content of the manifest.json of a run of any kind, one of a caller's own too. */
export type AnyManifest = ManifestOf<string, object>;
