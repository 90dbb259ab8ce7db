import { readFileSync } from 'node:fs';

/** The first block of code under a heading of a README. */
export function snippetUnder(readme: URL, heading: string): string {
  const text = readFileSync(readme, 'utf8');
  const [, section] = text.split(new RegExp(`^#+ ${heading}$`, 'm'));
  const code = /^```\w+\n(.*?)^```$/ms.exec(section ?? '')?.[1];
  if (code === undefined) throw new Error(`there is no code under '${heading}' in ${readme}`);
  return code;
}
