import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWorker } from './contenders/worker.js';
import type { SpecOf } from './worker/protocol.js';

export interface RunRequest {
  /** Write its training step, too. */
  readonly saveStep?: boolean;
  /** Options of the recipe. */
  readonly set?: Readonly<Record<string, string>>;
}

/** Temporary folders, and one trained run a recipe, made when it is first asked for. */
export class RunFolders implements AsyncDisposable {
  readonly #root: Promise<string> = mkdtemp(join(tmpdir(), 'onnx-forge-bench-'));
  readonly #runs = new Map<string, Promise<string>>();

  /** A new empty folder. */
  async empty(): Promise<string> {
    return mkdtemp(join(await this.#root, 'files-'));
  }

  /** The path of a run of this recipe. */
  run(recipe: string, threads: number, { saveStep = false, set = {} }: RunRequest = {}): Promise<string> {
    const settings = Object.entries(set).map(([name, value]) => `${name}-${value}`);
    const name = [recipe, ...settings, ...(saveStep ? ['with-step'] : [])].join('-');
    let run = this.#runs.get(name);
    if (run === undefined) {
      run = this.#make(name, { task: 'make-run', recipe, threads, saveStep, set, budgetMs: 0 });
      this.#runs.set(name, run);
    }
    return run;
  }

  async #make(name: string, spec: Omit<SpecOf<'make-run'>, 'out'>): Promise<string> {
    const out = join(await this.#root, name);
    const made = await openWorker({ ...spec, out });
    await made.close();
    return out;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(await this.#root, { recursive: true, force: true });
  }
}
