import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { assert } from 'chai';
import { API, SymbolFlags } from 'typescript/unstable/sync';
import { ROOMS } from './rooms.js';

const ROOT = new URL('../../../', import.meta.url);

/** One text file an entry point, with the names that it exports. */
const LISTS = new URL('test/api/', ROOT);

interface Entry {
  /** Name of its list: the package, then the subpath. */
  readonly list: string;
  readonly source: string;
  readonly project: string;
}

/** Entry points of the packages, as `exports` of their package.json has them. */
async function entryPoints(): Promise<Entry[]> {
  const found: Entry[] = [];
  for (const name of Object.keys(ROOMS)) {
    const folder = new URL(`packages/${name}/`, ROOT);
    const manifest: unknown = JSON.parse(await readFile(new URL('package.json', folder), 'utf8'));
    const { exports } = manifest as { exports: Record<string, string | { types: string }> };
    for (const [subpath, target] of Object.entries(exports)) {
      if (typeof target === 'string') continue; // package.json itself
      const source = target.types.replace(/^\.\/dist\//, 'src/').replace(/\.d\.ts$/, '.ts');
      found.push({
        list: `${name}${subpath.slice(1).replaceAll('/', '-')}.txt`,
        source: fileURLToPath(new URL(source, folder)),
        project: fileURLToPath(new URL('tsconfig.json', folder)),
      });
    }
  }
  return found;
}

/** Declarations of tfjs, which an entry point may hand on as a whole. */
const TFJS = /\/dist\/tfjs\/|\/node_modules\/@tensorflow\//;

/** The exported names in their order, one a line; those that exist only for the compiler with `type` before them. */
function namesOf({ source, project }: Entry, api: API): string {
  const { program, checker } = api.updateSnapshot({ openProjects: [project] }).getProject(project)!;
  const file = program.getSourceFile(source);
  assert(file, `${source} is not in ${project}`);
  const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(file)!);
  const own = symbols.filter(({ declarations }) => !declarations.every(({ path }) => TFJS.test(path)));
  const lines = own.map((symbol) => {
    const meant = symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    const isType = (meant.flags & SymbolFlags.Value) === 0;
    return { name: symbol.name, line: `${isType ? 'type ' : ''}${symbol.name}` };
  });
  const sorted = lines.sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ line }) => line);
  return [...sorted, ...(own.length < symbols.length ? ['* of tfjs'] : []), ''].join('\n');
}

describe('the public names of the packages', () => {
  it('are those of the lists in test/api (npm run docs writes them)', async () => {
    const entries = await entryPoints();
    const api = new API({ cwd: fileURLToPath(ROOT) });
    try {
      if (process.env.UPDATE_DOCS) await mkdir(LISTS, { recursive: true });
      for (const entry of entries) {
        const file = new URL(entry.list, LISTS);
        const names = namesOf(entry, api);
        if (process.env.UPDATE_DOCS) await writeFile(file, names);
        assert(existsSync(file), `test/api/${entry.list} is missing: npm run docs`);
        assert.equal(names, await readFile(file, 'utf8'), `test/api/${entry.list}: npm run docs writes it`);
      }
    } finally {
      api.close();
    }
    assert.sameMembers(
      await readdir(LISTS),
      entries.map(({ list }) => list),
      'a list without its entry point',
    );
  });
});
