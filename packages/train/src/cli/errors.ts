import { type ErrorCatalogue, type ErrorData, ForgeError } from '@onnx-forge/infer/errors';

/** The command line can't be understood: exit code 2. */
export class UsageError extends ForgeError<'usage'> {
  constructor(message: string, data: ErrorData = {}, options?: ErrorOptions) {
    super('usage', message, data, options);
  }
}

/** The user ended the command (Ctrl-C, or a signal). The exit code is the shell's convention: 128 + the signal's number. */
export class InterruptedError extends ForgeError<'interrupted'> {
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

/** Codes of {@link CommandError}. */
export type CommandErrorCode = 'output-unwritable' | 'run-remote' | 'source-missing' | 'source-unknown';

/** A command can't read what it was given, or write what it should. */
export class CommandError extends ForgeError<CommandErrorCode> {}

/** Meaning and remedy of each error of the command line itself. */
export const COMMAND_ERRORS: ErrorCatalogue<CommandErrorCode | 'usage' | 'interrupted'> = {
  usage: {
    error: 'UsageError',
    means:
      'The command line is wrong: an unknown command or option, a value that it does not accept, two options that contradict each other. Exit code 2.',
    mend: 'Correct it as the message says; onnx-forge COMMAND --help shows all options.',
  },
  interrupted: {
    error: 'InterruptedError',
    means: 'Ctrl-C or a signal ended the command. Exit code 130 (SIGINT) or 143 (SIGTERM).',
    mend: 'Go on as the message says, such as with train --resume.',
  },
  'output-unwritable': {
    error: 'CommandError',
    means: "A file or folder that the command should write can't be written.",
    mend: 'Name another one with -o, or mend its permissions.',
  },
  'run-remote': {
    error: 'CommandError',
    means: 'A URL was given to a command that needs the run folder on this machine.',
    mend: 'Copy the run to this machine first.',
  },
  'source-missing': {
    error: 'CommandError',
    means: 'There is no run folder or file of this name to export.',
    mend: 'Check the path.',
  },
  'source-unknown': {
    error: 'CommandError',
    means: 'The file to export is neither in a run folder nor the model.json of a saved model.',
    mend: 'Name a run folder or a model.json.',
  },
};

export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** Codes of errors that a different command line would have avoided. */
const USAGE_CODES: ReadonlySet<string> = new Set([
  'usage',
  'option-unknown',
  'option-invalid',
  'data-unknown',
  'device-unknown',
  'metric-unknown',
]);

export function exitCodeOf(error: unknown): number {
  if (error instanceof InterruptedError) return error.exitCode;
  return error instanceof ForgeError && USAGE_CODES.has(error.code) ? EXIT.usage : EXIT.failed;
}

/** Whether an error is one of the packages' own; viz has a class that does not derive from the others'. */
export function isOwn(error: unknown): error is ForgeError {
  return error instanceof ForgeError || (error instanceof Error && error.name === 'FigureError' && 'code' in error);
}

/** One line for people. What is not one of our errors is a bug or the system's; its message may have several lines. */
export function messageOf(error: unknown): string {
  if (isOwn(error)) return error.message;
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
  const known = isOwn(error) ? error : undefined;
  return { code: known?.code ?? 'unexpected', message: messageOf(error), data: known?.data ?? {} };
}
