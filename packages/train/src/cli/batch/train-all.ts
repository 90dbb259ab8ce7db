import { train } from '../../actions/train.js';
import type { TrainResult } from '../../trainer/request.js';
import type { CommandContext, Outcome } from '../command.js';
import { InterruptedError } from '../errors.js';
import { requireWritableFolder } from '../output/files.js';
import { shellWord } from '../output/format.js';
import { programName } from '../output/program-name.js';
import { showTraining } from '../output/training-progress.js';
import { attemptEach, attemptReport, exitCodeOfAll } from './attempts.js';
import type { PlannedRun } from './plan.js';
import { summarise } from './train-summary.js';

/**
 * Trains one after the other.
 *
 * @throws InterruptedError that says how to go on
 */
export async function trainAll(
  plans: readonly PlannedRun[],
  mode: { readonly resume: boolean; readonly extend: boolean; readonly force: boolean },
  context: CommandContext,
): Promise<Outcome> {
  const { progress, argv } = context;
  const signal = context.interruptible('stopping after this iteration, with a checkpoint (Ctrl-C again: at once)');
  // Standard input has been read: it can't be given again.
  const isPiped = argv.some((word, index) => word === '--config=-' || (word === '--config' && argv[index + 1] === '-'));
  const goOn = isPiped
    ? 'go on by the same command with --resume'
    : `go on with: ${programName()} ${resumeWords(argv).map(shellWord).join(' ')}`;
  const trainOne = async ({ name, request }: PlannedRun): Promise<TrainResult> => {
    signal.throwIfAborted();
    await requireWritableFolder(request.out);
    const result = await train({ ...request, ...mode, signal, onEvent: showTraining(progress, name) });
    progress.end();
    if (result.status === 'finished') return result;
    progress.line(`${name}: stopped after iteration ${result.steps}, checkpoint in ${request.out}`);
    throw signal.reason;
  };
  try {
    const attempts = await attemptEach(plans, ({ name }) => name, trainOne, context);
    return {
      text: summarise(attempts, plans[0]?.recipeFile),
      json: { runs: attempts.map((attempt) => ({ name: attempt.name, ...attemptReport(attempt) })) },
      exitCode: exitCodeOfAll(attempts),
    };
  } catch (error) {
    if (error instanceof InterruptedError) throw error.advise(goOn);
    throw error;
  }
}

/** The same command line, going on instead of beginning. */
function resumeWords(argv: readonly string[]): string[] {
  return [...argv.filter((word) => !['--force', '--resume', '--json'].includes(word)), '--resume'];
}
