import { type ErrorData, ForgeError } from '@onnx-forge/infer/errors';

/** The command line can't be understood: exit code 2. */
export class UsageError extends ForgeError {
  constructor(message: string, data: ErrorData = {}, options?: ErrorOptions) {
    super('usage', message, data, options);
  }
}

/** The user ended the command (Ctrl-C, or a signal). The exit code is the shell's convention: 128 + the signal's number. */
export class InterruptedError extends ForgeError {
  readonly signal: 'SIGINT' | 'SIGTERM';

  /** @param advice how to go on */
  constructor(signal: 'SIGINT' | 'SIGTERM', advice?: string) {
    super('interrupted', `interrupted by ${signal}${advice ? `; ${advice}` : ''}`, { signal, advice });
    this.signal = signal;
  }

  get exitCode(): number {
    return this.signal === 'SIGINT' ? 130 : 143;
  }

  /** The same, with a word on how to go on. */
  advise(advice: string): InterruptedError {
    return new InterruptedError(this.signal, advice);
  }
}

export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** Codes of errors that a different command line would have avoided. */
const USAGE_CODES: ReadonlySet<string> = new Set([
  'usage',
  'option-unknown',
  'option-invalid',
  'data-unknown',
  'device-unknown',
  'figure-unknown',
  'metric-unknown',
]);

export function exitCodeOf(error: unknown): number {
  if (error instanceof InterruptedError) return error.exitCode;
  return error instanceof ForgeError && USAGE_CODES.has(error.code) ? EXIT.usage : EXIT.failed;
}

/** One line for people. What is not one of our errors is a bug or the system's; its message may have several lines. */
export function messageOf(error: unknown): string {
  if (error instanceof ForgeError) return error.message;
  const message =
    error instanceof Error ? `${error.name === 'Error' ? '' : `${error.name}: `}${error.message}` : `${error}`;
  return message.replace(/\s*[\r\n]+\s*/g, ' ').trim();
}

/** An error as `--json` shows it. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly data: ErrorData;
}

export function reportOf(error: unknown): ErrorReport {
  const known = error instanceof ForgeError ? error : undefined;
  return { code: known?.code ?? 'unexpected', message: messageOf(error), data: known?.data ?? {} };
}
