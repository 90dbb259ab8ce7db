import { readdir } from 'node:fs/promises';
import type { FigureManifest } from './manifest.js';
import type { Logged, Study } from './study.js';
import { figureValue } from './table.js';

/** A number within a sentence, between its marker and the empty one: STUDY:ARM:MEASURE.SPLIT, of the log MEASURE.SPLIT@EPOCH. */
const MARKED = /<!-- figure:([\w-]+):([\w-]+):(\w+)\.(\w+)(?:@(\w+))? -->(?:(?!<!--).)*<!-- -->/gs;

/**
 * The document with the numbers within its sentences as the manifests have them: `<!-- figure:vae:default:elbo.test -->-100.06<!-- -->`.
 *
 * @throws Error when there is no such study, arm or measure
 */
export function fillInline(
  document: string,
  figures: ReadonlyMap<string, { readonly study: Study; readonly manifest: FigureManifest }>,
): string {
  return document.replace(MARKED, (_, name: string, arm: string, measure: string, split: string, epoch?: string) => {
    const found = figures.get(name);
    if (found === undefined) throw new Error(`figure:${name}:${arm}: there is no such study`);
    const logged: Logged = epoch === 'last' ? 'last' : Number(epoch);
    const of = { arm, measure, split, ...(epoch !== undefined && { logged }) };
    const value = figureValue(found.study, found.manifest, of);
    const at = epoch === undefined ? '' : `@${epoch}`;
    return `<!-- figure:${name}:${arm}:${measure}.${split}${at} -->${value}<!-- -->`;
  });
}

/** The documents that may have such numbers, from the root. */
export async function documents(root: URL): Promise<string[]> {
  const files = await readdir(new URL('docs/', root), { recursive: true });
  const pages = files.filter((file) => file.endsWith('.md')).map((file) => `docs/${file}`);
  return ['README.md', 'models/README.md', ...pages.toSorted()];
}
