import { readFileSync } from 'node:fs';
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { startChromium } from '../browser/chromium.js';
import { type EmptyProject, packAll, ROOT } from '../packages/project.js';
import { type Outcome as Found, type Numbers, numbersOf, type Settings } from './scenario.js';

export const SOURCES: string = join(ROOT, 'test', 'apps');
const RUN = join(ROOT, 'models', 'pretrained', 'vae-2d');

type Versions = Readonly<Record<string, string>>;

/** Versions of what the apps install beside the packages. */
export const APP_VERSIONS: Versions = JSON.parse(readFileSync(join(SOURCES, 'package.json'), 'utf8')).dependencies;

/** A project with infer and all that the apps need installed, in which rows make their apps. */
export class Lab implements AsyncDisposable {
  readonly #project: EmptyProject;
  #browser: Promise<Browser> | undefined;
  #expected: Promise<Numbers> | undefined;

  constructor(project: EmptyProject) {
    this.#project = project;
  }

  /** The folder that all apps lie in. */
  get folder(): string {
    return this.#project.folder;
  }

  /** An app of its own: files of folders of `test/apps`, later ones over earlier ones, and the run at `runs/vae`. */
  async make(name: string, sources: readonly string[], runAt = 'runs/vae'): Promise<string> {
    const folder = join(this.folder, name);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    for (const source of ['shared', ...sources]) await cp(join(SOURCES, source), folder, { recursive: true });
    await cp(RUN, join(folder, runAt), { recursive: true });
    return folder;
  }

  /** Runs a shell command in an app's folder; rejects with what it wrote when it fails. */
  shell(command: string, folder: string): Promise<string> {
    return this.#project.shell(command, folder);
  }

  /** Node's numbers, on the CPU. */
  expected(): Promise<Numbers> {
    this.#expected ??= this.#numbersOfNode();
    return this.#expected;
  }

  async #numbersOfNode(): Promise<Numbers> {
    await this.make('expected', []);
    const settings: Settings = { run: 'runs/vae', devices: ['cpu'] };
    const output = await this.shell(`node node.js '${JSON.stringify(settings)}'`, 'expected');
    return numbersOf(JSON.parse(output) as Found)[0]!;
  }

  browser(): Promise<Browser> {
    this.#browser ??= startChromium();
    return this.#browser;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#browser)?.close();
  }
}

/** Installs what `test/apps/package.json` names, and this checkout's infer. @throws OfflineError */
export async function installApps(project: EmptyProject): Promise<void> {
  const infer = JSON.parse(await readFile(join(ROOT, 'packages/infer/package.json'), 'utf8')) as {
    peerDependencies: Versions;
  };
  const wanted = Object.entries({ ...APP_VERSIONS, ...infer.peerDependencies });
  const tarballs = await packAll(project.folder);
  // npm takes a tarball of the same version for the one that it has installed.
  await rm(join(project.folder, 'node_modules', '@onnx-forge'), { recursive: true, force: true });
  await rm(join(project.folder, 'package-lock.json'), { force: true });
  await rm(join(project.folder, 'node_modules', '.package-lock.json'), { force: true });
  await project.npmInstall(
    tarballs['@onnx-forge/infer'].path,
    ...wanted.map(([name, version]) => `${name}@${version}`),
  );
}
