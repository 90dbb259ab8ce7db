import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { launchChromium, openPage, waitForGlobal } from '../browser/chromium.js';
import { Site, STRICT_POLICY } from '../browser/site.js';
import { programsOf, type Snippet, snippetsIn } from '../docs/snippets.js';
import { DevServer } from './dev-server.js';
import { type EmptyProject, ROOT } from './project.js';

/** The versions of Vite that the README speaks of, by the name that the app installs them under. */
export const VITES = ['vite-6', 'vite-7', 'vite-8'] as const;

/** Where a run lies beside its page. */
const RUN = 'models/pretrained/vae-2d';

const POLICY = { 'content-security-policy': STRICT_POLICY };

/** Pages made as infer's README says, with each bundler that it names: they show what Node makes of the same run. */
export function describePages(app: () => EmptyProject): void {
  describe("the pages of infer's README", () => {
    const snippets = snippetsIn(ROOT, 'packages/infer/README.md');
    const program = `${programsOf(snippets, 'js')[0]!.text}\nglobalThis.found = [watched.kind, ...images.data];\n`;
    let browser: Browser | undefined;
    let expected: readonly [string, ...number[]];

    before(async function () {
      browser = await launchChromium(this);
      const inNode = `
        import { load } from '@onnx-forge/infer';
        const model = await load('${RUN}', { device: 'cpu' });
        const { images } = await model.sample(16, { seed: 1 });
        console.log(JSON.stringify([model.kind, ...images.data]));`;
      app().write('expected.mjs', inNode);
      expected = JSON.parse(await app().node('expected.mjs'));
    });

    after(() => browser?.close());

    /** A page of its own in the app, with the run beside its page: in `public`, as Vite wants it, or in the app's folder. */
    function make(name: string, files: Readonly<Record<string, string>>, page = ''): void {
      for (const [file, text] of Object.entries({ 'main.js': program, ...files })) app().write(join(name, file), text);
      const runs = join(app().folder, name, page, 'runs/vae');
      cpSync(join(app().folder, RUN), runs, { recursive: true });
    }

    async function expectRightImages(url: string): Promise<void> {
      const { page, complaints } = await openPage(browser!, url);
      await waitForGlobal(page, 'found');
      const [kind, ...images] = (await page.evaluate('globalThis.found')) as typeof expected;
      const [wantedKind, ...wanted] = expected;
      expect([kind, images.length]).to.deep.equal([wantedKind, wanted.length]);
      images.forEach((value, i) => {
        expect(value).to.be.closeTo(wanted[i]!, 1e-4);
      });
      expect(complaints.filter((text) => !text.includes('404'))).to.deep.equal([]); // there is no favicon
      await page.close();
    }

    for (const vite of VITES) {
      describe(`${vite}`, function () {
        this.timeout(300_000);
        const config = fileIn(snippets, 'vite.config.js');

        before(() => {
          // The README gives Vite 8 no configuration.
          make(
            vite,
            { 'index.html': html('/main.js'), ...(vite === 'vite-8' ? {} : { [config.file!]: config.text }) },
            'public',
          );
        });

        it('builds a page that runs under a strict content security policy, at a path of its own', async () => {
          await app().shell(`node ../node_modules/${vite}/bin/vite.js build --base ./ --logLevel error`, vite);
          const folder = join(app().folder, vite, 'dist');
          await using site = await Site.open({ '/some/path/': { folder } }, POLICY);
          await expectRightImages(`${site.url}some/path/index.html`);
        });

        it('serves the page in development', async () => {
          // What another version has prepared.
          rmSync(join(app().folder, 'node_modules/.vite'), { recursive: true, force: true });
          await using server = await DevServer.open(join(app().folder, vite), `../node_modules/${vite}/bin/vite.js`);
          await expectRightImages(server.url);
        });
      });
    }

    it('esbuild: the commands build a page that runs under a strict content security policy', async function () {
      this.timeout(300_000);
      make('esbuild', { 'index.html': html('./dist/main.js') });
      const commands = snippets.find(({ language, text }) => language === 'sh' && text.startsWith('npx esbuild '))!;
      await app().shell('ln -s ../node_modules node_modules', 'esbuild');
      await app().shell(commands.text, 'esbuild');
      await using site = await Site.open({ '/': { folder: join(app().folder, 'esbuild') } }, POLICY);
      await expectRightImages(`${site.url}index.html`);
    });

    it('no bundler: the import map finds everything', async () => {
      const map = snippets.find(({ language }) => language === 'html')!;
      make('import-map', { 'index.html': `<!doctype html><title>app</title>\n${map.text}` });
      await app().shell('ln -s ../node_modules node_modules', 'import-map');
      await using site = await Site.open({ '/': { folder: join(app().folder, 'import-map') } });
      await expectRightImages(`${site.url}index.html`);
    });
  });
}

function fileIn(snippets: readonly Snippet[], file: string): Snippet {
  const found = snippets.find((snippet) => snippet.file === file);
  if (found === undefined) throw new Error(`no snippet is ${file}`);
  return found;
}

function html(script: string): string {
  return `<!doctype html><title>app</title><script type="module" src="${script}"></script>`;
}
