import { tf } from '../../tfjs.js';
import type { Call } from '../call.js';
import { product } from './linear.js';
import { type Operator, operator } from './operator.js';

/** The weights of one direction, and what a step makes of its state. */
interface Direction {
  readonly w: tf.Tensor;
  readonly r: tf.Tensor;
  readonly bias: tf.Tensor | undefined;
  readonly recurrentBias: tf.Tensor | undefined;
}

type State = readonly tf.Tensor[];
/** @param x the input's part of the gates [n, gates * hidden] */
type Cell = (x: tf.Tensor, state: State, direction: Direction) => State;

const ACTIVATIONS: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
  Tanh: tf.tanh,
  Sigmoid: tf.sigmoid,
  Relu: tf.relu,
};

/** The functions of a cell; others than the usual ones are refused by name. */
function activations(call: Call, usual: readonly string[], directions: number): ((x: tf.Tensor) => tf.Tensor)[][] {
  const given = call.texts('activations') ?? Array.from({ length: directions }, () => usual).flat();
  call.ignore('activation_alpha', 'activation_beta');
  const functions = given.map((name) => {
    const f = Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined;
    if (!f) throw call.fault(`has the activation ${name}, which is not supported`);
    return f;
  });
  return Array.from({ length: directions }, (_, d) => functions.slice(d * usual.length, (d + 1) * usual.length));
}

const half = (b: tf.Tensor | undefined, which: number): tf.Tensor | undefined =>
  b && tf.slice(b, [which * (b.size / 2)], [b.size / 2]);

/** The part at an index of the first axis. tfjs's unstack has no gradient of a single part, or where one is not used. */
function entry(x: tf.Tensor, index: number): tf.Tensor {
  const rest = x.shape.slice(1);
  return tf.reshape(tf.slice(x, [index, ...rest.map(() => 0)], [1, ...rest]), rest);
}

interface Kind {
  readonly states: number;
  readonly usual: readonly string[];
  cell(call: Call, functions: readonly ((x: tf.Tensor) => tf.Tensor)[]): Cell;
}

/** Runs the cell along the sequence, in each direction. Inputs and outputs as ONNX has them: [length, n, size]. */
function recurrent(kind: Kind): Operator['run'] {
  return (call) => {
    const batchFirst = call.int('layout', 0) === 1;
    const way = call.text('direction', 'forward');
    const hidden = call.int('hidden_size', call.shape(2).at(-1)!);
    call.ignore('output_sequence');
    if (call.has(4)) refuseLengths(call, batchFirst);
    if (call.node.attributes.has('clip')) throw call.fault('clips its cells, which is not supported');
    const directions = way === 'bidirectional' ? 2 : 1;
    const functions = activations(call, kind.usual, directions);
    const x = batchFirst ? tf.transpose(call.tensor(0), [1, 0, 2]) : call.tensor(0);
    const first = kind.states === 2 ? [5, 6] : [5];
    const runs = Array.from({ length: directions }, (_, d) => {
      const initial = first.map((input) => {
        const given = call.optional(input);
        const all = given && batchFirst ? tf.transpose(given, [1, 0, 2]) : given;
        return all ? entry(all, d) : tf.zeros([x.shape[1]!, hidden]);
      });
      const cell = kind.cell(call, functions[d]!);
      return along(x, directionOf(call, d), initial, cell, way === 'reverse' || d === 1);
    });
    return outputs(runs, batchFirst);
  };
}

function refuseLengths(call: Call, batchFirst: boolean): void {
  const length = call.shape(0)[batchFirst ? 1 : 0]!;
  if (
    call
      .known(4)
      .numbers()
      .every((n) => n === length)
  )
    return;
  throw call.fault('takes sequences of several lengths (sequence_lens), which is not supported');
}

function directionOf(call: Call, d: number): Direction {
  const part = (input: number): tf.Tensor => entry(call.tensor(input), d);
  const bias = call.has(3) ? part(3) : undefined;
  return { w: part(1), r: part(2), bias: half(bias, 0), recurrentBias: half(bias, 1) };
}

interface Run {
  readonly outputs: readonly tf.Tensor[];
  readonly last: State;
}

function along(x: tf.Tensor, direction: Direction, initial: State, cell: Cell, back: boolean): Run {
  const [length, n, size] = x.shape as [number, number, number];
  // The input's part of all gates at once.
  const flat = product(tf.reshape(x, [length * n, size]), direction.w, true);
  const gates = tf.reshape(direction.bias ? tf.add(flat, direction.bias) : flat, [length, n, -1]);
  const steps = Array.from({ length }, (_, i) => entry(gates, i));
  const outputs = new Array<tf.Tensor>(length);
  let state = initial;
  for (let i = 0; i < length; i++) {
    const at = back ? length - 1 - i : i;
    state = cell(steps[at]!, state, direction);
    outputs[at] = state[0]!;
  }
  return { outputs, last: state };
}

function outputs(runs: readonly Run[], batchFirst: boolean): tf.Tensor[] {
  const sequences = runs.map((run) => tf.stack([...run.outputs], 0));
  // [length, directions, n, hidden], or [n, length, directions, hidden].
  const whole = tf.stack(sequences, 1);
  const states = runs[0]!.last.map((_, i) =>
    tf.stack(
      runs.map((run) => run.last[i]!),
      0,
    ),
  );
  if (!batchFirst) return [whole, ...states];
  return [tf.transpose(whole, [2, 0, 1, 3]), ...states.map((state) => tf.transpose(state, [1, 0, 2]))];
}

const recurrentPart = (h: tf.Tensor, { r, recurrentBias }: Direction): tf.Tensor => {
  const part = product(h, r, true);
  return recurrentBias ? tf.add(part, recurrentBias) : part;
};

/** Gates in ONNX's order: input, output, forget, cell. */
const LSTM: Kind = {
  states: 2,
  usual: ['Sigmoid', 'Tanh', 'Tanh'],
  cell(call, [f, g, h]) {
    if (call.has(7)) throw call.fault('has peepholes, which are not supported');
    if (call.int('input_forget', 0) === 1) throw call.fault('couples its gates (input_forget), which is not supported');
    return (x, [before, cell], direction) => {
      const [i, o, forget, c] = tf.split(tf.add(x, recurrentPart(before!, direction)), 4, 1) as tf.Tensor[];
      const next = tf.add(tf.mul(f!(forget!), cell!), tf.mul(f!(i!), g!(c!)));
      return [tf.mul(f!(o!), h!(next)), next];
    };
  },
};

/** Gates in ONNX's order: update, reset, hidden. */
const GRU: Kind = {
  states: 1,
  usual: ['Sigmoid', 'Tanh'],
  cell(call, [f, g]) {
    const after = call.int('linear_before_reset', 0) === 1;
    return (x, [before], direction) => {
      const [xz, xr, xh] = tf.split(x, 3, 1) as tf.Tensor[];
      if (after) {
        const [hz, hr, hh] = tf.split(recurrentPart(before!, direction), 3, 1) as tf.Tensor[];
        const z = f!(tf.add(xz!, hz!));
        const candidate = g!(tf.add(xh!, tf.mul(f!(tf.add(xr!, hr!)), hh!)));
        return [tf.add(tf.mul(tf.sub(1, z), candidate), tf.mul(z, before!))];
      }
      const parts = tf.split(direction.r, 3, 0);
      const biases = direction.recurrentBias && tf.split(direction.recurrentBias, 3, 0);
      const of = (h: tf.Tensor, i: number): tf.Tensor => {
        const part = product(h, parts[i]!, true);
        return biases ? tf.add(part, biases[i]!) : part;
      };
      const z = f!(tf.add(xz!, of(before!, 0)));
      const reset = f!(tf.add(xr!, of(before!, 1)));
      const candidate = g!(tf.add(xh!, of(tf.mul(reset, before!), 2)));
      return [tf.add(tf.mul(tf.sub(1, z), candidate), tf.mul(z, before!))];
    };
  },
};

const RNN: Kind = {
  states: 1,
  usual: ['Tanh'],
  cell:
    (_, [f]) =>
    (x, [before], direction) => [f!(tf.add(x, recurrentPart(before!, direction)))],
};

/** Recurrent networks over sequences of equal lengths. */
export const recurrents: readonly Operator[] = [
  operator('LSTM', recurrent(LSTM), { constants: [4] }),
  operator('GRU', recurrent(GRU), { constants: [4] }),
  operator('RNN', recurrent(RNN), { constants: [4] }),
];
