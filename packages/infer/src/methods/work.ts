import type { Tensor } from '../arrays/tensor.js';
import type { Feeds, RunnableGraph } from '../device/types.js';
import { AbortError } from '../errors.js';
import { checkOptions } from '../options.js';
import { Breather } from '../pause.js';

/** Options of every method. */
export interface CallOptions {
  /** Ends the call between two runs of a graph: it rejects with an AbortError whose `cause` is the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** Options of long work. */
export interface WorkOptions extends CallOptions {
  /** Called after every part, counted in examples; waited for. What it throws or rejects with ends the call. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** One call of a method, from its start to its result or error. */
export class Work {
  readonly #what: string;
  readonly #signal: AbortSignal | undefined;
  readonly #breather = new Breather();

  /** @param what what messages call it */
  constructor(what: string, options: CallOptions) {
    checkOptions(what, options);
    this.#what = what;
    this.#signal = options.signal;
  }

  /** @throws AbortError once the caller's signal is aborted */
  check(): void {
    if (this.#signal?.aborted) throw new AbortError(this.#what, this.#signal.reason);
  }

  /** Runs a graph, then lets timers and input run if the event loop was held for long. @throws AbortError */
  async run(session: RunnableGraph, feeds: Feeds): Promise<Record<string, Tensor>> {
    this.check();
    const outputs = await session.run(feeds);
    await this.#breather.breathe();
    this.check();
    return outputs;
  }
}
