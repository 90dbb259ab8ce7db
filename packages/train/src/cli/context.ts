import type { CommandContext } from './command.js';
import { InterruptedError } from './errors.js';
import { print } from './output/print.js';
import { printable } from './output/printable.js';
import { progressOn } from './output/progress.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** The context of one command; {@link release} gives the signals back. */
export interface OwnedContext extends CommandContext {
  /** Set once the user has interrupted the command. */
  readonly interrupted: InterruptedError | undefined;
  release(): void;
}

export function createContext({
  argv,
  verbose,
  quiet,
}: {
  argv: readonly string[];
  verbose: boolean;
  quiet: boolean;
}): OwnedContext {
  const progress = progressOn(process.stderr, quiet);
  const controller = new AbortController();
  let announcement = '';
  let listening = false;
  const onSignal = (signal: (typeof SIGNALS)[number]): void => {
    const error = new InterruptedError(signal);
    progress.end();
    // A second Ctrl-C exits at once. Files are written atomically, so none is left half-written.
    if (controller.signal.aborted) process.exit(error.exitCode);
    process.stderr.write(`${announcement}\n`);
    controller.abort(error);
  };
  return {
    argv,
    verbose,
    progress,
    print: (text) => print(`${printable(text)}\n`),
    interruptible(announce) {
      announcement = announce;
      if (!listening) for (const signal of SIGNALS) process.on(signal, onSignal);
      listening = true;
      return controller.signal;
    },
    get interrupted() {
      return controller.signal.reason as InterruptedError | undefined;
    },
    release() {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}
