import type { OnEvent } from '../../trainer/events.js';
import type { CommandContext, Outcome } from '../command.js';
import { openRun, type TrainedRun } from '../inputs/runs.js';
import { showTraining } from '../output/training-progress.js';
import { attemptEach, attemptReport, exitCodeOfAll, failed } from './attempts.js';

/** A run folder with its recipe, and what reports on the work with it. */
export interface OpenedRun extends TrainedRun {
  readonly signal: AbortSignal;
  readonly onEvent: OnEvent;
}

/**
 * Does the same with several trained runs, one after the other, and reports on all of them.
 *
 * @param work gives what `--json` has of a run
 * @param textOf a run in words
 */
export async function attemptRuns<R extends object>(
  runs: readonly string[],
  work: (opened: OpenedRun) => Promise<R>,
  textOf: (run: string, result: R) => string,
  {
    recipeFile,
    between,
    context,
  }: {
    readonly recipeFile: string | undefined;
    /** Text between those of two runs. */
    readonly between: string;
    readonly context: CommandContext;
  },
): Promise<Outcome> {
  const signal = context.interruptible('stopping');
  const one = async (run: string): Promise<R> => {
    const opened = await openRun(run, recipeFile);
    const result = await work({ ...opened, signal, onEvent: showTraining(context.progress, opened.recipe.name) });
    context.progress.end();
    return result;
  };
  const attempts = await attemptEach(runs, (run) => run, one, context);
  const texts = attempts.map((attempt) =>
    failed(attempt) ? `${attempt.name}: failed` : textOf(attempt.name, attempt.result),
  );
  return {
    text: texts.filter((text) => text !== '').join(between),
    json: { runs: attempts.map((attempt) => ({ run: attempt.name, ...attemptReport(attempt) })) },
    exitCode: exitCodeOfAll(attempts),
  };
}
