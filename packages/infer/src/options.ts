import { InputError } from './errors.js';
import { kindOf } from './typed-array.js';

/** Options of anything that may take long. */
interface LongWork {
  readonly signal?: unknown;
  readonly onProgress?: unknown;
}

/**
 * Throws InputError unless the options are an object, `signal` is an AbortSignal (of any realm) and `onProgress` a
 * function, where they are given.
 *
 * @param what what messages call the work: "encode of runs/vae"
 */
export function checkOptions(what: string, options: LongWork): void {
  if (typeof options !== 'object' || options === null) {
    throw new InputError(`the options of ${what} must be an object, not ${kindOf(options)}`);
  }
  const { signal, onProgress } = options;
  if (signal !== undefined && signal !== null && !isSignal(signal)) {
    throw new InputError(
      `the signal of ${what} must be an AbortSignal (a controller's 'signal'), not ${kindOf(signal)}`,
    );
  }
  if (onProgress !== undefined && onProgress !== null && typeof onProgress !== 'function') {
    throw new InputError(`onProgress of ${what} must be a function, not ${kindOf(onProgress)}`);
  }
}

function isSignal(value: unknown): boolean {
  const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>;
  return typeof aborted === 'boolean' && typeof addEventListener === 'function';
}
