import {
  type ComputeDevice,
  type DeviceRequest,
  type DeviceTensor,
  GraphError,
  openDevice,
  type Session,
  type Tensor,
} from '@onnx-forge/infer';
import { dialectOf } from '../device-dialect.js';
import { type Dialect, STANDARD } from '../graph/dialect.js';
import type { Numbers, TensorKind } from './stored.js';

/** An input of a run: an array that is kept from before, an array to keep under a number, or one for this run only. */
export interface Feed {
  readonly kind: TensorKind;
  readonly remote?: number;
  readonly data?: Numbers;
}

/** A graph that comes for the first time. */
export interface NewGraph {
  readonly bytes: Uint8Array;
  /** Outputs that stay on the device, if it has a memory of its own. */
  readonly resident: readonly string[];
}

/** One run of a graph. */
export interface Job {
  /** The graph's number. */
  readonly graph: number;
  readonly model?: NewGraph;
  readonly feeds: readonly Feed[];
  /** Numbers under which the outputs are kept. */
  readonly outputs: readonly number[];
}

/** Where graphs run. */
export interface Placement {
  /** Default: the CPU. */
  readonly device?: DeviceRequest | undefined;
  /** Of each operator, on the CPU. Default: onnxruntime's own choice, one per core. */
  readonly threads?: number | undefined;
}

/** Runs graphs in onnxruntime, one after the other, and keeps tensors between runs. */
export class Executor {
  readonly #placement: Placement;
  readonly #graphs = new Map<number, Session>();
  readonly #kept = new Map<number, Numbers | DeviceTensor>();
  /** Why tensors are not there, and graphs not open. */
  readonly #failed = new Map<number, unknown>();
  readonly #refused = new Map<number, unknown>();
  #device: Promise<ComputeDevice> | undefined;

  constructor(placement: Placement) {
    this.#placement = placement;
  }

  /** Operators that graphs may use here; standard ones where there is no device, which the first run tells. */
  async dialect(): Promise<Dialect> {
    try {
      this.#device ??= open(this.#placement);
      return await dialectOf(await this.#device);
    } catch {
      return STANDARD;
    }
  }

  /** @throws nothing: a failure is thrown when one of the outputs is fetched. */
  async run({ graph, model, feeds, outputs }: Job): Promise<void> {
    try {
      if (model) await this.#open(graph, model);
      const session = this.#graphs.get(graph);
      if (!session) throw this.#refused.get(graph) ?? new Error(`there is no graph ${graph}`);
      const inputs: Record<string, Tensor | DeviceTensor> = {};
      for (const [i, feed] of feeds.entries()) {
        if (feed.remote !== undefined && feed.data) this.#keep(feed.remote, feed.data);
        if (session.inputNames.includes(`x${i}`)) inputs[`x${i}`] = await this.#input(feed);
      }
      const results = await session.runResident(inputs);
      for (const [i, id] of outputs.entries()) {
        const result = results[`y${i}`]!;
        this.#keep(id, 'data' in result ? (result.data as Numbers) : result);
      }
    } catch (error) {
      for (const id of outputs) this.#failed.set(id, plain(error));
    }
  }

  /** @throws what the run that should have made it failed with. */
  async fetch(id: number): Promise<Numbers> {
    const kept = this.#find(id);
    return isOnDevice(kept) ? ((await kept.read()).data as Numbers) : kept;
  }

  /** The array; undefined when it is not there, or lies on the device. */
  fetchSync(id: number): Numbers | undefined {
    const kept = this.#kept.get(id);
    return kept && !isOnDevice(kept) ? kept : undefined;
  }

  drop(ids: readonly number[]): void {
    for (const id of ids) {
      const kept = this.#kept.get(id);
      if (kept && isOnDevice(kept)) kept.dispose();
      this.#kept.delete(id);
      this.#failed.delete(id);
    }
  }

  async close(graph: number): Promise<void> {
    const session = this.#graphs.get(graph);
    this.#graphs.delete(graph);
    this.#refused.delete(graph);
    await session?.dispose();
  }

  async dispose(): Promise<void> {
    this.drop([...this.#kept.keys()]);
    this.#failed.clear();
    this.#refused.clear();
    this.#graphs.clear();
    const device = await this.#device?.catch(() => undefined);
    this.#device = undefined;
    await device?.dispose();
  }

  async #open(graph: number, { bytes, resident }: NewGraph): Promise<void> {
    try {
      this.#device ??= open(this.#placement);
      const options = { name: 'a piece of tfjs code', optimization: 'disabled', resident } as const;
      this.#graphs.set(graph, await (await this.#device).open(bytes, options));
    } catch (error) {
      this.#refused.set(graph, error);
    }
  }

  async #input({ kind, remote, data }: Feed): Promise<Tensor | DeviceTensor> {
    const kept = data ?? this.#find(remote!);
    const dims = [...kind.shape];
    if (!isOnDevice(kept)) return { type: kind.dtype, dims, data: kept };
    // A tensor that was reshaped since shares its data; what lies on the device can't be reshaped there.
    return kept.dims.join() === dims.join() ? kept : { ...(await kept.read()), dims };
  }

  #keep(id: number, tensor: Numbers | DeviceTensor): void {
    this.#kept.set(id, tensor);
  }

  #find(id: number): Numbers | DeviceTensor {
    const kept = this.#kept.get(id);
    if (kept) return kept;
    throw this.#failed.get(id) ?? new Error(`there is no array ${id}`);
  }
}

function isOnDevice(kept: Numbers | DeviceTensor): kept is DeviceTensor {
  return !ArrayBuffer.isView(kept);
}

/** The CPU, if no device is named, is called wasm in a browser. */
async function open({ device, threads }: Placement): Promise<ComputeDevice> {
  const few = threads === undefined ? {} : { threads };
  if (device !== undefined) return openDevice({ device, ...few });
  try {
    return await openDevice({ device: 'cpu', ...few });
  } catch (error) {
    return openDevice({ device: 'wasm' }).catch(() => {
      throw error;
    });
  }
}

/** onnxruntime names the file and function in which it ran out of memory. */
function plain(error: unknown): unknown {
  const [, bytes] = /Failed to allocate memory for requested buffer of size (\d+)/.exec(String(error)) ?? [];
  if (bytes === undefined) return error;
  const needed = `a tensor of ${(Number(bytes) / 2 ** 30).toFixed(1)} GiB`;
  return new GraphError('graph-run', `not enough memory for ${needed}, which tfjs code on the onnx backend needs`);
}
