export const SPLIT_NAMES = ['train', 'validation', 'test'] as const;
export type SplitName = (typeof SPLIT_NAMES)[number];

export type FieldType = 'float32' | 'int32';
export type FieldArray = Float32Array | Int32Array;

/** One value per example, such as the image `x` or the class `label`. */
export interface Field {
  /** Shape of one example, without the batch dimension: `[28, 28, 1]`, `[]` for a scalar. */
  readonly shape: readonly number[];
  readonly dtype: FieldType;
  /** Every value is exactly 0 or 1. */
  readonly binary?: boolean;
  /** Values are whole numbers 0 .. below - 1. */
  readonly below?: number;
  /** Where its values are to lie; others are refused before training. */
  readonly range?: readonly [low: number, high: number];
  /** No value is NaN or infinite, or outside the range, by how they are stored, so they need no check. */
  readonly finite?: boolean;
  /** Writes example `index` (0-based) to `out[offset .. offset + product(shape))`. */
  read(index: number, out: FieldArray, offset: number): void;
  /**
   * Of examples that do not lie in memory: fetches these, so that the next `read` of each need not wait. `read` gives the
   * same without it, later.
   */
  readAhead?(indices: ArrayLike<number>): Promise<void>;
}

export interface Split {
  /** Number of examples. */
  readonly size: number;
  readonly fields: Readonly<Record<string, Field>>;
  /** Text beside the numbers, one string per example: sentences before they are token ids. */
  readonly texts?: Readonly<Record<string, readonly string[]>>;
}

export type Splits = Readonly<Record<SplitName, Split>>;

/** Tokens in the order of their ids, by the name of the vocabulary. */
export type Vocabularies = Readonly<Record<string, readonly string[]>>;

/** A file that a data set was read from, as it goes into a run's manifest. */
export interface DataFile {
  readonly name: string;
  /** The hash that matched the description: of the file as found, or of its unpacked content. */
  readonly sha256: string;
  readonly bytes: number;
}

/** Data of a user's own, as a run's manifest keeps them: enough to open them again. */
export interface DataReference {
  /** Of the source that reads them, such as `image-folder`. */
  readonly format: string;
  /** Absolute. */
  readonly path: string;
  /** How they are read, such as `resize`. */
  readonly options?: Readonly<Record<string, string | number | boolean>> | undefined;
  /** The rule that splits them, by name; references of older versions have none. */
  readonly splitRule?: string | undefined;
  /** Of their content when they were read. Given, other content is refused. */
  readonly sha256?: string | undefined;
}

export interface DataSet {
  readonly name: string;
  readonly splits: Splits;
  /** Empty for a generated set. */
  readonly files: readonly DataFile[];
  /** Generated from a seed; needs no files. */
  readonly embedded: boolean;
  /** Of the fields that are token ids, made from the training split; of `label`, the names of the classes. */
  readonly vocabularies?: Vocabularies;
  /** Of data that no name stands for. */
  readonly reference?: DataReference;
  /** One line on what was found in data of a user's own. */
  readonly found?: string;
}
