import type { InferenceSession, InferenceSessionFactory, TensorConstructor } from 'onnxruntime-common';
import type { SerialQueue } from './queue.js';
import type { Device, DeviceOptions } from './types.js';

/** The part of an onnxruntime package (onnxruntime-node, onnxruntime-web) that sessions are made with. */
export interface Runtime {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
  /** The queue of every call, for a runtime that can do only one thing at a time; otherwise each device has its own. */
  readonly queue?: SerialQueue;
  /** Watches the first session being made: where it may hang or fail unheard. */
  start?<T>(create: () => Promise<T>, release: (late: T) => unknown): Promise<T>;
  /** Whether `run(feeds, fetches)` writes into the arrays of the fetches. */
  readonly fillsFetches: boolean;
  /** Whether a session may be run again after a run that failed. */
  readonly survivesFailures: boolean;
}

/** How one device is reached. Adding a device is adding a driver to a platform's list. */
export interface Driver {
  readonly device: Device;
  /**
   * A reason not even to try, found without side effects. `preferred` is how `auto` asks: may this device be preferred
   * to those after it? (A software GPU adapter works when asked for by name, but must not displace the CPU.)
   */
  refusal(preferred: boolean): Promise<string | undefined>;
  /** Imports onnxruntime. */
  runtime(options: DeviceOptions): Promise<Runtime>;
  options(options: DeviceOptions): InferenceSession.SessionOptions;
  /** One clear reason from onnxruntime's error, and what to do. */
  explain(error: unknown): string;
  /** All that its speed depends on beside the work, as a text: the adapter, the threads. Of platforms that measure. */
  identity?(options: DeviceOptions): Promise<string>;
}

/** How a platform whose `auto` measures does so. */
export interface Measuring {
  /** Milliseconds from any start. */
  now(): number;
  readonly choices: ChoiceStore;
}

/** Texts by their keys, kept from visit to visit. Both may reject, which only means that it is measured again. */
export interface ChoiceStore {
  read(key: string): Promise<string | undefined>;
  write(key: string, text: string): Promise<void>;
}
