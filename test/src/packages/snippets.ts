import { expect } from 'chai';
import { documents, fileOf, programsOf, type Snippet, snippetsIn } from '../docs/snippets.js';
import { type EmptyProject, ROOT } from './project.js';
import { strict } from './types.js';

/** Languages that are run, and where. */
const RUN = {
  ts: 'Node',
  sh: 'a shell',
  js: 'Chromium (below)',
  jsx: 'Chromium (npm run apps)',
  html: 'Chromium (below)',
};

/** Every snippet of every document: as it stands, on this Node. */
export function describeSnippets(app: () => EmptyProject): void {
  describe('the snippets of the documents', () => {
    const files = documents(ROOT);
    const snippets = files.flatMap((file) => snippetsIn(ROOT, file));
    const programs = programsOf(snippets, 'ts');
    let complaints: string;

    before(async function () {
      this.timeout(120_000);
      for (const { name, notRun } of snippets)
        if (notRun !== undefined) console.log(`      ${name} not run: ${notRun}`);
      for (const [index, { text }] of programs.entries()) app().write(`snippets/snippet-${index}.ts`, text);
      // Images of the reader's own: spots at other places.
      for (let index = 0; index < 60; index++) {
        const spot = Array.from({ length: 784 }, (_, pixel) =>
          Math.hypot((pixel % 28) - 5 - (index % 18), pixel / 28 - 8 - (index % 11)) < 5 ? '\x7f' : '\0',
        );
        app().write(`my-images/${index}.pgm`, `P5 28 28 127\n${spot.join('')}`);
      }
      // Files that the documents show: checked like the programs, and there for the commands.
      for (const { file, language, text } of snippets) {
        if (file === undefined || language !== 'ts') continue;
        for (const path of [file, `snippets/${file}`]) app().write(path, text);
      }
      // Nothing is rewritten for an older language: what this Node can't read is to fail.
      const options = { ...strict('nodenext'), target: 'esnext', noEmit: false, rootDir: '.', outDir: 'out' };
      app().write('snippets/tsconfig.json', JSON.stringify({ compilerOptions: options, include: ['*.ts'] }));
      complaints = await app().tsc('snippets');
    });

    it('are found in every package, and are of languages that are run', () => {
      const packages = files.filter((file) => file.startsWith('packages/'));
      expect(new Set(programs.map(fileOf))).to.include.keys('README.md', 'models/README.md', ...packages);
      const strangers = snippets.filter(({ language, notRun }) => !(language in RUN) && notRun === undefined);
      expect(strangers.map(({ name }) => name)).to.deep.equal([]);
    });

    it('have the types that the packages have', () => {
      const named = complaints.replace(/^(?:.*\/)?snippet-(\d+)\.ts\((\d+),/gm, (_, index, line) => {
        const [file, start] = programs[index]!.name.split(':');
        return `${file}, about line ${Number(start) + Number(line) - 1} (`;
      });
      expect(named).to.equal('');
    });

    const runs = [
      ...programs.map(({ name }, index) => ({
        ...{ name, where: 'Node' },
        run: () => app().node(`snippets/out/snippet-${index}.js`),
      })),
      ...shellSnippets(snippets).map(({ name, text }) => ({ name, where: 'a shell', run: () => app().shell(text) })),
    ];
    // As a reader runs them: a program may load what commands above it made.
    const placeOf = (name: string) => snippets.findIndex((snippet) => snippet.name === name);
    for (const { name, where, run } of runs.sort((a, b) => placeOf(a.name) - placeOf(b.name))) {
      it(`${name} runs in ${where}`, async function () {
        this.timeout(300_000);
        await run();
      });
    }
  });
}

/** Commands, but those that install the packages, as this very test does, and those that build a page. */
function shellSnippets(snippets: readonly Snippet[]): Snippet[] {
  const commands = snippets.filter(({ language, notRun }) => language === 'sh' && notRun === undefined);
  return commands.filter(({ text }) => !/^npm install .*@onnx-forge|^npx esbuild /.test(text));
}
