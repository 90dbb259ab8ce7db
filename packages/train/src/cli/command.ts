import type { ArgumentsCamelCase, InferredOptionTypes, Options, PositionalOptions } from 'yargs';
import type { Progress } from './output/progress.js';

/** Result of a command: for people, and for `--json`. */
export interface Outcome {
  /** Goes to stdout without `--json`; nothing when it is empty. */
  readonly text: string;
  /** Goes to stdout with `--json`, as the only thing there. */
  readonly json: object;
  /** Default 0, or 1 with `failure`. */
  readonly exitCode?: number;
  /** Why the command failed though it has a result to show: one line on stderr. */
  readonly failure?: string | undefined;
}

/** Services for a command, beside its arguments. */
export interface CommandContext {
  readonly progress: Progress;
  /** Prints a result before the command ends; false once the reader of the output has gone. */
  print(text: string): Promise<boolean>;
  /** The words of the command line, to say how to repeat it. */
  readonly argv: readonly string[];
  /** Show more of what went wrong. */
  readonly verbose: boolean;
  /**
   * From this call on Ctrl-C aborts the signal instead of ending the process, so that the command can end its work well;
   * a second Ctrl-C ends the process. The signal's reason is an InterruptedError.
   *
   * @param announce what the user reads at the first Ctrl-C
   */
  interruptible(announce: string): AbortSignal;
}

/** Headings of the help, in their order. */
export type CommandGroup = 'Train' | 'Evaluate' | 'Look' | 'Use' | 'Export' | 'Environment';

/** A command as the list of all commands has it; its options and its work are in a file of its own. */
export interface CommandEntry {
  readonly group: CommandGroup;
  /** yargs's form: `train [model..]`. */
  readonly usage: string;
  readonly summary: string;
  load(): Promise<{ readonly command: Command }>;
}

/** Options and work of one command. */
export interface Command {
  /** Paragraphs for the command's own help. */
  readonly details?: string;
  /** Command lines (without the program's name) and what they do. */
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  /** A further paragraph of the help, on the words that stand after the command's name. */
  helpOn?(words: readonly string[]): Promise<string | undefined>;
  readonly positionals: Readonly<Record<string, PositionalOptions>>;
  readonly options: Readonly<Record<string, Options>>;
  run(args: Readonly<Record<string, unknown>>, context: CommandContext): Promise<Outcome>;
}

interface CommandDefinition<P extends Record<string, PositionalOptions>, O extends Record<string, Options>>
  extends Omit<Command, 'positionals' | 'options' | 'run'> {
  readonly positionals: P;
  readonly options: O;
  run(
    args: ArgumentsCamelCase<InferredOptionTypes<P> & InferredOptionTypes<O>>,
    context: CommandContext,
  ): Promise<Outcome>;
}

/** Declares a command; `run` sees typed arguments. */
export function defineCommand<
  P extends Record<string, PositionalOptions> = Record<never, never>,
  O extends Record<string, Options> = Record<never, never>,
>(definition: CommandDefinition<P, O>): Command {
  return definition as unknown as Command;
}

/** `train` of `train [model..]`. */
export function nameOf({ usage }: CommandEntry): string {
  return usage.split(' ')[0]!;
}
