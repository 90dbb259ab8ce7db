import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A block of code in a document. */
export interface Snippet {
  /** `packages/infer/README.md:12`, the line that the code begins in. */
  readonly name: string;
  /** The fence's language; commands that are merely indented are `sh`. */
  readonly language: string;
  readonly text: string;
  /** The file that it is, if its first line is a comment that says so. */
  readonly file?: string;
  /** Why it is not run: `<!-- not run: reason -->` before it. */
  readonly notRun?: string;
}

/** Every document with code that a user may copy, relative to the root. */
export function documents(root: string): string[] {
  const folders = [
    '',
    'docs',
    'docs/recipes',
    'docs/systems',
    'models',
    'models/pretrained',
    ...below(root, 'packages'),
    ...below(root, 'examples'),
  ];
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((file) => file.endsWith('.md'))
      .map((file) => join(folder, file)),
  );
}

function below(root: string, folder: string): string[] {
  return readdirSync(join(root, folder)).map((name) => join(folder, name));
}

/** The fenced blocks and the indented ones of a document, in their order. */
export function snippetsIn(root: string, file: string): Snippet[] {
  const markdown = readFileSync(join(root, file), 'utf8');
  const block =
    /(?:^<!-- not run: (?<notRun>[^\n]+) -->\n\n?)?(?:^```(?<language>\w*)\n(?<fenced>.*?)^```$|(?<=\n\n)(?<indented>(?: {4}[^\n]+\n)+))/gms;
  return [...markdown.matchAll(block)].map(({ 0: all, index, groups }) => {
    const { notRun, language = 'sh', fenced, indented = '' } = groups!;
    const text = fenced ?? indented.replace(/^ {4}/gm, '');
    const start = index + all.indexOf(fenced ?? indented);
    const name = `${file}:${markdown.slice(0, start).split('\n').length}`;
    const called = /^\/\/ (\S+\.\w+)\n/.exec(text)?.[1];
    return { name, language, text, ...(called && { file: called }), ...(notRun !== undefined && { notRun }) };
  });
}

/**
 * The snippets of one language that are run, as programs, which is what a reader would paste together: a snippet that begins
 * with an import begins a program, and one that does not goes on with the program before it.
 */
export function programsOf(snippets: readonly Snippet[], language: string): Snippet[] {
  const programs: Snippet[] = [];
  const runs = (one: Snippet) => one.language === language && one.notRun === undefined && one.file === undefined;
  for (const snippet of snippets.filter(runs)) {
    const last = programs.at(-1);
    const goesOn = last !== undefined && fileOf(last) === fileOf(snippet) && !snippet.text.startsWith('import ');
    if (goesOn) programs[programs.length - 1] = { ...last, text: last.text + snippet.text };
    else programs.push(snippet);
  }
  return programs;
}

/** The document that a snippet stands in. */
export function fileOf({ name }: Snippet): string {
  return name.slice(0, name.indexOf(':'));
}
