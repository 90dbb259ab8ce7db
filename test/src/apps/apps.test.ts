import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { snippetsIn } from '../docs/snippets.js';
import { ROOT } from '../packages/project.js';
import { APPS, ENDURANCE } from './apps.js';
import { APP_VERSIONS, SOURCES } from './lab.js';
import { judge } from './row.js';
import { differenceOf } from './scenario.js';

describe('the app suite', () => {
  const names = [...APPS, ...ENDURANCE].map(({ name }) => name);

  it('has rows of different names, each in docs/apps.md', () => {
    expect(new Set(names).size).to.equal(names.length);
    const document = readFileSync(join(ROOT, 'docs/apps.md'), 'utf8');
    expect(names.filter((name) => !document.includes(`| \`${name}\` |`))).to.deep.equal([]);
  });

  it('installs exact versions', () => {
    for (const version of Object.values(APP_VERSIONS)) expect(version).to.match(/^(npm:\w+@)?\d+\.\d+\.\d+$/);
  });

  it("has the files that infer's README shows", () => {
    const shown = snippetsIn(ROOT, 'packages/infer/README.md').filter(({ file }) => file !== undefined);
    expect(shown.length).to.be.at.least(5);
    for (const { name, file, text } of shown) {
      const code = text.slice(text.indexOf('\n') + 1).trim();
      const apps = readdirSync(SOURCES).map((app) => join(SOURCES, app, file!));
      const found = apps.filter((path) => existsSync(path) && readFileSync(path, 'utf8').includes(code));
      expect(found, `${name}: no ${file} of test/apps has this`).to.not.deep.equal([]);
    }
  });
});

describe("an app's outcome", () => {
  const settings = { run: 'run', devices: ['wasm', 'webgpu'] };
  const works = ['wasm', 'webgpu'].map((device) => ({ device, numbers: [1, -200] }));
  const expected = [1, -200];

  it('is right if each device gives the numbers', () => {
    expect(judge({ results: works }, { settings }, expected)).to.equal('works: wasm, webgpu');
    expect(() => judge({ results: works.slice(1) }, { settings }, expected)).to.throw('only webgpu ran');
    expect(() => judge({ results: works }, { settings }, [1, -200.1])).to.throw('number 1 is -200, not -200.1');
  });

  it('is wrong if it is an error, unless the app is to be refused so', () => {
    const outcome = (message: string, code?: string) => ({ results: [], error: { message, ...(code && { code }) } });
    const refused = { settings, refused: /wasmPaths/ };
    expect(judge(outcome('see wasmPaths', 'x'), refused, expected)).to.equal('refused: see wasmPaths');
    expect(() => judge(outcome('see wasmPaths', 'x'), { settings }, expected)).to.throw('see wasmPaths');
    for (const other of [outcome('see wasmPaths'), outcome('see\nwasmPaths', 'x'), outcome('fails', 'x')]) {
      expect(() => judge(other, refused, expected)).to.throw('refused with');
    }
    expect(() => judge({ results: works }, refused, expected)).to.throw('though it was to be refused');
  });

  it('has numbers to 1e-4, of those above 1 relative', () => {
    expect(differenceOf([0.5, 2000], [0.50009, 2000.1])).to.equal(undefined);
    expect(differenceOf([0.5], [0.5002])).to.equal('number 0 is 0.5, not 0.5002');
    expect(differenceOf([Number.NaN], [0])).to.equal('number 0 is NaN, not 0');
    expect(differenceOf([1], [1, 2])).to.equal('1 numbers, not 2');
  });
});
