import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { insert } from '@onnx-forge/bench';
import { assert } from 'chai';
import { everyFile, filesOf, LONG, longFirst } from '../mocha/files.js';
import { parseArguments, UsageError } from './arguments.js';
import { NODE_VERSIONS, OLDEST_NODE } from './node-versions.js';
import { markdown, type Result } from './results.js';
import { countsOf } from './row.js';
import { ROWS } from './rows.js';
import { ROOT } from './run.js';
import { filesOfNode, nodesByFile, SUITES } from './suites.js';
import { budget } from './table-command.js';

const PACKAGES = ['.', 'packages/infer', 'packages/viz', 'packages/export', 'packages/train', 'models'];

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('the supported Node versions', () => {
  it('are the same in every package.json, in the README and in the docs', () => {
    for (const folder of PACKAGES) {
      const { engines } = JSON.parse(read(join(folder, 'package.json'))) as { engines?: { node?: string } };
      assert.equal(engines?.node, `>=${OLDEST_NODE}`, folder);
    }
    const versions = [OLDEST_NODE, ...NODE_VERSIONS.slice(1)];
    const list = `${versions.slice(0, -1).join(', ')} and ${versions.at(-1)}`;
    for (const page of ['README.md', 'docs/support-matrix.md']) {
      assert.include(read(page), `Node ${OLDEST_NODE} or later (tested on ${list}`, page);
    }
  });

  it('have a row each', () => {
    const names = ROWS.map(({ name }) => name);
    assert.includeMembers(names, ['node20', 'node22', 'node24', 'node26']);
    assert.equal(new Set(names).size, names.length);
  });

  it('include the one that runs this', () => {
    const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
    const [oldest, least] = OLDEST_NODE.split('.').map(Number) as [number, number];
    assert.isTrue(major > oldest || (major === oldest && minor >= least), process.versions.node);
  });
});

describe('the matrix command', () => {
  it('has lists of tests that exist', () => {
    for (const list of [...Object.values(SUITES), LONG]) assert.isAtLeast(filesOf(list).length, list.length);
    assert.throws(() => filesOf(['export/nothing']), "there are no tests 'export/nothing'");
    assert.includeMembers(filesOf(SUITES.numeric), filesOf(SUITES.kernels));
  });

  it('starts long files first', () => {
    const [first, second] = filesOf(LONG) as [string, string];
    assert.deepEqual(longFirst(['short.test.js', second, first]), [first, second, 'short.test.js']);
    assert.equal(everyFile()[0], first);
  });

  it('runs every file on two Nodes or more, but for what runs in Chromium', () => {
    const count = NODE_VERSIONS.length;
    const parts = NODE_VERSIONS.map((_, index) => filesOfNode(index, count));
    const nodes = nodesByFile(count);
    for (const file of everyFile()) {
      assert.equal(parts.filter((part) => part.includes(file)).length, nodes.get(file), file);
    }
    const [conformance, explorer, random] = filesOf([
      'infer/conformance',
      'explorer/explorer',
      'infer/random',
    ]) as string[];
    const counts = [conformance, explorer, random].map((file) => nodes.get(file!));
    assert.deepEqual(counts, [2, 1, count]);
    assert.equal(new Set(parts.flat()).size, everyFile().length);
  });

  it('is planned for 40 minutes', () => {
    assert.isAtMost(Number(/planned: ([\d.]+) minutes/.exec(budget(ROWS))?.[1]), 40);
    for (const { name, minutes } of ROWS) assert.isAbove(minutes!, 0, name);
  });

  it('takes rows by name, in the order of the table', () => {
    const names = (...words: string[]): string[] => parseArguments(words, ROWS).rows.map(({ name }) => name);
    assert.deepEqual(names('haswell', 'native'), ['native', 'haswell']);
    assert.deepEqual(
      names(),
      ROWS.map(({ name }) => name),
    );
    assert.notInclude(names('--quick'), 'node20');
    assert.throws(() => parseArguments(['node19'], ROWS), UsageError, "there is no row 'node19'; there are native, ");
    assert.throws(() => parseArguments(['--fast'], ROWS), UsageError);
  });

  it("reads mocha's totals", () => {
    const output = '    ✔ says 3 passing (1ms)\n\n  1845 passing (10m)\n  72 pending\n  1 failing\n\n  1) a test\n';
    assert.deepEqual(countsOf(output), { passing: 1845, pending: 72, failing: 1 });
    assert.deepEqual(countsOf('SyntaxError'), { passing: 0, pending: 0, failing: 0 });
  });

  it('writes a table with the reasons of skipped rows', () => {
    const machine = { processor: 'Z80', cores: 1, memoryGB: 0, system: 'CP/M' };
    const common = { seconds: 90, date: '2001-02-03T04:05:06.000Z', machine, node: '20.19.0' };
    const counts = { passing: 5, pending: 1, failing: 0 };
    const results: Result[] = [
      { ...common, name: 'a', title: 'one', outcome: { status: 'passed', counts } },
      { ...common, name: 'b', title: 'two', outcome: { status: 'skipped', reason: 'no emulator' } },
    ];
    const text = markdown(results);
    assert.include(text, '| `a` | one | passed | 5 | 1 | 0 | 1.5 | 2001-02-03 |\n');
    assert.include(text, '| `b` | two | skipped: no emulator |  |  |  | 1.5 | 2001-02-03 |\n');
    assert.equal(text.match(/Z80/g)!.length, 1, 'one machine');
    assert.include(insert(read('docs/support-matrix.md'), text, 'matrix'), text.trim());
  });
});
