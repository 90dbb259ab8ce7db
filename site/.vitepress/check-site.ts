import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

/**
 * Follows every link of a built site within the site, its `#parts` and pictures included; pages below `api` are another generator's.
 *
 * @throws Error that lists the dead ones
 */
export function checkSite(folder: string, base = '/'): void {
  const pages = new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.html') && !file.startsWith('api'))
      .map((file) => [file, readFileSync(join(folder, file), 'utf8')]),
  );
  const idsOf = new Map([...pages].map(([file, html]) => [file, new Set(attributes(html, 'id'))]));
  const dead: string[] = [];
  for (const [file, html] of pages) {
    const links = [...attributes(html, 'href'), ...attributes(html, 'src')];
    for (const link of new Set(links)) {
      if (/^(?:[a-z]+:|\/\/)/i.test(link) || link.startsWith(`${base}api/`)) continue;
      const { pathname, hash } = new URL(link, `http://site${base}${file}`);
      const target = targetOf(folder, pathname.slice(base.length));
      if (target === undefined) dead.push(`${file}: ${link}`);
      else if (hash !== '' && idsOf.has(target) && !idsOf.get(target)!.has(decodeURIComponent(hash.slice(1))))
        dead.push(`${file}: ${link} (no such part)`);
    }
  }
  if (dead.length > 0) throw new Error(`dead links:\n${dead.join('\n')}`);
}

/** The file that a server gives for an address. */
function targetOf(folder: string, path: string): string | undefined {
  const name = decodeURIComponent(path);
  const names = name === '' || name.endsWith('/') ? [posix.join(name, 'index.html')] : [name, `${name}.html`];
  return names.find((file) => existsSync(join(folder, file)));
}

/** Values of an attribute in the HTML that VitePress writes: always in double quotes. */
function attributes(html: string, name: string): string[] {
  return [...html.matchAll(new RegExp(`<[^>]*? ${name}="([^"]*)"`, 'g'))].map(([, value]) =>
    value!.replaceAll('&amp;', '&'),
  );
}
