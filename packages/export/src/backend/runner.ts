import { type Dialect, STANDARD } from '../graph/dialect.js';
import { Executor, type Job, type Placement } from './executor.js';
import type { Numbers } from './stored.js';

/** Where graphs run. Jobs, drops and fetches take effect in the order in which they are asked for. */
export interface Runner {
  /** Whether `fetchSync` can wait for what is still running. */
  readonly waits: boolean;
  /** Operators that its graphs may use; waits until it knows. */
  dialect(): Dialect;
  run(job: Job): void;
  fetch(id: number): Promise<Numbers>;
  /** The array; undefined when it is still being computed and this runner can't wait. */
  fetchSync(id: number): Numbers | undefined;
  drop(ids: readonly number[]): void;
  close(graph: number): void;
  /** Ends it; what is still under way is lost. */
  dispose(): void;
}

/** Runs graphs in this thread: in browsers, and in Node where the worker's file is not there. */
export class LocalRunner implements Runner {
  readonly waits = false;
  readonly #executor: Executor;
  #last: Promise<unknown> = Promise.resolve();

  constructor(placement: Placement) {
    this.#executor = new Executor(placement);
  }

  dialect(): Dialect {
    return STANDARD; // it could not wait for a trial
  }

  run(job: Job): void {
    this.#then(() => this.#executor.run(job));
  }

  fetch(id: number): Promise<Numbers> {
    return this.#then(() => this.#executor.fetch(id));
  }

  /** An asynchronous read tells a failure from an array that is not there yet. */
  fetchSync(id: number): Numbers | undefined {
    return this.#executor.fetchSync(id);
  }

  drop(ids: readonly number[]): void {
    this.#then(() => this.#executor.drop(ids));
  }

  close(graph: number): void {
    this.#then(() => this.#executor.close(graph));
  }

  dispose(): void {
    this.#then(() => this.#executor.dispose());
  }

  #then<T>(task: () => T | Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => {});
    return result;
  }
}
