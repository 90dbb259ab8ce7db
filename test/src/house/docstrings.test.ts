import { readdir, readFile } from 'node:fs/promises';
import { assert } from 'chai';

const ROOT = new URL('../../../packages/', import.meta.url);

/** Folders of sources. */
const FOLDERS = ['infer/src/', 'export/src/', 'train/src/', 'viz/src/', 'viz/explorer/src/'];

describe('docstrings of the packages', () => {
  it('begin with the noun that a thing is: none with "What"', async () => {
    const found: string[] = [];
    let count = 0;
    for (const folder of FOLDERS) {
      const files = (await readdir(new URL(folder, ROOT), { recursive: true })).filter((file) => /\.tsx?$/.test(file));
      for (const file of files) {
        const text = await readFile(new URL(`${folder}${file}`, ROOT), 'utf8');
        for (const [, first] of text.matchAll(/\/\*\*\s+(?:\*\s+)?(\S+)/g)) {
          count++;
          if (first === 'What') found.push(`${folder}${file}`);
        }
      }
    }
    assert.isAbove(count, 1000);
    assert.deepEqual(found, []);
  });
});
