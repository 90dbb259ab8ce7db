import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

const IMPORTED = `'@onnx-forge/export/node'`;

/**
 * A copy of a program, and of the files beside it, in a new temporary folder, whose one import of this project leads to
 * another engine (`engines/`). A module hook would do too, but it makes loading slower, the more so the more modules there are.
 */
export async function copyOnEngine(file: string, engine: string): Promise<string> {
  const url = new URL(`./engines/${engine}.js`, import.meta.url).href;
  const [from, to] = [dirname(file), await mkdtemp(join(tmpdir(), 'onnx-forge-program-'))];
  await writeFile(join(to, 'package.json'), '{ "type": "module" }');
  for (const name of (await readdir(from)).filter((name) => name.endsWith('.js'))) {
    const code = await readFile(join(from, name), 'utf8');
    await writeFile(join(to, name), code.replaceAll(IMPORTED, `'${url}'`));
  }
  return join(to, basename(file));
}
