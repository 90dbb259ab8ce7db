import { attemptRuns } from '../batch/attempt-runs.js';
import { type Command, defineCommand, type Outcome } from '../command.js';
import { chosenData } from '../inputs/chosen-data.js';
import { dataDir, device, otherData, ownData, recipeFile } from '../options/shared-options.js';
import { given, text } from '../options/values.js';
import { requireWritableFolder } from '../output/files.js';

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
    return attemptRuns(
      runs,
      async (opened) => {
        await requireWritableFolder(opened.run);
        return { files: await drawFigures({ ...opened, ...given({ only, data: chosen, dataDir }), device }) };
      },
      (_, { files }) => files.join('\n'),
      { recipeFile, between: '\n', context },
    );
  },
});
