import type { ComputeDevice, Device, Refusal, Session } from '../device/types.js';
import { DisposedError, RunFolderError } from '../errors.js';
import type { Manifest } from '../manifest.js';

/** What `load` hands to a model: a checked manifest, and its graphs opened on one device. */
export interface ModelContext<M extends Manifest = Manifest> {
  readonly location: string;
  readonly manifest: M;
  readonly device: ComputeDevice;
  readonly graphs: Readonly<Record<string, Session>>;
}

/** What the models of every kind have. */
export abstract class ServedModel<M extends Manifest = Manifest> implements AsyncDisposable {
  readonly #context: ModelContext<M>;
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

  /** Frees the graphs once the calls under way are done. Disposing twice is fine; any other later call is an error. */
  dispose(): Promise<void> {
    this.#disposed ??= this.#context.device.dispose();
    return this.#disposed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** Throws DisposedError after `dispose()`, and RunFolderError when the run was written without this graph. */
  protected graph(name: string): Session {
    if (this.#disposed) throw new DisposedError(`the model ${this.location}`);
    const session = this.#context.graphs[name];
    if (session) return session;
    const { location } = this;
    throw new RunFolderError('graph-missing', `the run ${location} has no graph '${name}', which this needs`, {
      location,
      graph: name,
    });
  }
}
