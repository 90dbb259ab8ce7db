import { stat } from 'node:fs/promises';
import type { Recipe } from '../../recipe/recipe.js';
import { type Command, defineCommand, type Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { findRecipe } from '../inputs/recipes.js';
import { dataDir, recipeFile } from '../options/shared-options.js';
import { integer, text } from '../options/values.js';

/** The folder of all runs, where `train` puts them. */
const RUNS_FOLDER = 'runs';

export const command: Command = defineCommand({
  details:
    'Serves a page on this machine (127.0.0.1) until Ctrl-C: all runs below the folders in a table, their curves (also while they train), ' +
    'settings, measured numbers, figures and graphs; and the models themselves, which run in the browser, on WebGPU or WebAssembly. ' +
    'With --build the page and the runs are written as plain files instead, for any web server.',
  examples: [
    ['explore', 'all runs in the folder runs'],
    ['explore runs/vae-2d', 'one run'],
    ['explore tries runs/classifier', 'all runs in tries, and another one'],
    ['explore runs/vae-2d --build site', 'a static site in the folder site'],
  ],
  positionals: {
    run: {
      type: 'string',
      array: true,
      describe: 'Run folders, or folders of runs',
      defaultDescription: RUNS_FOLDER,
    },
  },
  options: {
    port: { ...integer('--port', 'Port of the page'), defaultDescription: 'any that is free' },
    build: text('--build', 'Folder to write a static site to'),
    'data-dir': dataDir,
    recipe: recipeFile,
  },
  async run({ run = [], port, build, dataDir, recipe: file }, { progress, interruptible }): Promise<Outcome> {
    const { ExploredRuns, holdsRuns } = await import('../../explore/explored-runs.js');
    const paths = run.length > 0 ? run : [RUNS_FOLDER];
    for (const path of paths) {
      await requireFolder(path);
      if (!(await holdsRuns(path))) throw new UsageError(`there is no run in ${path}: train a model first`, { path });
    }
    const own = file === undefined ? undefined : await findRecipe(file);
    const recipe = async (name: string): Promise<Recipe> => (own?.name === name ? own : findRecipe(name));
    const onNotice = (line: string) => progress.notice(line);
    const runs = new ExploredRuns({ paths, recipe, dataDir, onNotice });
    if (build !== undefined) {
      const { writeExplorer } = await import('../../explore/write.js');
      const count = await writeExplorer(runs, build);
      return { text: `wrote the page and ${count} run(s) to ${build}`, json: { out: build, runs: paths } };
    }
    const { serveExplorer } = await import('../../explore/serve.js');
    await using server = await serveExplorer(runs, port);
    progress.notice(`explorer: ${server.url} (Ctrl-C ends it)`);
    const signal = interruptible('stopping');
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    return { text: 'stopped', json: { url: server.url, runs: paths } };
  },
});

/** @throws UsageError */
async function requireFolder(path: string): Promise<void> {
  const entry = await stat(path).catch(() => undefined);
  if (entry?.isDirectory()) return;
  if (/^https?:/i.test(path)) throw new UsageError(`${path} is a URL: open it on the page, by its address`, { path });
  const hint = path === RUNS_FOLDER ? ': train a model, or name another folder' : '';
  throw new UsageError(`there is no folder ${path}${hint}`, { path });
}
