import { readFile } from 'node:fs/promises';
import { expect } from 'chai';

const LOCK = new URL('../../../package-lock.json', import.meta.url);

interface LockedPackage {
  readonly license?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
}

/** Licences that ask for no more than their own text; MPL-2.0 covers changes of its own files alone. */
const FREE = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'MPL-2.0',
  'Unlicense',
];

/** Packages whose licence needs a look of its own. */
const LOOKED_AT: Readonly<Record<string, string>> = {
  '@expo-google-fonts/inter': 'MIT AND OFL-1.1', // a font that pictures show; the file stays as it is
  'dejavu-fonts-ttf': 'SEE LICENSE IN README.md AND LICENSE', // Bitstream Vera: free to use and pass on, not to sell alone
};

/** Binaries of sharp, an optional peer: libvips in them is LGPL-3.0. Users install it themselves, or not at all. */
const OF_SHARP = /^@img\/sharp-/;

function isFree(licence: string): boolean {
  const terms = licence.replace(/[()]/g, '');
  return terms.includes(' OR ')
    ? terms.split(' OR ').some((term) => FREE.includes(term))
    : terms.split(' AND ').every((term) => FREE.includes(term));
}

describe('licences', () => {
  it('of all packages that an installation brings let anyone use and pass them on', async () => {
    const { packages } = JSON.parse(await readFile(LOCK, 'utf8')) as { packages: Record<string, LockedPackage> };
    const installed = Object.entries(packages).filter(
      ([path, { dev, link }]) => path.startsWith('node_modules/') && !dev && !link,
    );
    expect(installed).to.have.length.greaterThan(100);
    const others = installed.flatMap(([path, { license = 'none' }]) => {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      return isFree(license) || LOOKED_AT[name] === license || OF_SHARP.test(name) ? [] : [`${name}: ${license}`];
    });
    expect(others).to.deep.equal([]);
  });
});
