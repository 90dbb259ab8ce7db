import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { assert } from 'chai';
import { build } from 'esbuild';
import { documents } from './snippets.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const SITE = join(ROOT, 'site');

/** A module of the site, which VitePress compiles by itself. */
async function siteModule<T>(name: string, folder: string): Promise<T> {
  const outfile = join(folder, `${name}.mjs`);
  await build({
    entryPoints: [join(SITE, '.vitepress', `${name}.ts`)],
    ...{ outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'silent' },
  });
  return (await import(pathToFileURL(outfile).href)) as T;
}

interface Token {
  type: string;
  href?: string;
  info?: string;
  children?: Token[] | null;
  attrGet(): string | undefined;
  attrSet(name: string, value: string): void;
}

function token(type: string, href?: string): Token {
  return {
    type,
    ...(href !== undefined && { href }),
    attrGet() {
      return this.href;
    },
    attrSet(_, value) {
      this.href = value;
    },
  };
}

describe('the site', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'onnx-forge-site-'));
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  it('has every document', async () => {
    const { PAGES } = await siteModule<{ PAGES: { file: string; address: string }[] }>('pages', folder);
    assert.sameMembers(
      PAGES.map(({ file }) => file),
      documents(ROOT),
    );
    assert.equal(new Set(PAGES.map(({ address }) => address)).size, PAGES.length);
  });

  it('is spelled right (site/words.txt has the words of the field)', async () => {
    const check = (input: string, ...args: string[]) =>
      new Promise<string>((resolve) => {
        const words = ['node_modules/cspell/bin.mjs', 'lint', '--no-progress', ...args];
        const child = execFile(process.execPath, words, { cwd: ROOT }, (_, out, complaints) =>
          resolve(out + complaints),
        );
        child.stdin?.end(input);
      });
    const lines = await check([...documents(ROOT), 'site/index.md'].join('\n'), '--file-list', 'stdin');
    assert.equal(lines.trim(), `CSpell: Files checked: ${documents(ROOT).length + 1}, Issues found: 0 in 0 files.`);
    // That not everything is passed over.
    assert.include(await check('A `wrng` word in code, and one in prse.', 'stdin'), 'Unknown word (prse)');
  }).timeout(120_000);

  it('leads from a document to pages, to the source, or nowhere', async () => {
    type Rule = (state: { tokens: Token[]; env: { path: string } }) => void;
    const { documentLinks } = await siteModule<{ documentLinks(md: object, options: object): void }>('links', folder);
    const follow = (href: string, source?: string) => {
      let rule: Rule | undefined;
      const push = (_: string, one: Rule) => {
        rule = one;
      };
      documentLinks({ core: { ruler: { push } } }, { root: ROOT, source });
      const line = { ...token('inline'), children: [token('link_open', href), token('text'), token('link_close')] };
      rule!({ tokens: [line], env: { path: join(ROOT, 'docs/scale.md') } });
      return line.children.map(({ type, href: to }) => to ?? type).join(' ');
    };
    assert.equal(follow('settings.md#data'), '/settings#data text link_close');
    assert.equal(follow('../packages/infer/README.md'), '/serve text link_close');
    assert.equal(follow('../models'), '/recipes/measured text link_close');
    assert.equal(follow('#own'), '#own text link_close');
    assert.equal(follow('https://onnx.ai'), 'https://onnx.ai text link_close');
    assert.equal(follow('figures/vae.json'), 'text');
    const source = 'https://example.org/blob/main/';
    assert.equal(follow('figures/vae.json', source), `${source}docs/figures/vae.json text link_close`);
    assert.throws(() => follow('no-such.md'), "docs/scale.md links to 'no-such.md', which does not exist");
  });

  it('names dead links, parts and pictures', async () => {
    const { checkSite } = await siteModule<{ checkSite(at: string, base?: string): void }>('check-site', folder);
    const pages = join(folder, 'pages');
    const write = (file: string, text: string) => {
      mkdirSync(dirname(join(pages, file)), { recursive: true });
      writeFileSync(join(pages, file), text);
    };
    write('index.html', '<a href="/base/more">1</a> <a href="/base/sub/#end">2</a> <a class="x" href="#top" id="top">');
    write(
      'more.html',
      '<a href="https://elsewhere.org/x">3</a> <a href="/base/api/any.html">4</a><img src="/base/p.png">',
    );
    write('sub/index.html', '<a id="end" href="../more">5</a>');
    write('p.png', '');
    assert.doesNotThrow(() => checkSite(pages, '/base/'));
    write('index.html', '<a href="/base/less">1</a> <a href="/base/sub/#start">2</a><img alt="" src="/base/q.png">');
    assert.throws(
      () => checkSite(pages, '/base/'),
      /^dead links:\nindex.html: \/base\/less\nindex.html: \/base\/sub\/#start \(no such part\)\nindex.html: \/base\/q.png$/,
    );
  });

  it('is built without the network, with the reference of the packages', async function () {
    this.timeout(600_000);
    // A proxy that nobody answers for: whoever asks the network fails.
    const env = { ...process.env, HTTPS_PROXY: 'http://127.0.0.1:9', HTTP_PROXY: 'http://127.0.0.1:9' };
    const out = join(folder, 'dist');
    const run = (tool: string, ...args: string[]) =>
      promisify(execFile)('npx', ['--no', '--', tool, ...args], { cwd: SITE, env, maxBuffer: 1 << 26 }).catch(
        ({ stdout, stderr }: { stdout: string; stderr: string }) => assert.fail(`${tool}: ${stderr}${stdout}`),
      );
    await run('vitepress', 'build', '.', '--outDir', out);
    await run('typedoc', '--options', 'typedoc.config.mjs', '--out', join(out, 'api'));
    const ofPackages = [
      'functions/_onnx-forge_infer.load',
      'modules/_onnx-forge_train_sweep',
      'modules/_onnx-forge_viz_runs',
    ];
    for (const file of ['index', 'start', 'api/index', ...ofPackages.map((page) => `api/${page}`)])
      assert(existsSync(join(out, `${file}.html`)), file);
    assert.match(
      readFileSync(join(out, 'api/index.html'), 'utf8'),
      /train\/serve<\/code><\/a><\/td>\s*<td>Trained runs behind HTTP/,
    );
    assert.include(readFileSync(join(out, 'recipes/vae.html'), 'utf8'), '<mjx-container', 'equations are drawn');
  });
});
