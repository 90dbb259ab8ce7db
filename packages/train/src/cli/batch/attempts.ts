import type { CommandContext } from '../command.js';
import { type ErrorReport, EXIT, InterruptedError, messageOf, reportOf } from '../errors.js';

/** How one item of several went. */
export type Attempt<R> =
  | { readonly name: string; readonly result: R }
  | { readonly name: string; readonly error: unknown };

export function failed<R>(attempt: Attempt<R>): attempt is Extract<Attempt<R>, { error: unknown }> {
  return 'error' in attempt;
}

/**
 * Does the same for several items, one after the other. A failure is told at once and does not stop the others; an
 * interruption does. A single item's failure is simply thrown.
 */
export async function attemptEach<T, R>(
  items: readonly T[],
  nameOf: (item: T) => string,
  work: (item: T) => Promise<R>,
  { progress }: CommandContext,
): Promise<Attempt<R>[]> {
  const attempts: Attempt<R>[] = [];
  for (const item of items) {
    const name = nameOf(item);
    try {
      attempts.push({ name, result: await work(item) });
    } catch (error) {
      if (items.length === 1 || error instanceof InterruptedError) throw error;
      progress.notice(`onnx-forge: ${name}: ${messageOf(error)}`);
      attempts.push({ name, error });
    }
  }
  return attempts;
}

/** `{ NAME: ..., ...result }`, or `{ NAME: ..., error }`, for `--json`. */
export function attemptReport<R extends object>(attempt: Attempt<R>): R | { readonly error: ErrorReport } {
  return failed(attempt) ? { error: reportOf(attempt.error) } : attempt.result;
}

export function exitCodeOfAll(attempts: readonly Attempt<unknown>[]): number {
  return attempts.some(failed) ? EXIT.failed : EXIT.done;
}
