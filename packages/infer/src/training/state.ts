import type { ComputeDevice, DeviceTensor, Session } from '../device/types.js';
import { sizeOf, type Tensor } from '../tensor.js';

/** One variable's numbers, row-major. */
export interface StateEntry {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** All variables of a training by name: weights, optimizer slots, moving averages. */
export type TrainingState = Readonly<Record<string, StateEntry>>;

/** Holds the variables between steps, where the device wants them. */
export interface StateStore {
  /** The variables as a session's feeds. */
  current(names: readonly string[]): Record<string, Tensor | DeviceTensor>;
  /** Runs a step: reads its variables, keeps the assigned ones, fills `metrics`. */
  run(
    session: Session,
    feeds: Record<string, Tensor | DeviceTensor>,
    assigned: Readonly<Record<string, string>>,
    metrics: Record<string, Tensor>,
  ): Promise<void>;
  read(): Promise<TrainingState>;
  write(state: TrainingState): void;
  dispose(): void;
}

export function stateStore(device: ComputeDevice, initial: TrainingState): StateStore {
  return device.device === 'cpu' ? new PingPongStore(initial) : new ResidentStore(initial);
}

function tensorOf({ shape, data }: StateEntry): Tensor {
  return { type: data instanceof Float32Array ? 'float32' : 'int32', dims: shape, data };
}

function copyOf({ type, dims, data }: Tensor): StateEntry {
  if (type !== 'float32' && type !== 'int32') throw new Error(`a variable of dtype ${type} can't be trained`);
  return { shape: dims, data: data.slice() as Float32Array | Int32Array };
}

/** Main memory: two arrays a variable, one read while the other is written; then they change places. No copy. */
class PingPongStore implements StateStore {
  readonly #current = new Map<string, Tensor>();
  readonly #spare = new Map<string, Tensor>();

  constructor(initial: TrainingState) {
    this.write(initial);
  }

  current(names: readonly string[]): Record<string, Tensor> {
    return Object.fromEntries(names.map((name) => [name, this.#current.get(name)!]));
  }

  async run(
    session: Session,
    feeds: Record<string, Tensor>,
    assigned: Readonly<Record<string, string>>,
    metrics: Record<string, Tensor>,
  ): Promise<void> {
    const outputs: Record<string, Tensor> = { ...metrics };
    for (const [name, output] of Object.entries(assigned)) outputs[output] = this.#spare.get(name)!;
    await session.runInto(feeds, outputs);
    for (const name of Object.keys(assigned)) {
      const written = this.#spare.get(name)!;
      this.#spare.set(name, this.#current.get(name)!);
      this.#current.set(name, written);
    }
  }

  async read(): Promise<TrainingState> {
    return Object.fromEntries([...this.#current].map(([name, tensor]) => [name, copyOf(tensor)]));
  }

  write(state: TrainingState): void {
    for (const [name, entry] of Object.entries(state)) {
      const tensor = tensorOf({ shape: entry.shape, data: entry.data.slice() as Float32Array });
      const data = new (entry.data.constructor as Float32ArrayConstructor)(sizeOf(entry.shape));
      this.#current.set(name, tensor);
      this.#spare.set(name, { ...tensor, data });
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

  current(names: readonly string[]): Record<string, Tensor | DeviceTensor> {
    return Object.fromEntries(names.map((name) => [name, this.#current.get(name)!]));
  }

  async run(
    session: Session,
    feeds: Record<string, Tensor | DeviceTensor>,
    assigned: Readonly<Record<string, string>>,
    metrics: Record<string, Tensor>,
  ): Promise<void> {
    const results = await session.runResident(feeds);
    for (const [name, output] of Object.entries(assigned)) {
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
    const entries: [string, StateEntry][] = [];
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
