import { TrainError } from './errors.js';

/** The error of a file or folder of a run that the system does not let be written. */
export function unwritable(path: string, error: unknown): TrainError {
  const message = `${path} can't be written: ${(error as Error).message}`;
  return new TrainError('run-unwritable', message, { path }, { cause: error });
}

/** Whether an error says that there is nothing at a path, as opposed to something that can't be looked at. */
export function isAbsence(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
