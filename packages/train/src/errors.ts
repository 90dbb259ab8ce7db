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
  | 'run-locked'
  | 'log-invalid'
  | 'snapshot-invalid'
  | 'checkpoint-invalid'
  | 'checkpoint-mismatch'
  | 'graph-external'
  | 'graph-folds-weights'
  | 'port-in-use'
  | 'out-exists';

/** How messages about numbers that are not finite end. */
export const DIVERGED = 'training diverged; try a smaller learning rate (the last checkpoint is kept)';

/** A training run can't begin, go on or be resumed. */
export class TrainError extends ForgeError {
  declare readonly code: TrainErrorCode;

  constructor(code: TrainErrorCode, message: string, data: ErrorData = {}, options?: ErrorOptions) {
    super(code, message, data, options);
  }
}
