import { readdirSync, readFileSync } from 'node:fs';
import * as train from '@onnx-forge/train/compat';
import { expect } from 'chai';

const root = new URL('../../../', import.meta.url);
const folder = new URL('test/src/theory/', root);

/** The cells of every four-column table row of docs/theory.md, headings and tables of `npm run figures` left out. */
const rows = readFileSync(new URL('docs/theory.md', root), 'utf8')
  .replaceAll(/<!-- figures:([\w-]+):begin -->.*?<!-- figures:\1:end -->/gs, '')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| ---') && !line.startsWith('| Question'))
  .map((line) => line.split(/(?<!\\)\|/).slice(1, -1))
  .map((cells) => cells.map((cell) => cell.trim().replaceAll('\\|', '|')));

/** Titles of the tests beside this file, as `file: title`. */
const titles = readdirSync(folder)
  .filter((file) => file.endsWith('.test.ts') && file !== 'document.test.ts')
  .flatMap((file) => {
    const source = readFileSync(new URL(file, folder), 'utf8');
    return [...source.matchAll(/\bit\((['"])(.*?)\1, /g)].map(([, , title]) => `${file}: ${title}`);
  });

describe('docs/theory.md', () => {
  it('has four cells in every row', () => {
    expect(rows.length).to.be.greaterThan(30);
    for (const row of rows) expect(row.length, row.join(' | ')).to.equal(4);
  });

  it('cites tests that exist, and every test', () => {
    const cited = rows.flatMap(([, , , tests]) => {
      const references = tests!.split('<br>').map((reference) => /^`([\w-]+\.test\.ts)`: (.+)$/.exec(reference.trim()));
      return references.map((reference) => (reference ? `${reference[1]}: ${reference[2]}` : tests!));
    });
    expect([...new Set(cited)].sort()).to.deep.equal([...titles].sort());
  });

  it('names functions that the train package exports', () => {
    const names = rows.flatMap(([, , functions]) =>
      [...functions!.matchAll(/`([A-Za-z]+)`/g)].map(([, name]) => name!),
    );
    expect(names.length).to.be.greaterThan(20);
    for (const name of names) expect(train, name).to.have.property(name);
  });
});
