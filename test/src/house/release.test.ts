import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const RELEASE = fileURLToPath(new URL('../../../scripts/release.mjs', import.meta.url));

/** Stands for npm: `test` fails if a file says so; `publish` tells what it was given, and lists the files that a file names. */
const NPM = `#!${process.execPath}
const { appendFileSync, existsSync, readFileSync } = require('node:fs');
const args = process.argv.slice(2);
appendFileSync(process.env.CALLS, args.join(' ') + '\\n');
if (args[0] === 'test') process.exit(existsSync(process.env.CALLS + '.fail') ? 1 : 0);
const folder = args.at(-1);
const { name, version } = JSON.parse(readFileSync(folder + '/package.json', 'utf8'));
const files = readFileSync(folder + '/files.txt', 'utf8').trim().split('\\n').map((path) => ({ path }));
console.log(JSON.stringify({ [name]: { name, version, size: 1000, files } }));
`;

const FILES = ['package.json', 'README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts'];

describe('npm run release', () => {
  let folder: string;
  let checkout: string;

  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], { cwd: checkout, encoding: 'utf8' });
  const write = (file: string, content: string | object) => {
    mkdirSync(join(checkout, file, '..'), { recursive: true });
    writeFileSync(join(checkout, file), typeof content === 'string' ? content : JSON.stringify(content));
  };
  const commit = () => {
    git('add', '-A');
    git('commit', '--quiet', '--allow-empty', '-m', 'work');
  };
  const calls = () => {
    try {
      return readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
    } catch {
      return [];
    }
  };
  const release = (...args: string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      const identity = Object.fromEntries(
        ['AUTHOR', 'COMMITTER'].flatMap((who) => [
          [`GIT_${who}_NAME`, 'a'],
          [`GIT_${who}_EMAIL`, 'a@b.c'],
        ]),
      );
      const path = `${join(folder, 'bin')}${delimiter}${process.env.PATH}`;
      const env = { ...process.env, ...identity, PATH: path, CALLS: join(folder, 'calls') };
      execFile(process.execPath, [RELEASE, ...args], { cwd: checkout, env }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
      );
    });
  /** Its complaints, none of which came after a build. */
  const refused = async (...args: string[]) => {
    const { code, stderr } = await release(...args);
    expect([code, calls()]).to.deep.equal([1, []]);
    return stderr.trim().split('\n');
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'onnx-forge-release-'));
    checkout = join(folder, 'checkout');
    mkdirSync(checkout);
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin', 'npm'), NPM);
    chmodSync(join(folder, 'bin', 'npm'), 0o755);
    execFileSync('git', ['init', '--quiet', '--initial-branch', 'main'], { cwd: checkout });
    write('package.json', { name: 'all', private: true, version: '1.2.0', workspaces: ['b', 'a', 'own'] });
    const repository = 'https://example.org/all';
    write('b/package.json', { name: '@x/b', version: '1.2.0', repository, dependencies: { '@x/a': '1.2.0' } });
    write('a/package.json', { name: '@x/a', version: '1.2.0', repository });
    write('own/package.json', { name: '@x/own', version: '0.0.1', private: true });
    for (const one of ['a', 'b']) write(`${one}/files.txt`, FILES.join('\n'));
    write('CHANGELOG.md', '# Changes\n\n## Unreleased\n\n### Added\n\n- more\n\n## 1.1.0 - 2026-01-01\n\n- some\n');
    commit();
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('refuses a tree that is not clean, naming a file', async () => {
    write('notes.txt', 'x');
    const [line] = await refused('--dry-run');
    expect(line).to.equal('release: the working tree is not clean: commit or remove 1 file(s), such as notes.txt');
  });

  it('refuses another branch', async () => {
    git('switch', '--quiet', '-c', 'idea');
    expect(await refused('--dry-run')).to.deep.equal([
      "release: this is the branch 'idea': releases are made on 'main'",
    ]);
  });

  it('refuses when nothing is under Unreleased, or no such heading is there', async () => {
    for (const text of ['## Unreleased\n\n### Added\n\n## 1.1.0\n\n- some\n', '## 1.1.0\n\n- some\n']) {
      write('CHANGELOG.md', text);
      commit();
      expect(await refused('--dry-run')).to.deep.equal([
        "release: CHANGELOG.md has no change under 'Unreleased': say what is new",
      ]);
    }
  });

  it('refuses a version whose tag exists', async () => {
    git('tag', 'v1.2.0');
    expect((await refused('--dry-run'))[0]).to.match(/^release: the tag v1\.2\.0 exists: raise the version/);
  });

  it('refuses versions that do not agree, all faults at once', async () => {
    write('a/package.json', { name: '@x/a', version: '1.1.0' });
    write('b/package.json', { name: '@x/b', version: '1.2.0', dependencies: { '@x/a': '1.1.0' } });
    write('CITATION.cff', 'cff-version: 1.2.0\nversion: 1.0.0\n');
    commit();
    expect(await refused('--dry-run')).to.deep.equal([
      'release: a has version 1.1.0, the checkout 1.2.0',
      'release: @x/b asks for @x/a 1.1.0, not 1.2.0',
      'release: CITATION.cff says version 1.0.0, not 1.2.0',
    ]);
    const lines = await refused();
    expect(lines).to.include('release: a/package.json names no repository: npm refuses provenance without it');
  });

  it('refuses after a test that failed, and packs nothing', async () => {
    writeFileSync(join(folder, 'calls.fail'), '');
    const { code, stderr } = await release('--dry-run');
    expect([code, stderr.trim(), calls()]).to.deep.equal([1, 'release: the build or a test failed', ['test']]);
  });

  it('refuses packages that lack a file, or have one that is not theirs', async () => {
    write('a/files.txt', [...FILES.slice(1), '.env', 'dist/a.test.js', 'src/key.pem'].join('\n'));
    commit();
    const { code, stderr } = await release('--dry-run');
    expect([code, stderr.trim().split('\n')]).to.deep.equal([
      1,
      [
        'release: @x/a: package.json is missing',
        'release: @x/a: .env does not belong into it',
        'release: @x/a: dist/a.test.js does not belong into it',
        'release: @x/a: src/key.pem does not belong into it',
      ],
    ]);
  });

  it('--dry-run packs with provenance, what others need first, and changes nothing', async () => {
    const before = git('rev-parse', 'HEAD');
    const { code, stdout, stderr } = await release('--dry-run');
    expect([code, stderr]).to.deep.equal([0, '']);
    const publish = 'publish --dry-run --json --ignore-scripts --provenance --access public -w';
    expect(calls()).to.deep.equal(['test', `${publish} a`, `${publish} b`]);
    expect(stdout).to.include('v1.2.0 could be released; nothing was changed');
    expect([git('rev-parse', 'HEAD'), git('tag'), git('status', '--porcelain')]).to.deep.equal([before, '', '']);
  });

  it('dates the changes, commits and tags, and says what publishes', async () => {
    const { code, stdout } = await release();
    expect(code).to.equal(0);
    expect(calls().filter((line) => !line.includes('--dry-run'))).to.deep.equal(['test']);
    expect([git('tag').trim(), git('status', '--porcelain')]).to.deep.equal(['v1.2.0', '']);
    expect(git('rev-parse', 'v1.2.0^{commit}')).to.equal(git('rev-parse', 'HEAD'));
    const text = readFileSync(join(checkout, 'CHANGELOG.md'), 'utf8');
    expect(text).to.match(/^## Unreleased\n\n## 1\.2\.0 - \d{4}-\d\d-\d\d\n\n### Added\n\n- more\n/m);
    expect(stdout).to.match(/npm publish --provenance --access public -w a\n {2}npm publish .* -w b\n$/);
    expect((await release()).stderr, 'a second time')
      .to.include('the tag v1.2.0 exists')
      .and.to.include('no change');
  });
});
