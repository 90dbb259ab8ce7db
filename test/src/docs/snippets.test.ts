import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { type Program, programsIn } from './snippets.js';

const ROOT = new URL('../../../', import.meta.url);
const root = fileURLToPath(ROOT);
const run = promisify(execFile);

/** What a user's project would have; stricter than most. */
const tsconfig = {
  extends: join(root, 'tsconfig.base.json'),
  compilerOptions: {
    composite: false,
    declaration: false,
    declarationMap: false,
    isolatedDeclarations: false,
    noUnusedLocals: false,
    typeRoots: [join(root, 'node_modules/@types')],
    outDir: 'out',
  },
  include: ['*.ts'],
};

describe('snippets of the READMEs', () => {
  const programs: Program[] = [];
  let folder: string;
  let compiled: string;

  before(async function () {
    this.timeout(120_000);
    const packages = await readdir(new URL('packages/', ROOT));
    for (const file of ['README.md', ...packages.map((name) => `packages/${name}/README.md`)]) {
      programs.push(...(await programsIn(ROOT, file)));
    }
    // Where they run: the packages and the models are there, and what they write goes away.
    folder = await mkdtemp(join(tmpdir(), 'onnx-forge-snippets-'));
    for (const name of ['node_modules', 'models']) await symlink(join(root, name), join(folder, name));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
    for (const [index, { text }] of programs.entries()) await writeFile(join(folder, `snippet-${index}.ts`), text);
    const tsc = join(root, 'node_modules/.bin/tsc');
    compiled = await run(tsc, ['-p', folder]).then(
      () => '',
      (error: { stdout: string }) => error.stdout,
    );
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it('are found in every README', () => {
    const files = new Set(programs.map(({ name }) => name.split(':')[0]));
    expect([...files].sort()).to.deep.equal([
      'README.md',
      'packages/export/README.md',
      'packages/infer/README.md',
      'packages/train/README.md',
      'packages/viz/README.md',
    ]);
  });

  it('have the types that the packages have', () => {
    const named = compiled.replace(/^(?:.*\/)?snippet-(\d+)\.ts\((\d+),/gm, (_, index, line) => {
      const [file, start] = programs[index]!.name.split(':');
      return `${file}, about line ${Number(start) + Number(line)} (`;
    });
    expect(named).to.equal('');
  });

  it('run', async function () {
    this.timeout(300_000);
    for (const [index, { name }] of programs.entries()) {
      const program = join('out', `snippet-${index}.js`);
      const failure = await run(process.execPath, [program], { cwd: folder, timeout: 120_000 }).then(
        () => undefined,
        (error: { stderr: string }) => error.stderr,
      );
      expect(failure, name).to.equal(undefined);
    }
  });
});
