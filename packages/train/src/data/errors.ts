import { type ErrorData, ForgeError } from '@onnx-forge/infer';

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
export class DataError extends ForgeError {
  declare readonly code: DataErrorCode;

  constructor(code: DataErrorCode, message: string, data: ErrorData = {}, options?: ErrorOptions) {
    super(code, message, data, options);
  }
}

/** What a parser met in a file: where, what should have been there, what was. */
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
