import { readFile } from 'node:fs/promises';

/** A program in a document: what its reader would paste together. */
export interface Program {
  /** `packages/infer/README.md:12`, the line of its first snippet. */
  readonly name: string;
  readonly text: string;
}

/**
 * The TypeScript snippets of a Markdown file as programs: a snippet that begins with an import begins a program, and one
 * that does not goes on with the program before it.
 */
export async function programsIn(root: URL, file: string): Promise<Program[]> {
  const markdown = await readFile(new URL(file, root), 'utf8');
  const programs: { name: string; text: string }[] = [];
  for (const { 1: code = '', index } of markdown.matchAll(/^```ts\n(.*?)^```$/gms)) {
    const name = `${file}:${markdown.slice(0, index).split('\n').length + 1}`;
    const last = programs.at(-1);
    if (last && !code.startsWith('import ')) last.text += code;
    else programs.push({ name, text: code });
  }
  return programs;
}
