import { readdir, readFile } from 'node:fs/promises';
import { posix } from 'node:path';

/** An import of a file by another one, both relative to the package's `src`. Imports of types count. */
export interface Import {
  readonly from: string;
  readonly to: string;
}

const SPECIFIER = /\b(?:from|import|import\()\s*'(\.{1,2}\/[^']+)\.js'/g;

/** Files of a folder that import one another. @throws Error for an import of a file that is not there */
export async function importsBelow(folder: URL): Promise<{ files: readonly string[]; imports: readonly Import[] }> {
  const entries = await readdir(folder, { recursive: true });
  const files = entries.map((name) => name.replaceAll('\\', '/')).filter((name) => name.endsWith('.ts'));
  const imports: Import[] = [];
  for (const from of files.sort()) {
    const text = await readFile(new URL(from, folder), 'utf8');
    const targets = [...text.matchAll(SPECIFIER)].map(([, path]) => posix.join(posix.dirname(from), `${path}.ts`));
    for (const to of new Set(targets)) {
      if (!files.includes(to)) throw new Error(`${from} imports ${to}, which is not in ${folder.pathname}`);
      imports.push({ from, to });
    }
  }
  return { files, imports };
}

/** The imports that are part of a cycle: whose target imports, perhaps by way of others, the file that it is imported by. */
export function cyclesOf(imports: readonly Import[]): readonly Import[] {
  const targets = new Map<string, string[]>();
  for (const { from, to } of imports) targets.set(from, [...(targets.get(from) ?? []), to]);
  return imports.filter(({ from, to }) => {
    const reached = new Set([to]);
    for (const file of reached) for (const next of targets.get(file) ?? []) reached.add(next);
    return reached.has(from);
  });
}
