import { dtypeOf, type StateArray, type TrainingState } from '../arrays/state.js';
import type { Tensor } from '../arrays/tensor.js';
import type { ComputeDevice, DeviceTensor, Feeds, Session } from '../device/types.js';
import type { StepGraph } from '../manifest/step-graph.js';

/** Variables that a step reads and assigns; assigned ones with the output that holds the new value. */
export interface StepVariables {
  readonly reads: readonly string[];
  /** Read until the step is done: the new value must go elsewhere. */
  readonly replaced: readonly (readonly [name: string, output: string])[];
  /** The new value may be written over the old one. */
  readonly overwritten: readonly (readonly [name: string, output: string])[];
}

export function stepVariables({ reads, assigns, inPlace }: StepGraph): StepVariables {
  const safe = new Set(inPlace);
  const assigned = Object.entries(assigns);
  return {
    reads,
    replaced: assigned.filter(([name]) => !safe.has(name)),
    overwritten: assigned.filter(([name]) => safe.has(name)),
  };
}

/** Holds the variables between steps, where the device wants them. */
export interface StateStore {
  /** Runs a step: feeds its variables beside `feeds`, keeps the assigned ones, fills `metrics`. */
  run(
    session: Session,
    feeds: Feeds,
    variables: StepVariables,
    metrics: Readonly<Record<string, Tensor>>,
  ): Promise<void>;
  read(): Promise<TrainingState>;
  write(state: TrainingState): void;
  dispose(): void;
}

export function stateStore(device: ComputeDevice, initial: TrainingState): StateStore {
  return device.device === 'cpu' ? new PingPongStore(initial) : new ResidentStore(initial);
}

function tensorOf(array: StateArray): Tensor {
  return { type: dtypeOf(array), dims: array.shape, data: array.data };
}

function copyOf({ type, dims, data }: Tensor): StateArray {
  if (type !== 'float32' && type !== 'int32') throw new Error(`a variable of dtype ${type} can't be trained`);
  return { shape: dims, data: data.slice() as Float32Array | Int32Array };
}

/**
 * Main memory, no copy: two arrays a variable, one read while the other is written; then they change places. One array
 * where the step writes in place, which takes less of the cache (6 % of the `vae` step's time).
 */
class PingPongStore implements StateStore {
  readonly #current = new Map<string, Tensor>();
  readonly #spare = new Map<string, Tensor>();

  constructor(initial: TrainingState) {
    this.write(initial);
  }

  async run(
    session: Session,
    batch: Feeds,
    { reads, replaced, overwritten }: StepVariables,
    metrics: Readonly<Record<string, Tensor>>,
  ): Promise<void> {
    const feeds: Record<string, Tensor | DeviceTensor> = { ...batch };
    for (const name of reads) feeds[name] = this.#current.get(name)!;
    const outputs: Record<string, Tensor> = { ...metrics };
    for (const [name, output] of overwritten) outputs[output] = this.#current.get(name)!;
    for (const [name, output] of replaced) outputs[output] = this.#spareOf(name);
    await session.runInto(feeds, outputs);
    for (const [name, output] of replaced) {
      this.#spare.set(name, this.#current.get(name)!);
      this.#current.set(name, outputs[output]!);
    }
  }

  #spareOf(name: string): Tensor {
    const known = this.#spare.get(name);
    if (known) return known;
    const { dims, type, data } = this.#current.get(name)!;
    const Data = data.constructor as Float32ArrayConstructor;
    const spare: Tensor = { type: type as 'float32', dims, data: new Data(data.length) };
    this.#spare.set(name, spare);
    return spare;
  }

  async read(): Promise<TrainingState> {
    return Object.fromEntries([...this.#current].map(([name, tensor]) => [name, copyOf(tensor)]));
  }

  write(state: TrainingState): void {
    for (const [name, entry] of Object.entries(state)) {
      this.#current.set(name, tensorOf({ shape: entry.shape, data: entry.data.slice() as Float32Array }));
    }
  }

  dispose(): void {
    this.#current.clear();
    this.#spare.clear();
  }
}

/** A GPU: assigned variables come back as device tensors and are fed to the next step as they are. */
class ResidentStore implements StateStore {
  readonly #current = new Map<string, Tensor | DeviceTensor>();

  constructor(initial: TrainingState) {
    this.write(initial);
  }

  async run(
    session: Session,
    batch: Feeds,
    { reads, replaced, overwritten }: StepVariables,
    metrics: Readonly<Record<string, Tensor>>,
  ): Promise<void> {
    const feeds: Record<string, Tensor | DeviceTensor> = { ...batch };
    for (const name of reads) feeds[name] = this.#current.get(name)!;
    const results = await session.runResident(feeds);
    for (const [name, output] of [...replaced, ...overwritten]) {
      const old = this.#current.get(name);
      this.#current.set(name, results[output]!);
      if (old && 'dispose' in old) old.dispose();
    }
    for (const [name, target] of Object.entries(metrics)) {
      const result = results[name]!;
      const tensor = 'read' in result ? await result.read() : result;
      (target.data as Float32Array).set(tensor.data as Float32Array);
    }
  }

  async read(): Promise<TrainingState> {
    const entries: [string, StateArray][] = [];
    for (const [name, value] of this.#current)
      entries.push([name, copyOf('read' in value ? await value.read() : value)]);
    return Object.fromEntries(entries);
  }

  write(state: TrainingState): void {
    this.dispose();
    for (const [name, entry] of Object.entries(state)) this.#current.set(name, tensorOf(entry));
  }

  dispose(): void {
    for (const value of this.#current.values()) if ('dispose' in value) value.dispose();
    this.#current.clear();
  }
}
