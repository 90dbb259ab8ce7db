import { readFile, writeFile } from 'node:fs/promises';

/** Puts the report between the markers of a Markdown document; the prose around them is people's. */
export async function writeDocument(path: string | URL, report: string, name = 'bench'): Promise<void> {
  await writeFile(path, insert(await readFile(path, 'utf8'), report, name));
}

/** @throws Error when the markers, `<!-- NAME:begin -->` and `<!-- NAME:end -->`, are missing */
export function insert(document: string, report: string, name = 'bench'): string {
  const [first, last] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [begin, end] = [document.indexOf(first), document.indexOf(last)];
  if (begin < 0 || end < begin) throw new Error(`the document has no ${first} ... ${last}`);
  return `${document.slice(0, begin + first.length)}\n\n${report.trim()}\n\n${document.slice(end)}`;
}
