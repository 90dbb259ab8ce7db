import { type ComputeDevice, GraphError, openDevice, type Session } from '@onnx-forge/infer';
import type { TensorKind } from './calls.js';
import type { Numbers } from './stored.js';

/** An input of a run: an array that is kept from before, an array to keep under a number, or one for this run only. */
export interface Feed {
  readonly kind: TensorKind;
  readonly remote?: number;
  readonly data?: Numbers;
}

/** One run of a graph. */
export interface Job {
  /** The graph's number. */
  readonly graph: number;
  /** The graph itself, when it comes for the first time. */
  readonly model?: Uint8Array;
  readonly feeds: readonly Feed[];
  /** Numbers under which the outputs are kept. */
  readonly outputs: readonly number[];
}

/** Runs graphs in onnxruntime, one after the other, and keeps arrays between runs. */
export class Executor {
  readonly #graphs = new Map<number, Session>();
  readonly #arrays = new Map<number, Numbers>();
  /** Why arrays are not there, and graphs not open. */
  readonly #failed = new Map<number, unknown>();
  readonly #refused = new Map<number, unknown>();
  #device: ComputeDevice | undefined;

  /** @throws nothing: a failure is thrown when one of the outputs is fetched. */
  async run({ graph, model, feeds, outputs }: Job): Promise<void> {
    try {
      if (model) await this.#open(graph, model);
      const session = this.#graphs.get(graph);
      if (!session) throw this.#refused.get(graph) ?? new Error(`there is no graph ${graph}`);
      const inputs = feeds.map(({ kind, remote, data }, i) => {
        if (remote !== undefined && data) this.#arrays.set(remote, data);
        return [`x${i}`, { type: kind.dtype, dims: [...kind.shape], data: data ?? this.fetch(remote!) }] as const;
      });
      const wanted = Object.fromEntries(inputs.filter(([name]) => session.inputNames.includes(name)));
      const results = await session.run(wanted);
      for (const [i, id] of outputs.entries()) this.#arrays.set(id, results[`y${i}`]!.data as Numbers);
    } catch (error) {
      for (const id of outputs) this.#failed.set(id, plain(error));
    }
  }

  async #open(graph: number, model: Uint8Array): Promise<void> {
    try {
      this.#device ??= await openDevice({ device: 'cpu', threads: 1 });
      const options = { name: 'a piece of tfjs code', optimization: 'disabled' } as const;
      this.#graphs.set(graph, await this.#device.open(model, options));
    } catch (error) {
      this.#refused.set(graph, error);
    }
  }

  /** @throws what the run that should have made it failed with. */
  fetch(id: number): Numbers {
    const data = this.#arrays.get(id);
    if (data) return data;
    throw this.#failed.get(id) ?? new Error(`there is no array ${id}`);
  }

  drop(ids: readonly number[]): void {
    for (const id of ids) {
      this.#arrays.delete(id);
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
    this.#arrays.clear();
    this.#failed.clear();
    this.#refused.clear();
    this.#graphs.clear();
    await this.#device?.dispose();
    this.#device = undefined;
  }
}

/** onnxruntime names the file and function in which it ran out of memory. */
function plain(error: unknown): unknown {
  const [, bytes] = /Failed to allocate memory for requested buffer of size (\d+)/.exec(String(error)) ?? [];
  if (bytes === undefined) return error;
  const needed = `a tensor of ${(Number(bytes) / 2 ** 30).toFixed(1)} GiB`;
  return new GraphError('graph-run', `not enough memory for ${needed}, which tfjs code on the onnx backend needs`);
}
