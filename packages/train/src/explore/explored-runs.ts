import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { type AnyManifest, loadManifest, MANIFEST_FILE, runFiles } from '@onnx-forge/infer';
import type { Recipe } from '../recipe/recipe.js';
import { RunFolder } from '../run/folder.js';
import { isLocked } from '../run/lock.js';
import { findRuns, isRunFolder, type RunSummary, summariseRun } from '../run/summary.js';
import { runExamples } from './examples.js';

/** A run as the explorer page offers it. */
export interface ExploredRun {
  /** Relative to the folder that is explored, different for each run. */
  readonly name: string;
  /** Its folder. */
  readonly folder: string;
  readonly summary: RunSummary;
  /** Of a run that is whole. */
  readonly manifest: AnyManifest | undefined;
  /** The run's files that the page loads, relative to the folder: manifest, graphs, weights, figures. */
  readonly files: readonly string[];
  /** Those of them that are figures. */
  readonly figures: readonly string[];
  /** Examples of its test split as safetensors; undefined where the data or the recipe are not here. Read when first asked for. */
  readonly examples: () => Promise<Uint8Array | undefined>;
}

export interface ExploreRequest {
  /** Run folders, and folders of runs. */
  readonly paths: readonly string[];
  /** The recipe of that name. @throws Error when it is not here */
  readonly recipe: (name: string) => Promise<Recipe>;
  readonly dataDir?: string | undefined;
  /** Called with one line when a run's data are not here. */
  readonly onNotice?: (text: string) => void;
}

/** A run that was read, with the state of its files then. */
interface Known {
  readonly seen: string;
  readonly run: ExploredRun;
}

/** Runs to explore. */
export interface RunList {
  /** Names of the folders, for people. */
  readonly title: string;
  list(): Promise<readonly ExploredRun[]>;
}

/** Those runs and no others, as they are. */
export function asRunList(runs: RunList | readonly ExploredRun[]): RunList {
  if ('list' in runs) return runs;
  return { title: runs.map(({ name }) => name).join(', '), list: async () => runs };
}

/** The runs below some folders. Each `list` looks again, and reads only what has changed. */
export class ExploredRuns implements RunList {
  readonly #request: ExploreRequest;
  #known: ReadonlyMap<string, Known> = new Map();

  constructor(request: ExploreRequest) {
    this.#request = request;
  }

  get title(): string {
    return this.#request.paths.map((path) => basename(resolve(path))).join(', ');
  }

  async list(): Promise<readonly ExploredRun[]> {
    const known = new Map<string, Known>();
    for (const { name, path } of await this.#named()) {
      if (known.has(path)) continue;
      const seen = `${name} ${await stateOf(path)}`;
      const before = this.#known.get(path);
      known.set(path, before?.seen === seen ? before : { seen, run: await this.#read(name, path) });
    }
    this.#known = known;
    return [...known.values()].map(({ run }) => run);
  }

  /** Folders of runs, with names that are all different. */
  async #named(): Promise<{ name: string; path: string }[]> {
    const { paths } = this.#request;
    const taken = new Set<string>();
    const named: { name: string; path: string }[] = [];
    for (const root of paths) {
      const own = basename(resolve(root));
      for (const path of await findRuns(root).catch(() => [])) {
        const inside = relative(root, path).split(/[\\/]/).join('/');
        const plain = inside === '' ? own : paths.length === 1 ? inside : `${own}/${inside}`;
        let name = plain;
        for (let count = 2; taken.has(name); count++) name = `${plain} (${count})`;
        taken.add(name);
        named.push({ name, path: resolve(path) });
      }
    }
    return named;
  }

  async #read(name: string, folder: string): Promise<ExploredRun> {
    const summary = await summariseRun(folder);
    const manifest = await loadManifest(folder, { kinds: 'any' }).catch(() => undefined);
    const figures = await figuresIn(folder);
    const own = manifest === undefined ? [] : [MANIFEST_FILE, ...runFiles(manifest).map(({ file }) => file)];
    let examples: Promise<Uint8Array | undefined> | undefined;
    return {
      ...{ name, folder, summary, manifest, figures },
      files: [...own, ...figures],
      examples: () => {
        examples ??= this.#examples(name, manifest);
        return examples;
      },
    };
  }

  async #examples(name: string, manifest: AnyManifest | undefined): Promise<Uint8Array | undefined> {
    if (manifest === undefined) return undefined;
    const { recipe, dataDir, onNotice } = this.#request;
    try {
      return await runExamples({ recipe: await recipe(manifest.model), manifest, dataDir });
    } catch (error) {
      onNotice?.(`${name} is shown without test examples: ${(error as Error).message}`);
      return undefined;
    }
  }
}

/** Whether there is a run in a folder, or the folder is one. */
export async function holdsRuns(path: string): Promise<boolean> {
  return (await isRunFolder(path)) || (await findRuns(path).catch(() => [])).length > 0;
}

/** Changes when a file does from which a run is described. */
async function stateOf(path: string): Promise<string> {
  const folder = new RunFolder(path);
  const entries = [folder.file('status'), folder.file('log'), folder.file('manifest'), folder.file('figures')];
  const states = await Promise.all(
    entries.map((entry) =>
      stat(entry).then(
        ({ mtimeMs, size }) => `${mtimeMs}/${size}`,
        () => '-',
      ),
    ),
  );
  return [...states, await isLocked(path)].join(' ');
}

async function figuresIn(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, 'figures')).catch(() => []);
  return names
    .filter((name) => name.endsWith('.png'))
    .sort()
    .map((name) => `figures/${name}`);
}
