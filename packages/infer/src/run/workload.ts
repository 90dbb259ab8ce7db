import { ARRAYS, type DataType, sizeOf, type Tensor } from '../arrays/tensor.js';
import type { Answer } from '../device/contest.js';
import type { Workload } from '../device/fastest.js';
import type { Session } from '../device/types.js';
import { type AnyKind, inputType, type Role } from '../kinds/kind.js';
import type { AnyManifest, GraphEntry } from '../manifest/base.js';
import { Random } from '../random.js';
import { openGraph } from './open-graph.js';

/** Sizes of the free dimensions of graphs that are timed: examples in a batch, and anything else (tokens read, say). */
const SIZES = { batch: 16, other: 8 } as const;

/** The files of a graph. */
export interface GraphFiles {
  readonly bytes: Uint8Array;
  readonly externalData?: Readonly<Record<string, Uint8Array>>;
}

/**
 * Work that devices are compared by before a run is loaded: a call of each graph that its kind can't do without, on 16 made-up
 * examples.
 */
export function graphWorkload(
  location: string,
  kind: AnyKind,
  manifest: AnyManifest,
  read: (graph: string, entry: GraphEntry) => Promise<GraphFiles>,
): Workload {
  const timed = timedGraphs(kind, manifest);
  return {
    identity: JSON.stringify([SIZES, ...timed.map(({ entry }) => entry.sha256)]),
    async prepare() {
      const files: GraphFiles[] = [];
      for (const { graph, entry } of timed) files.push(await read(graph, entry));
      return async (device) => {
        const calls: [Session, Record<string, Tensor>][] = [];
        for (const [i, { entry, role }] of timed.entries()) {
          const { bytes, externalData } = files[i]!;
          calls.push([await openGraph(location, entry, bytes, device, externalData), madeUpFeeds(entry, role)]);
        }
        return {
          async call() {
            const answer: Float32Array[] = [];
            for (const [session, feeds] of calls) answer.push(...floatsOf(session, await session.run(feeds)));
            return answer;
          },
        };
      };
    },
  };
}

interface TimedGraph {
  readonly graph: string;
  readonly entry: GraphEntry;
  readonly role?: Role;
}

/** All graphs, of a kind that needs none. */
function timedGraphs(kind: AnyKind, manifest: AnyManifest): readonly TimedGraph[] {
  const graphs = Object.entries(manifest.graphs).map(([graph, entry]) => ({ graph, entry }));
  const roles = new Map(Object.entries(kind.roles(manifest)).filter(([, role]) => role.required));
  if (roles.size === 0) return graphs;
  return graphs.flatMap(({ graph, entry }) => {
    const role = roles.get(graph);
    return role ? [{ graph, entry, role }] : [];
  });
}

/** Numbers for each input of a graph: token ids and the like as its role allows, where it has one. */
function madeUpFeeds({ inputs }: GraphEntry, role: Role | undefined): Record<string, Tensor> {
  const feeds = Object.entries(inputs).map(([name, { dtype, shape }]) => {
    const declared = role?.inputs[name];
    const names = declared ? inputType(declared).shape : shape;
    const below = declared && 'below' in declared ? declared.below : 1;
    const dims = shape.map((size, axis) => {
      if (typeof size === 'number') return size;
      return (names[axis] ?? size) === 'batch' ? SIZES.batch : SIZES.other;
    });
    return [name, madeUp(dtype, dims, below)] as const;
  });
  return Object.fromEntries(feeds);
}

/** The same numbers every time: floats from 0 up to 1, whole ones from 0 up to (not including) `below`. */
export function madeUp(type: DataType, dims: readonly number[], below = 1): Tensor {
  const data = new ARRAYS[type](sizeOf(dims));
  const random = new Random(1);
  if (data instanceof Float32Array) random.fillUniform(data);
  if (data instanceof Int32Array) data.set(Int32Array.from(data, () => random.integer(Math.max(1, below))));
  return { type, dims, data };
}

function floatsOf({ outputNames }: Session, outputs: Readonly<Record<string, Tensor>>): Answer {
  return outputNames.flatMap((name) => {
    const data = outputs[name]?.data;
    return data instanceof Float32Array ? [data] : [];
  });
}
