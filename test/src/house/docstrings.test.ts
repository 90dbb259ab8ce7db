import { readdir, readFile } from 'node:fs/promises';
import { assert } from 'chai';

const ROOT = new URL('../../../', import.meta.url);

/** Folders of the project's own code. */
const FOLDERS = ['packages/', 'models/', 'bench/', 'test/', 'examples/'];

/** Folders that a build or an installation writes. */
const MADE = /(^|\/)(node_modules|dist)\//;

describe('docstrings', () => {
  it('begin with the noun that a thing is: none with "What"', async () => {
    const found: string[] = [];
    let count = 0;
    for (const folder of FOLDERS) {
      const all = await readdir(new URL(folder, ROOT), { recursive: true });
      const files = all.filter((file) => /\.(ts|tsx|mts|js|mjs)$/.test(file) && !MADE.test(file));
      assert.isNotEmpty(files, folder);
      for (const file of files) {
        const text = await readFile(new URL(`${folder}${file}`, ROOT), 'utf8');
        for (const [, first] of text.matchAll(/\/\*\*\s+(?:\*\s+)?(\S+)/g)) {
          count++;
          if (first!.startsWith('What')) found.push(`${folder}${file}`);
        }
      }
    }
    assert.isAbove(count, 3000);
    assert.deepEqual(found, []);
  });
});
