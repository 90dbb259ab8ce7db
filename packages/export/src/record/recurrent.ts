import { ForgeError } from '@onnx-forge/infer';
import { SignatureError } from '../errors.js';
import { tf } from '../tfjs.js';
import { override } from './isolation.js';
import { scan } from './scan.js';
import type { TensorType, TraceContext } from './trace.js';
import { firstSizes, oneChanged, type Sizes } from './trace-sizes.js';

type Layer = tf.layers.Layer;
type Tensors = tf.Tensor | tf.Tensor[];

interface Kwargs {
  readonly mask?: Tensors | null;
  readonly training?: boolean;
  readonly initialState?: tf.Tensor[] | null;
}

interface Cell extends Layer {
  readonly stateSize: number | number[];
  /** Of stacked cells. */
  readonly cells?: readonly Cell[];
}

/** The parts of tfjs's RNN layer that its type declarations keep private. */
interface Recurrent extends Layer {
  readonly cell: Cell;
  readonly returnSequences: boolean;
  readonly returnState: boolean;
  readonly goBackwards: boolean;
  readonly states: tf.Tensor[];
  getInitialState(inputs: tf.Tensor): tf.Tensor[];
}

interface Distributed extends Layer {
  readonly layer: Layer;
}

interface LayerClass<T extends Layer> {
  readonly prototype: T;
}

const RNN = tf.RNN as unknown as LayerClass<Recurrent>;

/** A state of a stateful layer that becomes an input and an output of the graph. */
export interface CarriedState {
  readonly input: string;
  readonly output: string;
}

export interface RecurrentOptions {
  /** A tensor of a state before the call. */
  readonly state: (name: string, type: TensorType) => tf.Tensor;
  /** Layers that are recorded as one Scan, whatever the length of their sequences. */
  readonly scanned?: { readonly layers: ReadonlySet<Layer>; readonly context: TraceContext };
}

/**
 * Layers that run over time while a function is called: notes over which lengths, runs some as one Scan, and has the
 * states of stateful layers given and handed out. The layers themselves change nothing of theirs.
 */
export class RecurrentLayers {
  /** The lengths of the sequences that each layer ran over. */
  readonly lengths: Map<Layer, Set<number>> = new Map();
  /** States by the layers' names, in the order of their first use. */
  readonly carried: CarriedState[] = [];
  readonly #options: RecurrentOptions;
  readonly #states = new Map<Layer, tf.Tensor[]>();

  constructor(options: RecurrentOptions) {
    this.#options = options;
  }

  /** Runs `f`; its outputs, and the states after it. */
  outputsOf(f: () => Record<string, tf.Tensor>): Record<string, tf.Tensor> {
    const outputs = this.#during(f);
    // What is no record of tensors (a promise, say) is for the caller to refuse.
    if (this.carried.length === 0 || outputs instanceof Promise) return outputs;
    const names = this.carried.map(({ output }) => output);
    const taken = names.find((name) => name in outputs);
    if (taken !== undefined) throw new SignatureError(`two outputs are called ${taken}; rename the recurrent layer`);
    const states = [...this.#states.values()].flat();
    return { ...outputs, ...Object.fromEntries(names.map((name, i) => [name, states[i]!])) };
  }

  #during<T>(f: () => T): T {
    const recurrent = this;
    const { build, call } = RNN.prototype;
    const distributed = tf.serialization.SerializationMap.getMap().classNameMap.TimeDistributed![0] as unknown;
    const { prototype: everyStep } = distributed as LayerClass<Distributed>;
    const { call: callEveryStep } = everyStep;
    const undo = [
      override(RNN.prototype, 'build', function (this: Recurrent, shape) {
        if (this.stateful) {
          throw new SignatureError(`layer '${this.name}' is stateful and has no state yet: call it once before`);
        }
        return build.call(this, shape);
      }),
      override(RNN.prototype, 'call', function (this: Recurrent, inputs, kwargs) {
        return recurrent.#call(this, inputs, kwargs, () => call.call(this, inputs, kwargs), call);
      }),
      override(everyStep, 'call', function (this: Distributed, inputs, kwargs) {
        return recurrent.#callEveryStep(this, inputs, kwargs, () => callEveryStep.call(this, inputs, kwargs));
      }),
    ];
    try {
      return f();
    } finally {
      for (const giveBack of undo) giveBack();
    }
  }

  #call(
    layer: Recurrent,
    inputs: Tensors,
    kwargs: Kwargs | undefined,
    plain: () => Tensors,
    call: Recurrent['call'],
  ): Tensors {
    const x = single(inputs);
    const scanned = this.#scanned(layer, x);
    if (!scanned && !layer.stateful) return plain();
    const initialState = kwargs?.initialState ?? (layer.stateful ? this.#stateOf(layer) : zeroState(layer, x));
    const [output, ...states] = scanned
      ? scanLayer(scanned, layer, x, initialState, kwargs ?? {})
      : (call.call(statelessView(layer), inputs, { ...kwargs, initialState }) as tf.Tensor[]);
    if (layer.stateful) this.#states.set(layer, states.map(tf.keep));
    return layer.returnState ? [output!, ...states] : output!;
  }

  #callEveryStep(layer: Distributed, inputs: Tensors, kwargs: Kwargs, plain: () => Tensors): Tensors {
    const x = single(inputs);
    const scanned = this.#scanned(layer, x);
    if (!scanned) return plain();
    const step = (xt: tf.Tensor): readonly tf.Tensor[] => [single(layer.layer.call(xt, kwargs))];
    return scan(scanned, { name: layer.name, x, states: [], backwards: false, sequence: true, step })[0]!;
  }

  /** Notes the length of the sequence. */
  #scanned(layer: Layer, { shape }: tf.Tensor): TraceContext | undefined {
    const { scanned } = this.#options;
    const lengths = this.lengths.get(layer) ?? new Set();
    this.lengths.set(layer, lengths.add(shape[1]!));
    return scanned?.layers.has(layer) ? scanned.context : undefined;
  }

  /** The states after the layer's last call, or inputs. */
  #stateOf(layer: Recurrent): tf.Tensor[] {
    const known = this.#states.get(layer);
    if (known) return known;
    const names = stateNames(layer);
    return layer.states.map(({ shape, dtype }, i) => {
      const name = names[i]!;
      this.carried.push({ input: name, output: `next/${name}` });
      return this.#options.state(name, { shape, dtype: dtype as 'float32' });
    });
  }
}

/**
 * The layers whose sequences are along a free dimension: their lengths are others when its size is.
 *
 * @param run calls the function at sizes of its free dimensions; it may fail at sizes that it does not take
 */
export function layersAlongFreeTime(
  free: readonly string[],
  run: (sizes: Sizes) => RecurrentLayers,
): ReadonlySet<Layer> {
  if (free.length === 0) return new Set();
  for (const sizes of firstSizes(free.length)) {
    try {
      const first = run(sizes.sizes);
      if (first.lengths.size === 0) break;
      return differing([first, ...oneChanged(sizes).map(run)]);
    } catch (error) {
      if (error instanceof ForgeError) throw error;
      // Sizes that the function does not take. Its own traces tell what is wrong, if these are all.
    }
  }
  return new Set();
}

/** The layers whose sequences are of other lengths in another call. */
function differing(calls: readonly RecurrentLayers[]): Set<Layer> {
  const lengths = (layer: Layer): Set<string> =>
    new Set(calls.map((call) => [...(call.lengths.get(layer) ?? [])].sort((a, b) => a - b).join()));
  const layers = calls.flatMap((call) => [...call.lengths.keys()]);
  return new Set(layers.filter((layer) => lengths(layer).size > 1));
}

/** Runs `f`, in which stateful recurrent layers are refused. */
export function withoutState<T>(f: () => T): T {
  const { call } = RNN.prototype;
  const giveBack = override(RNN.prototype, 'call', function (this: Recurrent, inputs, kwargs) {
    if (this.stateful) {
      throw new SignatureError(
        `layer '${this.name}' is stateful: a compiled step does not keep its state; make it with stateful: false`,
      );
    }
    return call.call(this, inputs, kwargs);
  });
  try {
    return f();
  } finally {
    giveBack();
  }
}

/** The layer's output for the steps of a sequence, and its states after it, as tfjs computes them. */
function scanLayer(
  context: TraceContext,
  layer: Recurrent,
  x: tf.Tensor,
  states: tf.Tensor[],
  { mask, training }: Kwargs,
): tf.Tensor[] {
  const step = (xt: tf.Tensor, before: readonly tf.Tensor[], maskt: tf.Tensor | undefined): tf.Tensor[] => {
    const [output, ...after] = layer.cell.call([xt, ...before], { training }) as tf.Tensor[];
    if (!maskt) return [output!, ...after];
    const on = tf.expandDims(tf.cast(tf.cast(maskt, 'bool'), 'float32'), -1);
    const off = tf.sub(1, on);
    const masked = (next: tf.Tensor, last: tf.Tensor): tf.Tensor => tf.add(tf.mul(next, on), tf.mul(last, off));
    return [masked(output!, before[0]!), ...after.map((state, i) => masked(state, before[i]!))];
  };
  const { name, goBackwards: backwards, returnSequences: sequence } = layer;
  const maskOf = mask ? { mask: single(mask) } : {};
  return scan(context, { name, x, states, backwards, sequence, step, ...maskOf });
}

/** The layer as one that keeps no state, and hands it out. */
function statelessView(layer: Recurrent): Recurrent {
  return Object.create(layer, { _stateful: { value: false }, returnState: { value: true } }) as Recurrent;
}

function zeroState(layer: Recurrent, x: tf.Tensor): tf.Tensor[] {
  if (layer.getInitialState !== RNN.prototype.getInitialState) return layer.getInitialState(x);
  // tfjs's own makes them from a tensor of the whole sequence's size.
  return [layer.cell.stateSize].flat().map((size) => tf.zeros([x.shape[0]!, size]));
}

/** `<layer>_h` and, for an LSTM, `<layer>_c`; those of stacked cells end with the cell's number. */
function stateNames({ name, cell }: Recurrent): string[] {
  const ofOne = ({ stateSize }: Cell): string[] =>
    [stateSize].flat().map((_, i) => `${name}_${'hc'[i] ?? `state_${i}`}`);
  if (!cell.cells) return ofOne(cell);
  // tfjs keeps the last cell's states first.
  return cell.cells
    .flatMap((each, k) => [ofOne(each).map((state) => `${state}_${k}`)])
    .reverse()
    .flat();
}

function single(tensors: Tensors): tf.Tensor {
  return Array.isArray(tensors) ? tensors[0]! : tensors;
}
