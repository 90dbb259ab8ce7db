import {
  type AnyManifest,
  type ComputeDevice,
  createModel,
  type Feeds,
  type KindReference,
  type ModelOf,
  type RunnableGraph,
  type Session,
  type Tensor,
} from '@onnx-forge/infer';
import type { Graph } from '../kinds/graph.js';
import { ownKinds, type Served } from '../kinds/served.js';
import { exportGraph } from './graphs.js';

export interface LiveModelOptions {
  /** Names of the graphs that were exported before, with other weights: fewer traces do for them. New ones are added. */
  readonly exported?: Set<string>;
  /** Sees the outputs of every run of a graph before the model does; what it throws, the model's method throws. */
  onOutputs?(graph: string, outputs: Readonly<Record<string, Tensor>>): void;
}

/**
 * The model of a training that is under way, of the class that `load` gives for the finished run. A graph is exported, with
 * the weights of then, when it is first run; training on does not change it. Disposing the model disposes the device.
 *
 * @param manifest as the run's will be, but for its graphs: a live model has no files
 */
export function liveModel<K extends KindReference>(
  served: Served<K>,
  manifest: AnyManifest,
  device: ComputeDevice,
  options: LiveModelOptions = {},
): ModelOf<K> {
  const graphs = Object.entries(served.graphs).map(([name, graph]) => {
    return [name, new LiveGraph(name, graph, device, options)] as const;
  });
  const location = `${manifest.model} in training`;
  const context = { location, manifest, device, graphs: Object.fromEntries(graphs) };
  return createModel(context, ownKinds(served.kind)) as ModelOf<K>;
}

/** A graph that is exported and opened when it is first run. */
class LiveGraph implements RunnableGraph {
  readonly #name: string;
  readonly #graph: Graph;
  readonly #device: ComputeDevice;
  readonly #options: LiveModelOptions;
  #session: Promise<Session> | undefined;

  constructor(name: string, graph: Graph, device: ComputeDevice, options: LiveModelOptions) {
    this.#name = name;
    this.#graph = graph;
    this.#device = device;
    this.#options = options;
  }

  get device(): RunnableGraph['device'] {
    return this.#device.device;
  }

  async run(feeds: Feeds): Promise<Record<string, Tensor>> {
    this.#session ??= this.#open();
    const outputs = await (await this.#session).run(feeds);
    this.#options.onOutputs?.(this.#name, outputs);
    return outputs;
  }

  #open(): Promise<Session> {
    const { exported } = this.#options;
    const traces = exported?.has(this.#name) ? 'few' : 'all';
    const { bytes, externalData } = exportGraph(this.#graph, [], { traces });
    exported?.add(this.#name);
    return this.#device.open(bytes, { name: this.#name, externalData });
  }
}
