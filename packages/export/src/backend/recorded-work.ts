import { GraphError } from '@onnx-forge/infer';
import { SyncReadError } from '../errors.js';
import { STANDARD } from '../graph/dialect.js';
import type { Lowering } from '../lower/lowering.js';
import { tf } from '../tfjs.js';
import { CallKinds } from './calls.js';
import type { Feed, Placement } from './executor.js';
import { HostKernels } from './host-kernels.js';
import { hasConvolutions, modelOf, type Piece, pieceOf } from './piece.js';
import { Recent } from './recent.js';
import { LocalRunner, type Runner } from './runner.js';
import { type Call, type CallKind, Deferred, type Numbers, numbersOf, Stored } from './stored.js';
import { workerRunner } from './worker-runner.js';

/** Graphs that are kept open, and structures whose cost is remembered. */
const GRAPHS = 48;
const STRUCTURES = 1000;

/** Estimated time to open a graph, and the first one, in ns. */
const OPENING = { graph: 30e6, call: 0.2e6, first: 200e6 };

/** Above either, a piece ends with the next scope of the program's; above the `most`, at once. */
const PIECE = { calls: 500, cost: 2e9, most: { calls: 5000, cost: 20e9, bytes: 2 ** 29 } };

/** Cost of calls that are no step of their own, in ns: sums of losses, say, between two steps. The next step takes them along. */
const NO_STEP = 20e3;

/** Smaller arrays are sent with each run; others are kept by the runner. */
const KEPT = 1024;

interface Structure {
  /** Time that the host has spent on it, in ns (estimated). */
  spent: number;
  graph?: number;
}

export interface WorkOptions {
  /** Estimated time to open any graph, in ms; default: by the number of its calls. */
  readonly opening?: number;
  /** Where graphs run. */
  readonly placement: Placement;
  /** Whether graphs run in a worker thread where there are such. */
  readonly worker: boolean;
}

/**
 * Kernel calls that wait to be run, and the data that the graphs' runner holds. What waits is run as one piece: when some
 * of it is read, when the next training step begins, or when there is much of it. All data of live tensors is computed
 * then, so that the pieces of a loop are alike. A structure is run by tfjs's cpu kernels until that has taken (by
 * estimate) as long as opening its graph in onnxruntime, and in onnxruntime from then on.
 */
export class RecordedWork {
  readonly kinds: CallKinds;
  /** Whether any call was recorded; until then all data is there. */
  used = false;
  readonly #opening: number | undefined;
  readonly #makeRunner: () => Runner;
  readonly #host = new HostKernels();
  readonly #structures = new Recent<string, Structure>(STRUCTURES, ({ graph }) => this.#close(graph));
  readonly #open = new Recent<number, Structure>(GRAPHS, (structure) => {
    this.#close(structure.graph);
    delete structure.graph;
  });
  readonly #compute = (stored: Stored): tf.backend_util.BackendValues | undefined => this.compute(stored);
  #runner: Runner | undefined;
  #calls: Call[] = [];
  #cost = 0;
  #bytes = 0;
  /** Outputs of the recorded calls that tensors refer to. */
  #live = 0;
  /** Data that no tensor refers to any more, but recorded calls may. */
  #forgotten: Stored[] = [];
  /** Arrays of the runner to be dropped once the recorded calls have run. */
  #doomed: number[] = [];
  #numbers = 0;
  #opened = 0;
  #depth = 0;
  #scope: number | undefined;

  constructor(lowerings: ReadonlyMap<string, Lowering>, { opening, placement, worker }: WorkOptions) {
    this.kinds = new CallKinds(lowerings);
    this.#opening = opening;
    this.#makeRunner = () => (worker && workerRunner(placement)) || new LocalRunner(placement);
  }

  /** Graphs opened so far. */
  get opened(): number {
    return this.#opened;
  }

  /** Calls that wait. */
  get pending(): number {
    return this.#calls.length;
  }

  /** Records a call and returns its outputs. */
  add(kind: CallKind, inputs: readonly Stored[], cost: number): readonly Stored[] {
    this.#endPiece();
    this.used = true;
    const outputs = kind.outputs.map(({ dtype }) => new Stored(dtype, undefined, 1, new Deferred(this.#compute)));
    for (const input of inputs) {
      if (!input.borrowed) continue;
      input.numbers = (input.numbers as Numbers).slice();
      input.borrowed = false;
    }
    const call: Call = { kind, inputs, outputs, cost };
    for (const { later } of outputs) later!.call = call;
    this.#calls.push(call);
    this.#live += outputs.length;
    this.#cost += cost;
    for (const { shape } of kind.outputs) this.#bytes += 4 * tf.util.sizeFromShape(shape as number[]);
    return outputs;
  }

  /** The data, at once. @throws SyncReadError where this platform can't wait for it. */
  compute(stored: Stored): tf.backend_util.BackendValues | undefined {
    const remote = this.#remote(stored);
    if (remote !== undefined) {
      stored.numbers = this.#holder().fetchSync(remote);
      if (stored.numbers === undefined) throw new SyncReadError(stored.dtype);
    }
    return stored.numbers;
  }

  /** The data, when it is there. */
  async read(stored: Stored): Promise<tf.backend_util.BackendValues | undefined> {
    const remote = this.#remote(stored);
    if (remote === undefined) return stored.numbers;
    const numbers = await this.#holder().fetch(remote);
    if (stored.home) stored.numbers = numbers;
    return numbers;
  }

  /** No tensor refers to the data any more. */
  forget(stored: Stored): void {
    const { later } = stored;
    if (later?.remote !== undefined) this.#doomed.push(later.remote);
    if (later?.call && --this.#live === 0) this.#clear();
    if (this.#calls.length > 0) {
      this.#forgotten.push(stored);
      return;
    }
    stored.numbers = undefined; // the program may keep the tensor, whose id it is
    this.#release();
  }

  /** Runs what was recorded. */
  flush(): void {
    const piece = pieceOf(this.#calls);
    this.#clear();
    if (piece) this.#run(piece);
    this.#release();
  }

  /** Ends the runner. What it holds, and what was still to be computed, can't be read any more. */
  dispose(): void {
    const failure = removed();
    for (const { outputs } of this.#calls)
      for (const { later } of outputs) Object.assign(later!, { call: undefined, failure });
    this.#clear();
    this.#runner?.dispose();
    this.#runner = undefined;
  }

  #holder(): Runner {
    if (!this.#runner) throw removed();
    return this.#runner;
  }

  /** Where the runner has the data; undefined where the host has it. Runs the call that computes it. */
  #remote(stored: Stored): number | undefined {
    if (stored.later?.call) this.flush();
    if (stored.later?.failure) throw stored.later.failure;
    return stored.numbers === undefined ? stored.later?.remote : undefined;
  }

  #clear(): void {
    this.#calls = [];
    this.#live = this.#cost = this.#bytes = 0;
  }

  /** Gives up the data that no tensor and no recorded call refers to. */
  #release(): void {
    if (this.#forgotten.length > 0) {
      for (const stored of this.#forgotten) stored.numbers = undefined;
      this.#forgotten = [];
    }
    if (this.#doomed.length > 0) {
      this.#runner?.drop(this.#doomed);
      this.#doomed = [];
    }
  }

  /** Ends a piece where a step of the program ends, so that the steps of a loop make equal pieces. */
  #endPiece(): void {
    const { gradientDepth, scopeStack } = tf.engine().state;
    const scope = scopeStack[0]?.id;
    const { most } = PIECE;
    const much = this.#calls.length > PIECE.calls || this.#cost > PIECE.cost;
    const tooMuch = this.#calls.length > most.calls || this.#cost > most.cost || this.#bytes > most.bytes;
    const stepBegins = gradientDepth > 0 && this.#depth === 0 && this.#cost >= NO_STEP;
    if (stepBegins || tooMuch || (much && gradientDepth === 0 && scope !== this.#scope)) this.flush();
    this.#depth = gradientDepth;
    this.#scope = scope;
  }

  #run(piece: Piece): void {
    const structure = this.#structures.get(piece.key) ?? { spent: 0 };
    if (structure.spent === 0) this.#structures.set(piece.key, structure);
    structure.spent += Math.max(piece.cost, 1);
    const openNow = structure.graph === undefined && structure.spent >= this.#timeToOpen(piece);
    try {
      if (structure.graph === undefined && !openNow && this.#arrive(piece)) this.#host.run(piece);
      else this.#submit(piece, structure);
    } catch (failure) {
      for (const { later } of piece.outputs) later!.failure = failure; // thrown to those who read them, here or later
    }
    for (const { outputs } of piece.calls) for (const { later } of outputs) later!.call = undefined;
  }

  #timeToOpen({ calls }: Piece): number {
    if (this.#opening !== undefined) return 1e6 * this.#opening;
    return OPENING.graph + OPENING.call * calls.length + (this.#runner ? 0 : OPENING.first);
  }

  /** Fetches the inputs that the runner holds; false when this platform can't wait for one. */
  #arrive({ leaves }: Piece): boolean {
    for (const { stored } of leaves) {
      if (stored.later?.failure) throw stored.later.failure;
      if (stored.numbers === undefined) stored.numbers = this.#holder().fetchSync(stored.later!.remote!);
      if (stored.numbers === undefined) return false;
    }
    return true;
  }

  #submit(piece: Piece, structure: Structure): void {
    this.#runner ??= this.#makeRunner();
    const known = structure.graph;
    const graph = known ?? this.#numbers++;
    const dialect = known === undefined && hasConvolutions(piece) ? this.#runner.dialect() : STANDARD;
    const bytes = known === undefined ? modelOf(piece, this.kinds, dialect) : undefined;
    const model = bytes ? { model: { bytes, resident: floats(piece) } } : {};
    if (known === undefined) {
      structure.graph = graph;
      this.#opened++;
      this.#open.set(graph, structure);
    } else this.#open.get(graph);
    const feeds = piece.leaves.map(({ stored, kind }) => this.#feed(stored, kind));
    const outputs = piece.outputs.map(({ later }) => {
      later!.remote = this.#numbers++;
      return later!.remote;
    });
    this.#runner.run({ graph, ...model, feeds, outputs });
  }

  #feed(stored: Stored, kind: Feed['kind']): Feed {
    if (stored.later?.remote !== undefined) return { kind, remote: stored.later.remote };
    const data = numbersOf(this.compute(stored)!, kind.dtype);
    if (data.length < KEPT || !stored.home) return { kind, data };
    stored.later ??= new Deferred(this.#compute);
    stored.later.remote = this.#numbers++;
    return { kind, data, remote: stored.later.remote };
  }

  #close(graph: number | undefined): void {
    if (graph !== undefined) this.#runner?.close(graph);
  }
}

/** The outputs that devices keep. */
function floats({ outputs }: Piece): string[] {
  return outputs.flatMap(({ dtype }, i) => (dtype === 'float32' ? [`y${i}`] : []));
}

const removed = (): GraphError =>
  new GraphError(
    'graph-run',
    'a tensor of an onnx backend that was removed cannot be read: read it before tf.removeBackend, or use it on another backend',
  );
