import { readFile, writeFile } from 'node:fs/promises';
import { supportTable } from '@onnx-forge/export';
import { assert } from 'chai';

const file = new URL('../../../docs/support.md', import.meta.url);

describe('docs/support.md', () => {
  it('is what the lowerings say (npm run docs writes it)', async () => {
    if (process.env.UPDATE_DOCS) await writeFile(file, supportTable());
    assert.equal(await readFile(file, 'utf8'), supportTable());
  });
});
