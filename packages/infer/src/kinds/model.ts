import type { Tensor } from '../arrays/tensor.js';
import type { ComputeDevice, Device, Feeds, Refusal, RunnableGraph } from '../device/types.js';
import { DisposedError, RunFolderError } from '../errors.js';
import type { AnyManifest } from '../manifest/base.js';
import { type CallOptions, Work } from '../methods/work.js';

/** Checked manifest of a run and its graphs, opened on one device; `load` makes it. */
export interface ModelContext<M extends AnyManifest = AnyManifest> {
  readonly location: string;
  readonly manifest: M;
  readonly device: ComputeDevice;
  readonly graphs: Readonly<Record<string, RunnableGraph>>;
}

/** Base class of the models of all kinds. */
export abstract class ServedModel<M extends AnyManifest = AnyManifest> implements AsyncDisposable {
  readonly #context: ModelContext<M>;
  readonly #underWay = new Set<Promise<unknown>>();
  #disposed: Promise<void> | undefined;

  constructor(context: ModelContext<M>) {
    this.#context = context;
  }

  /** Decides the methods; narrows the type that `load` returns. */
  abstract readonly kind: M['kind'];

  /** Where the run was loaded from. */
  get location(): string {
    return this.#context.location;
  }

  get manifest(): M {
    return this.#context.manifest;
  }

  /** The device granted. */
  get device(): Device {
    return this.#context.device.device;
  }

  /** Devices that `auto` passed over, and why. */
  get refused(): readonly Refusal[] {
    return this.#context.device.refused;
  }

  /**
   * Runs one of the run's graphs by its name: those that the methods use, and further ones that its recipe exported.
   * Arrays are copied; only their types and shapes are checked.
   *
   * @throws RunFolderError (`graph-missing`) when the run has no such graph, InputError when an input is missing or does not fit
   */
  run(graph: string, feeds: Feeds, options: CallOptions = {}): Promise<Record<string, Tensor>> {
    return this.call('run', options, (work) => work.run(this.graph(graph), feeds));
  }

  /**
   * Frees the graphs once the calls under way are done, each with its result or error. Disposing twice is fine; any other
   * later call is a DisposedError, the next part of a stream too.
   */
  dispose(): Promise<void> {
    this.#disposed ??= Promise.allSettled(this.#underWay).then(() => this.#context.device.dispose());
    return this.#disposed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /**
   * One call of a method. `job` reads its arrays before it first waits, so that the caller may use them again at once.
   *
   * @throws DisposedError after `dispose()`, and AbortError when the caller's signal is aborted already
   */
  protected async call<T>(method: string, options: CallOptions, job: (work: Work) => Promise<T>): Promise<T> {
    const work = this.#work(method, options);
    return this.#wait(() => {
      work.check();
      return job(work);
    });
  }

  /**
   * {@link call} for a method whose result comes in parts: each part is a call of its own. What is wrong with the arguments is what the
   * first part rejects with.
   */
  protected parts<T>(
    method: string,
    options: CallOptions,
    job: (work: Work) => AsyncGenerator<T, void, undefined>,
  ): AsyncGenerator<T, void, undefined> {
    try {
      const work = this.#work(method, options);
      return this.#each(work, job(work));
    } catch (error) {
      return rejecting(error);
    }
  }

  async *#each<T>(work: Work, parts: AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
    try {
      for (;;) {
        const { done, value } = await this.#wait(() => {
          work.check();
          return parts.next();
        });
        if (done) return;
        yield value;
      }
    } finally {
      await parts.return();
    }
  }

  #work(method: string, options: CallOptions): Work {
    return new Work(`${method} of ${this.location}`, options);
  }

  /** Lets `dispose()` wait for a job. */
  async #wait<T>(job: () => Promise<T>): Promise<T> {
    if (this.#disposed) throw new DisposedError(`the model ${this.location}`);
    const done = job();
    this.#underWay.add(done);
    try {
      return await done;
    } finally {
      this.#underWay.delete(done);
    }
  }

  /** A graph that the run may have been written without. */
  protected optionalGraph(name: string): RunnableGraph | undefined {
    const { graphs } = this.#context;
    return Object.hasOwn(graphs, name) ? graphs[name] : undefined;
  }

  /** Throws RunFolderError when the run was written without this graph. */
  protected graph(name: string): RunnableGraph {
    const graph = this.optionalGraph(name);
    if (graph) return graph;
    const { location } = this;
    const message = `the run ${location} has no graph '${name}', which this needs; train MODEL --resume writes its graphs again`;
    throw new RunFolderError('graph-missing', message, { location, graph: name });
  }
}

// biome-ignore lint/correctness/useYield: it has no part
async function* rejecting(error: unknown): AsyncGenerator<never, void, undefined> {
  throw error;
}
