import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FigureError } from './errors.js';

/**
 * The folder of the explorer, a static page that runs trained models in the browser; its `index.html` wants a `runs.json`
 * beside it.
 *
 * @throws FigureError (`explorer-missing`) in a checkout where it has not been built
 */
export function explorerFolder(): string {
  const folder = fileURLToPath(new URL('./explorer/', import.meta.url));
  if (existsSync(`${folder}index.html`)) return folder;
  throw new FigureError('explorer-missing', `the explorer page is not in ${folder}: build it with 'npm run build'`, {
    folder,
  });
}
