import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { runBundle } from './runner.js';

describe('the runner of the tfjs suite', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'suite-runner-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function run(specs: string, options: { grep?: string; shards?: number } = {}) {
    const bundle = join(folder, 'specs.mjs');
    await writeFile(bundle, specs);
    return runBundle(bundle, { backend: 'none', silenceMilliseconds: 2000, ...options });
  }

  it('survives specs that kill the process or never return, and goes on with the rest', async () => {
    const { specs, suiteFailures } = await run(`describe('s', () => {
      it('passes', () => expect(1).toBe(1));
      it('crashes', () => process.kill(process.pid, 'SIGSEGV'));
      it('exits', () => { console.error('out of luck'); process.exit(3); });
      it('hangs', () => { for (;;); });
      it('fails', () => expect(1).toBe(2));
      it('passes', () => expect(2).toBe(2));
    });`);
    expect(suiteFailures).to.deep.equal([]);
    expect(specs.map(({ name, status, message }) => [name, status, message])).to.deep.equal([
      ['s passes', 'passed', undefined],
      ['s crashes', 'failed', 'process died (SIGSEGV)'],
      ['s exits', 'failed', 'process died (exit 3): out of luck'],
      ['s hangs', 'failed', 'hung: no progress in 2000 ms'],
      ['s fails', 'failed', 'Expected 1 to be 2.'],
      ['s passes #2', 'passed', undefined],
    ]);
  });

  it('reports failures outside specs', async () => {
    const broken = await run(
      `describe('s', () => { afterAll(() => { throw new Error('no'); }); it('a', () => {}); });`,
    );
    expect(broken.suiteFailures).to.have.length(1);
    expect(broken.suiteFailures[0]!.name).to.equal('s');
    const unloadable = await run(`throw new Error('not a bundle');`);
    expect(unloadable.suiteFailures[0]!.message).to.match(/exit 1.*/);
  });

  it('deals out every spec to exactly one shard, and filters by name', async () => {
    const source = ['a', 'b', 'c']
      .map((s) => `describe('${s}', () => { it('x', () => {}); it('y', () => {}); });`)
      .join('');
    const names = async (options: object) => (await run(source, options)).specs.map(({ name }) => name).sort();
    expect(await names({ shards: 2 })).to.deep.equal(['a x', 'a y', 'b x', 'b y', 'c x', 'c y']);
    expect(await names({ grep: '[bc] y' })).to.deep.equal(['b y', 'c y']);
  });
});
