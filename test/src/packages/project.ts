import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The checkout. */
export const ROOT: string = fileURLToPath(new URL('../../../', import.meta.url));

/** Folders in the checkout of the packages that are published. */
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

/** Settings of the machine that an outer npm hands down in the environment; all else that it hands down is about the checkout. */
const MACHINE = /^npm_config_(registry|cafile|proxy|https_proxy|noproxy|userconfig|globalconfig)$/;

/** The environment of a shell outside the checkout, in which `node` is the Node that runs this. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_') || MACHINE.test(name));
  return { ...Object.fromEntries(kept), PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` };
}

/** npm's registry can't be found from here: no name server, or no route. */
export class OfflineError extends Error {}

/** `npm pack` of every workspace that is published. */
export async function packAll(folder: string): Promise<Record<PackageName, Tarball>> {
  const workspaces = Object.values(PACKAGES).flatMap((workspace) => ['-w', workspace]);
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder, ...workspaces];
  const { stdout } = await run('npm', args, { cwd: ROOT, env: environment(), maxBuffer: 1 << 26 });
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
  /** @param folder default: a temporary one */
  constructor(readonly folder: string = mkdtempSync(join(tmpdir(), 'onnx-forge-project-'))) {
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

  /**
   * `npm install` as the READMEs say it, of tarballs and of packages of the registry. Downloads are kept in a cache of its own.
   * @throws OfflineError
   */
  async npmInstall(...packages: readonly string[]): Promise<void> {
    const cache = join(ROOT, '.cache', 'npm');
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retries=1', '--cache', cache];
    await run('npm', [...args, ...packages], { cwd: this.folder, env: environment(), maxBuffer: 1 << 26 }).catch(
      ({ stderr = '' }: { stderr?: string }) => {
        const Failure = /code (ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH)/.test(stderr) ? OfflineError : Error;
        throw new Failure(`npm can't install what an app needs: ${stderr.trim()}`);
      },
    );
  }

  /** Runs a shell command in a folder of the project; rejects with what it wrote when it fails. */
  async shell(command: string, folder = '.'): Promise<string> {
    const options = { cwd: join(this.folder, folder), env: environment(), maxBuffer: 1 << 26, timeout: 300_000 };
    const { stdout } = await run('sh', ['-ec', command], options).catch(
      (error: { stdout?: string; stderr?: string }) => {
        throw new Error(`${command}: ${error.stderr}${error.stdout}`);
      },
    );
    return stdout;
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

  /** The compiler's complaints about a folder with a tsconfig.json. */
  async tsc(folder: string): Promise<string> {
    const args = [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder];
    return run(process.execPath, args, { cwd: this.folder, maxBuffer: 1 << 26 }).then(
      () => '',
      (error: { stdout: string; stderr: string }) => error.stdout || error.stderr,
    );
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function readPackage(folder: string): PackageJson {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson;
}
