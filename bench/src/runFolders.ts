import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWorker } from './contenders/worker.js';

/** Temporary folders, and one trained run a recipe, made when it is first asked for. */
export class RunFolders implements AsyncDisposable {
  readonly #root: Promise<string> = mkdtemp(join(tmpdir(), 'onnx-forge-bench-'));
  readonly #runs = new Map<string, Promise<string>>();

  /** A new empty folder. */
  async empty(): Promise<string> {
    return mkdtemp(join(await this.#root, 'files-'));
  }

  /** The path of a run of this recipe. */
  run(recipe: string, threads: number): Promise<string> {
    let run = this.#runs.get(recipe);
    if (run === undefined) {
      run = this.#make(recipe, threads);
      this.#runs.set(recipe, run);
    }
    return run;
  }

  async #make(recipe: string, threads: number): Promise<string> {
    const out = join(await this.#root, recipe);
    const made = await openWorker({ task: 'make-run', recipe, out, threads, budgetMs: 0 });
    await made.close();
    return out;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(await this.#root, { recursive: true, force: true });
  }
}
