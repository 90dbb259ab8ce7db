import { type ErrorCatalogue, ForgeError } from '@onnx-forge/infer';

/** Codes of {@link SweepError}. */
export type SweepErrorCode =
  | 'sweep-invalid'
  | 'sweep-missing'
  | 'sweep-differs'
  | 'sweep-unfinished'
  | 'sweep-target'
  | 'sweep-open'
  | 'sweep-files';

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
  'sweep-files': {
    error: 'SweepError',
    means:
      'The system did not let a file or folder of the sweep be read or written: a full disk, too many open files, no permission ...',
    mend: 'Mend what the message names, then give the same command again: it goes on with the trials that have not ended.',
  },
};

/**
 * The result of work on the files of a sweep.
 *
 * @throws SweepError (`sweep-files`) for an error of the system; any other as it is
 */
export async function withSweepFiles<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ForgeError || typeof (error as NodeJS.ErrnoException).syscall !== 'string') throw error;
    const message = `${path}: a file of the sweep can't be read or written: ${(error as Error).message}`;
    throw new SweepError('sweep-files', message, { path }, { cause: error });
  }
}
