import { attemptEach, attemptReport, exitCodeOfAll, failed } from '../batch/attempts.js';
import { type Command, defineCommand, type Outcome } from '../command.js';
import { chosenData } from '../inputs/chosen-data.js';
import { openRun } from '../inputs/runs.js';
import { dataDir, device, otherData, ownData, recipeFile } from '../options/shared-options.js';
import { given, text } from '../options/values.js';
import { requireWritableFolder } from '../output/files.js';
import { showTraining } from '../output/training-progress.js';

export const command: Command = defineCommand({
  details: "Draws the figures of the run's recipe into RUN/figures. 'onnx-forge models --json' lists them.",
  examples: [
    ['figures runs/vae', 'all of them'],
    ['figures runs/vae --only interpolation', 'one of them'],
  ],
  positionals: { run: { type: 'string', array: true, demandOption: true, describe: 'Run folders' } },
  options: {
    only: text('--only', 'Name of the one figure to draw'),
    data: otherData,
    ...ownData,
    'data-dir': dataDir,
    device,
    recipe: recipeFile,
  },
  async run(
    { run: runs, only, data, resize, grey, columns, group, dataDir, device, recipe: recipeFile },
    context,
  ): Promise<Outcome> {
    const { drawFigures } = await import('../../actions/draw.js');
    const chosen = await chosenData({ data, resize, grey, columns, group });
    const signal = context.interruptible('stopping');
    const attempts = await attemptEach(
      runs,
      (run) => run,
      async (run) => {
        const { recipe } = await openRun(run, recipeFile);
        await requireWritableFolder(run);
        const onEvent = showTraining(context.progress, recipe.name);
        const files = await drawFigures({
          recipe,
          run,
          ...given({ only, data: chosen, dataDir }),
          device,
          signal,
          onEvent,
        });
        context.progress.end();
        return { files };
      },
      context,
    );
    return {
      text: attempts
        .flatMap((attempt) => (failed(attempt) ? `${attempt.name}: failed` : attempt.result.files))
        .join('\n'),
      json: { runs: attempts.map((attempt) => ({ run: attempt.name, ...attemptReport(attempt) })) },
      exitCode: exitCodeOfAll(attempts),
    };
  },
});
