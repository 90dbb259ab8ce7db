import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert } from 'chai';

const CLI = fileURLToPath(import.meta.resolve('mocha/lib/cli/cli.js'));
const REPORTER = fileURLToPath(new URL('slowest-files.js', import.meta.url));
const SKIP = JSON.stringify(new URL('skip.js', import.meta.url));

const FILES = {
  'quick.test.mjs': `
    import { skip } from ${SKIP};
    it('passes', () => {});
    it('needs luck', function () { skip(this, 'there is none'); });
    describe('a suite', () => {
      before(function () { skip(this, 'no device'); });
      it('needs a device', () => {});
      describe('a room of it', () => it('needs it too', () => {}));
    });`,
  'slow.test.mjs': `
    describe('a slow suite', () => {
      before(() => new Promise((resolve) => setTimeout(resolve, 300)));
      it('fails', () => { throw new Error('on purpose'); });
    });`,
};

describe('the report of the tests', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'onnx-forge-test-'));
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const mode of [[], ['--parallel', '--jobs', '2']]) {
    it(`names the reasons of pending tests and the slowest files, ${mode[0] ?? 'serially'}`, () => {
      const words = [CLI, '--no-config', ...mode, '--reporter', REPORTER, ...Object.keys(FILES)];
      const { stdout, status } = spawnSync(process.execPath, words, { cwd: folder, encoding: 'utf8' });
      assert.equal(status, 1, 'the number of failures');
      for (const line of [
        '- needs luck (skipped: there is none)',
        '- needs a device (skipped: no device)',
        '- needs it too (skipped: no device)',
      ]) {
        assert.include(stdout, line);
      }
      assert.match(stdout, /slowest files:\n +[\d.]+ s {2}slow\.test\.mjs\n +[\d.]+ s {2}quick\.test\.mjs\n/);
      assert.match(stdout, / 1 passing .*\n {2}3 pending\n {2}1 failing/);
    });
  }
});
