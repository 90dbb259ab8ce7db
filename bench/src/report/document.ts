import { readFile, writeFile } from 'node:fs/promises';

/** Puts the report between the markers of a Markdown document; the prose around them is people's. */
export async function writeDocument(path: string | URL, report: string, name = 'bench'): Promise<void> {
  await writeFile(path, insert(await readFile(path, 'utf8'), report, name));
}

/**
 * The document with the report between `<!-- NAME:begin -->` and `<!-- NAME:end -->`.
 *
 * @throws Error when the markers are missing
 */
export function insert(document: string, report: string, name = 'bench'): string {
  const [before, after] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [begin, end] = [document.indexOf(before), document.indexOf(after)];
  if (begin < 0 || end < begin) throw new Error(`the document has no ${before} ... ${after}`);
  return `${document.slice(0, begin + before.length)}\n\n${report.trim()}\n\n${document.slice(end)}`;
}
