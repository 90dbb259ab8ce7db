import type { BatchSpec } from '../arrays/batch.js';
import { encodeSafetensors } from '../arrays/safetensors.js';
import type { TrainingState } from '../arrays/state.js';
import { openFastest } from '../device/fastest.js';
import { SerialQueue } from '../device/queue.js';
import type { Device, Refusal, Session } from '../device/types.js';
import { DisposedError, InputError } from '../errors.js';
import type { Manifest, Model } from '../kinds/index.js';
import type { AnyKind, ManifestOfKind, ModelOfKind } from '../kinds/kind.js';
import { createModel, type KindOptions, kindNamed } from '../kinds/registry.js';
import { type GraphEntry, MANIFEST_FILE } from '../manifest/base.js';
import type { TrainingEntry } from '../manifest/training-entry.js';
import type { Random } from '../random.js';
import { type LoadOptions, runFileReader } from '../run/load.js';
import { openGraph } from '../run/open-graph.js';
import { graphWorkload } from '../run/workload.js';
import { sha256 } from '../source/sha256.js';
import type { RunSource } from '../source/source.js';
import { type BatchValues, checkBatch } from './batch.js';
import type { StepRunner } from './runner.js';

export interface TrainableOptions extends LoadOptions {
  /** Of the steps' random numbers. Default: they go on where the training stood. */
  readonly seed?: number | undefined;
}

export interface StepOptions {
  /** Which step; may be left out when the recipe has only one. */
  readonly name?: string | undefined;
  /** Times the learning rates that the recipe began with. Default 1. */
  readonly learningRateFactor?: number | undefined;
}

/** The manifest of a run that can be trained further. */
export type TrainableManifest<Own extends AnyKind = never> = (Manifest | ManifestOfKind<Own>) & {
  readonly training: TrainingEntry;
};

/** Parts of a training session; `loadTrainable` makes them. */
export interface TrainableParts<Own extends AnyKind = never> {
  readonly source: RunSource;
  readonly manifest: TrainableManifest<Own>;
  readonly runner: StepRunner;
  readonly random: Random;
  /** The inference graphs' files. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly options: TrainableOptions & Partial<KindOptions<Own>>;
}

/**
 * The training of a run, going on. Calls of `step` are queued. The inference graphs get the new weights by
 * {@link model}: their files hold each weight at a known place, where the new numbers are written.
 */
export class TrainableSession<Own extends AnyKind = never> implements AsyncDisposable {
  readonly #parts: TrainableParts<Own>;
  readonly #queue = new SerialQueue();
  readonly #done: Record<string, number> = {};
  #disposed: Promise<void> | undefined;

  /** Made by `loadTrainable`. */
  constructor(parts: TrainableParts<Own>) {
    this.#parts = parts;
  }

  get location(): string {
    return this.#parts.source.location;
  }

  get manifest(): TrainableManifest<Own> {
    return this.#parts.manifest;
  }

  /** The device granted. */
  get device(): Device {
    return this.#parts.runner.device.device;
  }

  /** Devices that `auto` passed over, and why. */
  get refused(): readonly Refusal[] {
    return this.#parts.runner.device.refused;
  }

  /** Names of the steps, in the order in which an iteration of the recipe runs them. */
  get steps(): readonly string[] {
    return Object.keys(this.manifest.training.steps);
  }

  /** Arrays that a batch of a step must hold; the first size of each is the batch's. */
  inputs(name?: string): Readonly<Record<string, BatchSpec>> {
    return this.manifest.training.steps[this.#stepName(name)]!.batch;
  }

  /**
   * One update of the weights. Returns the step's metrics (`loss` among them), means over the batch before the update.
   * Throws InputError, one line, when an array is missing, of another size than the step was compiled for, or not finite.
   */
  async step(batch: Readonly<Record<string, BatchValues>>, options: StepOptions = {}): Promise<Record<string, number>> {
    const { learningRateFactor: factor = 1 } = options;
    const name = this.#stepName(options.name);
    if (!(Number.isFinite(factor) && factor >= 0)) {
      throw new InputError(`learningRateFactor must be a number of at least 0, not ${factor}`, { factor });
    }
    const arrays = checkBatch(name, this.inputs(name), batch);
    return this.#enqueue(async () => {
      const metrics = await this.#parts.runner.run(name, arrays, factor);
      this.#done[name] = (this.#done[name] ?? 0) + 1;
      return metrics;
    });
  }

  /** A copy of every weight and optimizer slot. */
  state(): Promise<TrainingState> {
    return this.#enqueue(() => this.#parts.runner.state());
  }

  /** Goes back to a state, which is copied. Throws InputError when it is of another model. */
  restore(state: TrainingState): Promise<void> {
    const copy = Object.entries(state).map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]);
    return this.#enqueue(() => this.#parts.runner.restore(Object.fromEntries(copy)));
  }

  /**
   * The model with the weights of now, on a device of its own: later steps do not change it, and it is the caller's to
   * dispose.
   */
  async model(): Promise<Model | ModelOfKind<Own>> {
    const { manifest, options } = this.#parts;
    const { location } = this;
    const files = this.#graphsWith(await this.state());
    const kind = kindNamed(manifest.kind, options.kinds);
    // Weights don't change how long a graph takes: what was measured for the run holds.
    const workload = graphWorkload(location, kind, manifest, async (name) => ({ bytes: files[name]! }));
    const measure = options.measure === 'never' ? 'never' : 'once';
    const device = await openFastest(workload, { ...options, measure, signal: undefined });
    try {
      const graphs: Record<string, Session> = {};
      for (const [name, entry] of Object.entries(manifest.graphs)) {
        graphs[name] = await openGraph(location, entry, files[name]!, device);
      }
      return createModel({ location, manifest, device, graphs }, options.kinds);
    } catch (error) {
      await device.dispose();
      throw error;
    }
  }

  /**
   * The run with the weights of now, file by file: write them to a folder, the manifest last, and `load` or
   * `loadTrainable` it. What was measured on the old weights is left out.
   */
  async files(): Promise<ReadonlyMap<string, Uint8Array>> {
    const { source, manifest, random } = this.#parts;
    const { training } = manifest;
    const [state, drawn] = await this.#enqueue(async () => [await this.#parts.runner.state(), random.state()] as const);
    const files = new Map<string, Uint8Array>();
    const graphs: Record<string, GraphEntry> = {};
    for (const [name, bytes] of Object.entries(this.#graphsWith(state))) {
      const entry = manifest.graphs[name]!;
      graphs[name] = { ...entry, sha256: await sha256(bytes) };
      files.set(entry.file, bytes);
    }
    const steps = Object.values(training.steps);
    const { maxBytes } = this.#parts.options; // the load's signal and onProgress ended with it
    const read = runFileReader(source, steps, { maxBytes });
    for (const entry of steps) files.set(entry.file, await read(entry));
    const bytes = joined(encodeSafetensors({ arrays: state, metadata: {} }));
    files.set(training.state.file, bytes);
    const written = { file: training.state.file, sha256: await sha256(bytes), bytes: bytes.length };
    const changed = {
      ...manifest,
      graphs,
      metrics: [],
      training: { ...training, state: written, random: drawn },
      fineTuned: { ...this.#done },
    };
    files.set(MANIFEST_FILE, new TextEncoder().encode(`${JSON.stringify(changed, undefined, 2)}\n`));
    return files;
  }

  /** Frees the step's graphs once the calls under way are done. */
  dispose(): Promise<void> {
    this.#disposed ??= this.#queue.run(() => this.#parts.runner.dispose());
    return this.#disposed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #enqueue<T>(job: () => Promise<T>): Promise<T> {
    if (this.#disposed) return Promise.reject(new DisposedError(`the training of ${this.location}`));
    return this.#queue.run(job);
  }

  #stepName(name: string | undefined): string {
    const { steps } = this;
    if (name === undefined && steps.length === 1) return steps[0]!;
    if (name !== undefined && steps.includes(name)) return name;
    const what = name === undefined ? 'say which step: option name' : `there is no step '${name}'`;
    throw new InputError(`${what}; steps: ${steps.join(', ')}`, { name, steps });
  }

  #graphsWith(state: TrainingState): Record<string, Uint8Array> {
    const { manifest, files } = this.#parts;
    const graphs = Object.entries(files).map(([name, bytes]) => {
      return [name, withWeights(bytes, manifest.training.weights[name] ?? {}, state)] as const;
    });
    return Object.fromEntries(graphs);
  }
}

/** A copy of a graph's file with other weights: `places` says at which byte each variable's numbers begin. */
export function withWeights(
  file: Uint8Array,
  places: Readonly<Record<string, number>>,
  state: TrainingState,
): Uint8Array {
  const changed = file.slice();
  for (const [variable, offset] of Object.entries(places)) {
    const { buffer, byteOffset, byteLength } = state[variable]!.data;
    changed.set(new Uint8Array(buffer, byteOffset, byteLength), offset);
  }
  return changed;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
