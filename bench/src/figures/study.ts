import type { CertificateOptions } from '@onnx-forge/train/kinds';
import type { OptionValues } from '@onnx-forge/train/options';

/** An epoch, 0 before the first iteration. */
export type Logged = number | 'last';

/** One number of each run of a study, as its evaluation names it. */
export interface StudyMeasure {
  readonly name: string;
  readonly split: 'train' | 'validation' | 'test';
  /** Monte-Carlo samples per example, where a run has the number by several. */
  readonly draws?: number;
  /** Of the log of the training (`validation` or `train` of `split`), after this epoch, in place of the evaluation. */
  readonly logged?: Logged;
  /** Heading of its column. */
  readonly label: string;
  /** `percent` of fractions; `log10` of ratios that lie apart by powers of ten. Default: the number as it is. */
  readonly as?: 'percent' | 'log10';
  readonly digits: number;
  /** The value that shows the recipe to be right; met when it is two standard errors away. */
  readonly gate?: { readonly value: number; readonly better: 'higher' | 'lower' };
  /** Of the best figure known for the system, with its source. */
  readonly published?: string;
}

/** Settings of a training, as `train()` takes them. */
export interface ArmSettings {
  readonly preset?: string;
  readonly set?: OptionValues;
  readonly maxSteps?: number;
}

/** An arm, as another study has it. */
export interface ArmOf {
  readonly study: Study;
  readonly arm: string;
}

/** One way to train; the runs of an arm differ in their seeds alone. */
export interface Arm extends ArmSettings {
  /** First cell of its row. */
  readonly label: string;
  /** The arm that it is compared with, seed by seed, by the first measure. */
  readonly against?: string;
  /** Default: those of the study. */
  readonly model?: string;
  readonly data?: string;
  /** Of the best figure known for this arm, with its source. */
  readonly published?: string;
  /** The runs are those of another study, which trains them. */
  readonly of?: ArmOf;
  /** The runs begin with the weights of these, seed by seed; the hours count both. */
  readonly from?: ArmOf;
}

/** A PNG of a document. */
interface PictureFile {
  /** From the root. */
  readonly file: string;
  /** Scaled down to so many pixels. */
  readonly width?: number;
}

/** A figure of a run of an arm, as the recipe names it. */
export interface RunPicture extends PictureFile {
  readonly arm: string;
  readonly figure: string;
  /** Which of its pictures, where it has several: FIGURE-PART.png. */
  readonly part?: string;
  /** Default: the study's first. */
  readonly seed?: number;
}

/** Picture of several runs, drawn by a command of `onnx-forge`. */
export interface ComparingPicture extends PictureFile {
  /** The command line without `-o`. */
  readonly command: (run: RunOf) => readonly string[];
}

/** The folder of a run; the seed's default is the study's first. */
export type RunOf = (arm: string, seed?: number) => string;

export type Picture = RunPicture | ComparingPicture;

/** A figure of the documents: trainings of a recipe, and numbers that are measured on them. */
export interface Study {
  /** Of `docs/figures/NAME.json`, and of the markers in the documents. */
  readonly name: string;
  /** Where the table stands, from the root. */
  readonly documents: readonly string[];
  readonly model: string;
  readonly data: string;
  readonly arms: Readonly<Record<string, Arm>>;
  readonly seeds: readonly number[];
  readonly measures: readonly StudyMeasure[];
  /** The study and arm whose first seed reads generated images. */
  readonly judge?: readonly [study: string, arm: string];
  /** How the evaluation measures likelihoods, if not as the recipe does. */
  readonly evaluation?: { readonly samples: number; readonly examples: number };
  /** Measured by a certificate of these sizes, not by the recipe's evaluation. */
  readonly certificate?: CertificateOptions;
  /** One number of all seeds' runs, which translate together. */
  readonly together?: true;
  /** A row for each number and a column for each arm. Default: the other way round. */
  readonly numbersAsRows?: boolean;
  /** Label of a last row, the mean of all arms: of folds, say. */
  readonly mean?: string;
  /** Hours that the trainings took. */
  readonly hours?: boolean;
  /** Of documents. */
  readonly pictures?: readonly Picture[];
  /** A sentence below the table on how the numbers were made. */
  readonly note?: string;
}
