import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The checkout. */
export const ROOT: string = fileURLToPath(new URL('../../../', import.meta.url));

/** What is published, with its folder in the checkout. */
export const PACKAGES = {
  '@onnx-forge/infer': 'packages/infer',
  '@onnx-forge/viz': 'packages/viz',
  '@onnx-forge/export': 'packages/export',
  '@onnx-forge/train': 'packages/train',
  '@onnx-forge/models': 'models',
} as const;
export type PackageName = keyof typeof PACKAGES;

export interface Tarball {
  readonly path: string;
  /** The paths inside. */
  readonly files: readonly string[];
}

interface PackedFile {
  readonly name: PackageName;
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** `npm pack` of every workspace that is published. */
export async function packAll(folder: string): Promise<Record<PackageName, Tarball>> {
  const workspaces = Object.values(PACKAGES).flatMap((workspace) => ['-w', workspace]);
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder, ...workspaces];
  const { stdout } = await run('npm', args, { cwd: ROOT, maxBuffer: 1 << 26 });
  const packed = Object.values(JSON.parse(stdout) as readonly PackedFile[] | Readonly<Record<string, PackedFile>>);
  const entries = packed.map(({ name, filename, files }) => {
    return [name, { path: join(folder, filename), files: files.map(({ path }) => path) }] as const;
  });
  return Object.fromEntries(entries) as unknown as Record<PackageName, Tarball>;
}

interface PackageJson {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/**
 * A project that knows nothing of the checkout but its third-party packages: what is installed is unpacked, and of other
 * packages there are exactly those that it declares, so that one that it forgets to declare is missing.
 */
export class EmptyProject {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'onnx-forge-project-'));

  constructor() {
    this.write('package.json', JSON.stringify({ name: 'project', private: true, type: 'module' }));
  }

  /** Unpacks tarballs, and links the dependencies that they declare. */
  async install(tarballs: Readonly<Partial<Record<PackageName, Tarball>>>): Promise<void> {
    for (const [name, { path }] of Object.entries(tarballs)) {
      const target = join(this.folder, 'node_modules', name);
      mkdirSync(target, { recursive: true });
      await run('tar', ['-xzf', path, '-C', target, '--strip-components=1']);
      const { dependencies = {} } = readPackage(target);
      for (const [dependency, version] of Object.entries(dependencies)) {
        if (dependency in PACKAGES) continue;
        this.link(dependency);
        const found = readPackage(join(ROOT, 'node_modules', dependency)).version;
        if (found !== version) throw new Error(`${name} wants ${dependency} ${version}, but the checkout has ${found}`);
      }
    }
  }

  /** A third-party package of the checkout. */
  link(...names: readonly string[]): void {
    for (const name of names) {
      const target = join(this.folder, 'node_modules', name);
      mkdirSync(dirname(target), { recursive: true });
      rmSync(target, { force: true });
      symlinkSync(join(ROOT, 'node_modules', name), target);
    }
  }

  write(file: string, text: string): void {
    const path = join(this.folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  /** Runs Node in the project; rejects with what it wrote when it fails. */
  async node(...args: readonly string[]): Promise<string> {
    const { stdout } = await run(process.execPath, args, { cwd: this.folder, maxBuffer: 1 << 26 }).catch(
      (error: { stdout?: string; stderr?: string }) => {
        throw new Error(`node ${args.join(' ')}: ${error.stderr}${error.stdout}`);
      },
    );
    return stdout;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function readPackage(folder: string): PackageJson {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson;
}
