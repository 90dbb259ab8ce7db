import { existsSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import type { MarkdownRenderer } from 'vitepress';
import { PAGES } from './pages.js';

type Token = ReturnType<MarkdownRenderer['parse']>[number];

export interface DocumentLinks {
  /** The checkout. */
  readonly root: string;
  /** Where its files can be read on the web, `https://.../blob/main/`. Without it, links to files that are no pages become plain text. */
  readonly source?: string | undefined;
}

const ADDRESSES = new Map(PAGES.map(({ file, address }) => [file, `/${address}`]));

/** The name of a heading in addresses, as GitHub makes it: so that `#part` of a link leads to the same place in both. */
export function partName(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/** A link of a document: to another page, or to a file that is none. */
function resolveLink(href: string, document: string, { root, source }: DocumentLinks): string | undefined {
  if (/^(?:[a-z]+:|#|\/)/i.test(href)) return href;
  const [, path, rest] = /^([^?#]*)(.*)$/s.exec(href)!;
  const file = posix.join(posix.dirname(document), decodeURI(path!)).replace(/\/$/, '');
  for (const name of [file, posix.join(file, 'README.md')]) {
    const address = ADDRESSES.get(name);
    if (address !== undefined) return `${address}${rest}`;
  }
  if (!existsSync(join(root, file))) throw new Error(`${document} links to '${href}', which does not exist`);
  return source === undefined ? undefined : new URL(file + rest, source).href;
}

/**
 * Documents as they stand for GitHub, read as pages of the site: relative links lead to pages, or to the source; indented
 * commands look like fenced ones.
 */
export function documentLinks(md: MarkdownRenderer, options: DocumentLinks): void {
  md.core.ruler.push('document-links', ({ tokens, env }) => {
    const { realPath, path } = env as { realPath?: string; path: string };
    const document = relative(options.root, realPath ?? path)
      .split(sep)
      .join('/');
    for (const token of tokens) {
      if (token.type === 'code_block') Object.assign(token, { type: 'fence', info: 'sh', tag: 'code' });
      if (token.children) token.children = relinked(token.children, document, options);
    }
  });
}

function relinked(tokens: readonly Token[], document: string, options: DocumentLinks): Token[] {
  let unlinked = false;
  return tokens.filter((token) => {
    if (token.type === 'link_open') {
      const href = resolveLink(token.attrGet('href') ?? '', document, options);
      unlinked = href === undefined;
      if (href !== undefined) token.attrSet('href', href);
      return !unlinked;
    }
    return !(token.type === 'link_close' && unlinked);
  });
}
