import { type ErrorData, ForgeError } from '@onnx-forge/infer';

/** Codes of {@link TrainError}. */
export type TrainErrorCode =
  | 'option-unknown'
  | 'option-invalid'
  | 'recipe-invalid'
  | 'data-mismatch'
  | 'no-gradient'
  | 'not-finite'
  | 'metric-unknown'
  | 'judge-unfit'
  | 'run-exists'
  | 'run-unwritable'
  | 'checkpoint-invalid'
  | 'checkpoint-mismatch'
  | 'graph-external'
  | 'graph-folds-weights'
  | 'port-in-use'
  | 'out-exists';

/** A training run can't begin, go on or be resumed. */
export class TrainError extends ForgeError {
  declare readonly code: TrainErrorCode;

  constructor(code: TrainErrorCode, message: string, data: ErrorData = {}, options?: ErrorOptions) {
    super(code, message, data, options);
  }
}
