import { DataError } from './errors.js';

/** A file or folder that holds something else than it should. */
export function misfit(path: string, found: string, wanted: string): DataError {
  return new DataError('data-format', `${path} ${found}; wanted: ${wanted}`, { path, found, wanted });
}
