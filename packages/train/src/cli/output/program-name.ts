import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * The words that call this program in a shell here: `onnx-forge` when it is on the PATH, else through npx, which finds that of the
 * project.
 */
export function programName({ PATH = '' }: NodeJS.ProcessEnv = process.env): string {
  // npm puts the project's own programs on the PATH of what it runs; the user's shell does not have them.
  const folders = PATH.split(delimiter).filter((folder) => folder !== '' && !/node_modules[\\/]\.bin$/.test(folder));
  const isThere = folders.some((folder) =>
    ['onnx-forge', 'onnx-forge.cmd'].some((name) => existsSync(join(folder, name))),
  );
  return isThere ? 'onnx-forge' : 'npx onnx-forge';
}
