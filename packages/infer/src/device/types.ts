import type { Tensor, TensorSpec } from '../arrays/tensor.js';

/** Where graphs run: the one vocabulary of the whole project. */
export type Device = 'cpu' | 'cuda' | 'webgpu' | 'wasm';

/**
 * `auto` takes the first usable of an ordered list (for a run that is loaded in a browser: the fastest) and records why the others were
 * passed over; a name is strict.
 */
export type DeviceRequest = Device | 'auto';

/** A device that was passed over, and why. */
export interface Refusal {
  readonly device: Device;
  readonly reason: string;
}

export interface DeviceOptions {
  /** Default `auto`. */
  readonly device?: DeviceRequest | undefined;
  /**
   * Threads that one operator may use. cpu: default one per physical core. wasm and webgpu in a browser: one unless the
   * page is cross-origin isolated, where the default is half the cores, at most four; a page's first load decides.
   */
  readonly threads?: number | undefined;
  /**
   * Browsers: where onnxruntime-web's `.wasm` (and `.mjs`) files lie; a page's first load decides. Default: beside the
   * script that holds onnxruntime-web, where bundlers that know `new URL(..., import.meta.url)` put the `.wasm` file.
   */
  readonly wasmPaths?: WasmPaths | undefined;
}

/** A folder's URL, or the files' own; relative ones are of the page. */
export type WasmPaths = string | { readonly mjs?: string | undefined; readonly wasm?: string | undefined };

export interface GraphOptions {
  /** Name of the graph in messages. */
  readonly name?: string;
  /** Files that lie beside the model's and hold its weights, by the names that it locates them by. */
  readonly externalData?: Readonly<Record<string, Uint8Array>> | undefined;
  /** How much onnxruntime may rewrite the graph; default `all`. */
  readonly optimization?: 'disabled' | 'basic' | 'extended' | 'all';
  /** Rewrites that onnxruntime need not try, by its own names for them: one that fits no node looks at all of them all the same. */
  readonly withoutRewrites?: readonly string[];
  /** Outputs that {@link Session.runResident} leaves on the device (webgpu; others return them in main memory). */
  readonly resident?: readonly string[];
  /** Refuse a graph of which any node would run elsewhere than on the device. */
  readonly strictPlacement?: boolean;
  /** Write a profile of every node run to a file whose path begins so, when the session is disposed (Node only). */
  readonly profile?: string;
}

/** An output that stayed on the device; feed it to a session of the same device, then dispose it. */
export interface DeviceTensor {
  readonly dims: readonly number[];
  readonly type: Tensor['type'];
  readonly device: Device;
  /** A copy in main memory. */
  read(): Promise<Tensor>;
  dispose(): void;
}

export type Feeds = Readonly<Record<string, Tensor | DeviceTensor>>;

/** One opened graph. Calls are queued with those of every other session of the same {@link ComputeDevice}. */
export interface Session extends AsyncDisposable {
  readonly device: Device;
  /** Devices that `auto` passed over. */
  readonly refused: readonly Refusal[];
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  readonly outputs: Readonly<Record<string, TensorSpec>>;
  /** Runs the graph on a copy of the arrays; every output comes back in main memory, in arrays of its own. */
  run(feeds: Feeds): Promise<Record<string, Tensor>>;
  /**
   * Runs the graph into arrays that the caller owns: nothing is allocated and nothing copied. Exactly the outputs named
   * are computed. A shape other than the graph computes is an error. With two sets of arrays the state of a loop
   * ping-pongs between them. The arrays must not be changed before the call is done.
   */
  runInto(feeds: Feeds, outputs: Readonly<Record<string, Tensor>>): Promise<void>;
  /** Like {@link run}, but the outputs named in {@link GraphOptions.resident} stay on the device. */
  runResident(feeds: Feeds): Promise<Record<string, Tensor | DeviceTensor>>;
  /** Waits for the calls under way, then frees the graph. Later calls throw DisposedError; disposing twice is fine. */
  dispose(): Promise<void>;
}

/** The part of a session that a model's methods use. */
export type RunnableGraph = Pick<Session, 'run' | 'device'>;

/** A device that was granted: opens graphs, which share one queue. */
export interface ComputeDevice extends AsyncDisposable {
  readonly device: Device;
  readonly refused: readonly Refusal[];
  /** Throws GraphError when `model` is not an ONNX model that this device can run. */
  open(model: Uint8Array, options?: GraphOptions): Promise<Session>;
  /** Disposes every session that it opened. */
  dispose(): Promise<void>;
}
