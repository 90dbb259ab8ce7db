import type { ForgeError } from '@onnx-forge/infer';

// biome-ignore lint/suspicious/noExplicitAny: a class with any constructor
type ErrorClass<E> = abstract new (...args: any[]) => E;

/** The error that a promise is rejected with, which must be of this class and have a message of one line. */
export async function rejection<E extends ForgeError>(type: ErrorClass<E>, promise: Promise<unknown>): Promise<E> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome === undefined) throw new Error(`expected ${type.name}, but nothing was thrown`);
  if (!(outcome instanceof type)) throw outcome;
  if (/[\r\n]/.test(outcome.message)) throw new Error(`a message of several lines: ${outcome.message}`);
  return outcome;
}
