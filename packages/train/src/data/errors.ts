import { type ErrorCatalogue, ForgeError } from '@onnx-forge/infer';

/** Codes of {@link DataError}. */
export type DataErrorCode =
  | 'data-unknown'
  | 'data-missing'
  | 'data-damaged'
  | 'data-format'
  | 'data-changed'
  | 'data-download'
  | 'data-unwritable';

/** A data set is unknown, absent, damaged, or can't be downloaded or stored. */
export class DataError extends ForgeError<DataErrorCode> {}

/** Fault in a file: where it is, the content that should have been there, and the content that was. */
export interface FormatFault {
  readonly file: string;
  /** Byte offset, in the unpacked content unless the fault is in the gzip layer itself. */
  readonly offset: number;
  readonly expected: string;
  readonly found: string;
  /** The bytes stop too early (as opposed to being wrong). */
  readonly truncated: boolean;
}

/** A file is not in the format that it should be in (code `data-format`). */
export class FormatError extends DataError {
  declare readonly data: Readonly<Record<string, unknown>> & FormatFault;

  constructor(fault: FormatFault, options?: ErrorOptions) {
    const { file, offset, expected, found } = fault;
    super('data-format', `${file}: at byte ${offset}: expected ${expected}, found ${found}`, { ...fault }, options);
  }
}

/** Meaning and remedy of each error about data. */
export const DATA_ERRORS: ErrorCatalogue<DataErrorCode> = {
  'data-unknown': {
    error: 'DataError',
    means: 'There is no data set of this name.',
    mend: 'Use a name of: onnx-forge data list.',
  },
  'data-missing': {
    error: 'DataError',
    means: 'Files of the data set are not in the data folder.',
    mend: 'Run onnx-forge data fetch NAME, or name the folder by --data-dir or ONNX_FORGE_DATA.',
  },
  'data-damaged': {
    error: 'DataError',
    means: 'A file of the data set has not the sha256 that it should have.',
    mend: 'Delete the file and fetch it again.',
  },
  'data-format': {
    error: 'DataError, FormatError',
    means: 'A file is not in the format that it should be in; the message has the byte.',
    mend: 'Correct or replace the file.',
  },
  'data-changed': {
    error: 'DataError',
    means: 'Data of your own are not what they were when the run was trained: their content has another hash.',
    mend: 'Bring the old data back, or name the ones to use now by --data.',
  },
  'data-download': {
    error: 'DataError',
    means: 'No server gave a file of the data set.',
    mend: 'Try again later, or put the file in place by hand: the message names it.',
  },
  'data-unwritable': {
    error: 'DataError',
    means: "The data folder can't be written.",
    mend: 'Free space, or name another folder by --data-dir.',
  },
};
