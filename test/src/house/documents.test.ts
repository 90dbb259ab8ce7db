import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { assert } from 'chai';
import { type PackageName, ROOMS } from './rooms.js';

const ROOT = new URL('../../../', import.meta.url);

const folderOf = (name: PackageName, room: string) => new URL(`packages/${name}/src/${room}/`, ROOT);

describe('documents about the house', () => {
  for (const name of ['infer', 'export', 'train'] as const) {
    it(`docs/architecture.md has the rooms of ${name} in their order`, async () => {
      const text = await readFile(new URL('docs/architecture.md', ROOT), 'utf8');
      const rows = text.matchAll(new RegExp(`^\\| \`packages/${name}/src/([\\w-]+)\` \\|`, 'gm'));
      const rooms = ROOMS[name].filter((room) => existsSync(folderOf(name, room)));
      assert.deepEqual(
        [...rows].map(([, room]) => room!),
        rooms,
      );
    });
  }

  it('they name only files and folders that exist', async () => {
    const documents = (await readdir(new URL('docs/', ROOT))).filter((file) => file.endsWith('.md'));
    const files = [
      'README.md',
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'models/README.md',
      ...documents.map((file) => `docs/${file}`),
    ];
    let count = 0;
    for (const file of files) {
      const text = await readFile(new URL(file, ROOT), 'utf8');
      for (const [, path] of text.matchAll(/`((?:packages|test|bench|models|examples|docs)\/[\w./-]+)`/g)) {
        // Made by a command, or a placeholder.
        if (/\/dist\/|\/[A-Z]+$/.test(path!)) continue;
        assert(existsSync(new URL(path!, ROOT)), `${file}: ${path}`);
        count++;
      }
    }
    assert.isAbove(count, 50);
  });
});
