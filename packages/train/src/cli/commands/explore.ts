import { type Command, defineCommand, type Outcome } from '../command.js';
import { openRun } from '../inputs/runs.js';
import { dataDir, recipeFile } from '../options/shared-options.js';
import { integer, text } from '../options/values.js';

export const command: Command = defineCommand({
  details:
    'Serves a page on this machine (127.0.0.1) until Ctrl-C. The models run in the browser, on WebGPU or WebAssembly. ' +
    'With --build the page and the runs are written as plain files instead, for any web server.',
  examples: [
    ['explore runs/vae-2d', 'one run'],
    ['explore runs/vae runs/cvae runs/classifier', 'several, to choose from on the page'],
    ['explore runs/vae-2d --build site', 'a static site in the folder site'],
  ],
  positionals: { run: { type: 'string', array: true, demandOption: true, describe: 'Run folders' } },
  options: {
    port: { ...integer('--port', 'Port of the page'), defaultDescription: 'any that is free' },
    build: text('--build', 'Folder to write a static site to'),
    'data-dir': dataDir,
    recipe: recipeFile,
  },
  async run({ run: runs, port, build, dataDir, recipe: file }, { progress, interruptible }): Promise<Outcome> {
    const { exploredRun } = await import('../../explore/site.js');
    const explored = [];
    for (const run of runs as string[]) {
      const { recipe } = await openRun(run, file);
      explored.push(await exploredRun({ recipe, run, dataDir, onNotice: (line) => progress.notice(line) }));
    }
    if (build !== undefined) {
      const { writeExplorer } = await import('../../explore/write.js');
      await writeExplorer(explored, build);
      return { text: `wrote the page and ${explored.length} run(s) to ${build}`, json: { out: build, runs } };
    }
    const { serveExplorer } = await import('../../explore/serve.js');
    await using server = await serveExplorer(explored, port);
    progress.notice(`explorer: ${server.url} (Ctrl-C ends it)`);
    const signal = interruptible('stopping');
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    return { text: 'stopped', json: { url: server.url, runs } };
  },
});
