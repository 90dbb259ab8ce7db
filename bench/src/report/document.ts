import { readFile, writeFile } from 'node:fs/promises';

const BEGIN = '<!-- bench:begin -->';
const END = '<!-- bench:end -->';

/** Puts the report between the markers of a Markdown document; the prose around them is people's. */
export async function writeDocument(path: string | URL, report: string): Promise<void> {
  await writeFile(path, insert(await readFile(path, 'utf8'), report));
}

/** @throws Error when the markers are missing */
export function insert(document: string, report: string): string {
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the document has no ${BEGIN} ... ${END}`);
  return `${document.slice(0, begin + BEGIN.length)}\n\n${report.trim()}\n\n${document.slice(end)}`;
}
