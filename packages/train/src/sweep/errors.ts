import { type ErrorCatalogue, ForgeError } from '@onnx-forge/infer';

/** Codes of {@link SweepError}. */
export type SweepErrorCode =
  | 'sweep-invalid'
  | 'sweep-missing'
  | 'sweep-differs'
  | 'sweep-unfinished'
  | 'sweep-target'
  | 'sweep-open';

/** A sweep can't begin, go on or be read. */
export class SweepError extends ForgeError<SweepErrorCode> {
  static override readonly name: string = 'SweepError';
}

/** Meaning and remedy of each code of {@link SweepError}. */
export const SWEEP_ERRORS: ErrorCatalogue<SweepErrorCode> = {
  'sweep-invalid': {
    error: 'SweepError',
    means: 'The sweep file, or a file of the sweep folder, is not what it should be.',
    mend: 'Correct what the message names; onnx-forge sweep --help shows a sweep file.',
  },
  'sweep-missing': {
    error: 'SweepError',
    means: 'There is no sweep in the folder.',
    mend: 'Name the folder that the sweep was written to.',
  },
  'sweep-differs': {
    error: 'SweepError',
    means: 'The folder holds a sweep of another space, search or settings. Only trials and hours may change.',
    mend: 'Give another --out, or go on with the sweep file that the folder was begun with.',
  },
  'sweep-unfinished': {
    error: 'SweepError',
    means: 'No trial of the sweep has a value yet, so none can be chosen.',
    mend: 'Go on with the sweep; sweep status shows where it stands and why trials failed.',
  },
  'sweep-target': {
    error: 'SweepError',
    means: 'The trainings of the sweep do not measure its target.',
    mend: 'Give one of the measures that the message lists.',
  },
  'sweep-open': {
    error: 'SweepError',
    means: 'A trial of a search that learns (tpe) was to be drawn while trials of earlier batches had not ended.',
    mend: 'Run the sweep again: it begins with the trials that have not ended.',
  },
};
