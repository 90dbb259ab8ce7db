import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import { PeerProcess, parseArguments, Unavailable, UsageError, withoutAvx512 } from '@onnx-forge/bench';
import { expect } from 'chai';

/** Stands in for Python: counts the requests that it has answered, and does as it is told. */
const STAND_IN = `#!/usr/bin/env node
let answered = 0;
console.log(JSON.stringify({ torch: '9.8+cpu', program: process.argv[2], clock: process.env.BENCH_CLOCK }));
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const [what] = JSON.parse(line);
  if (what === 'hang') return;
  if (what === 'die') { console.error('Traceback\\nValueError: enough'); process.exit(1); }
  console.log(JSON.stringify(what === 'refuse' ? { error: 'no such kernel' } : { answered: ++answered }));
});
`;

async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof Unavailable ? { status: error.status, reason: error.reason } : (error as Error).message;
}

describe('bench: peers in Python', () => {
  let folder: string;
  let python: string;
  const options = { threads: 1, clock: 'cpu' } as const;
  before(async () => {
    folder = await mkdtemp(join(os.tmpdir(), 'peers-'));
    python = join(folder, 'python');
    await writeFile(python, STAND_IN);
    await chmod(python, 0o755);
  });
  after(() => rm(folder, { recursive: true }));

  it('keep a process for all who share it until the last has closed it', async () => {
    const peer = new PeerProcess({ ...options, python });
    expect(await peer.open()).to.include({ torch: '9.8+cpu', clock: 'cpu' });
    expect((await peer.open()).program).to.match(/torch_peer\.py$/);
    expect(await peer.ask(['a'])).to.deep.equal({ answered: 1 });
    await peer.close();
    expect(await peer.ask(['b'])).to.deep.equal({ answered: 2 });
    await peer.close();
  });

  it('say what a form refuses, are ended when it takes too long, and start again', async () => {
    const peer = new PeerProcess({ ...options, python });
    await peer.open();
    expect(await reasonOf(peer.ask(['refuse']))).to.deep.equal({ status: 'cannot', reason: 'no such kernel' });
    expect(await peer.ask(['a'])).to.deep.equal({ answered: 1 });
    expect(await reasonOf(peer.ask(['hang'], 50))).to.deep.equal({
      status: 'cannot',
      reason: 'not compiled within 0 s',
    });
    expect(await peer.ask(['a'])).to.deep.equal({ answered: 1 });
    expect(await reasonOf(peer.ask(['die']))).to.include('ValueError: enough');
    await peer.close();
  });

  it('are absent, with how to install them, where there is no Python or no package', async () => {
    const none = await reasonOf(new PeerProcess({ ...options, python: join(folder, 'none') }).open());
    expect(none).to.deep.include({ status: 'absent' });
    expect(JSON.stringify(none)).to.include('pip install torch');
    const empty = await reasonOf(new PeerProcess({ ...options, python: '/bin/false' }).open());
    expect(JSON.stringify(empty)).to.include("'/bin/false' has no torch");
  });
});

describe('bench: arguments', () => {
  it('takes one round when it has to be quick and three otherwise, or as many as it is told', () => {
    expect(parseArguments([])).to.include({ rounds: 3, compile: true, instructions: 'native', threads: 2 });
    expect(parseArguments(['--quick'])).to.include({ rounds: 1, compile: false });
    expect(parseArguments(['--quick', '--rounds', '3', '--compile'])).to.include({ rounds: 3, compile: true });
    expect(parseArguments(['--instructions', 'avx2']).instructions).to.equal('avx2');
    for (const wrong of [
      ['--rounds', '0'],
      ['--threads', 'x'],
      ['--instructions', 'sse'],
      ['--only', 'nothing'],
    ]) {
      expect(() => parseArguments(wrong), wrong.join(' ')).to.throw(UsageError, wrong[0]);
    }
  });
});

describe('bench: instructions', () => {
  const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
  const kernels = '48f7d0 a8e0 0f84 9e000000';
  const flags = '4181fee6000000 746f';

  it('takes the two jumps to AVX-512 out of the library and leaves all else as it is', () => {
    const patched = withoutAvx512(hex(`90 ${kernels} 0f84 9e000000 ${flags} 746f`));
    const expected = `90 48f7d0 a8e0 660f1f440000 0f84 9e000000 4181fee6000000 6690 746f`;
    expect(Buffer.from(patched).toString('hex')).to.equal(hex(expected).toString('hex'));
  });

  it('refuses a library in which one of them is missing or there twice', () => {
    for (const library of [kernels, flags, `${kernels} ${flags} ${flags}`, `${kernels} ${kernels} ${flags}`]) {
      expect(() => withoutAvx512(hex(library)), library).to.throw('not found once');
    }
  });
});
