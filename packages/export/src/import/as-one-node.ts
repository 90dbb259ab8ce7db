import { constant, ints } from '../graph/build.js';
import type { Attributes, AttributeValue, Value } from '../graph/value.js';
import { exportBeingRecorded } from '../record/one-node.js';
import type { RecordingBackend } from '../record/recorder.js';
import type { Call } from './call.js';
import type { Datum } from './model/known.js';
import { Known, tensorOf } from './model/known.js';
import type { Node } from './model/structure.js';
import type { Results } from './operators/operator.js';

/**
 * Operators that an exported graph holds as the file does, and the oldest operator set in which they mean what they do in the
 * exported one (18), as far as {@link isSame} has no more to say.
 */
const SAME_SINCE: Readonly<Record<string, number>> = {
  AveragePool: 7,
  BatchNormalization: 7,
  Celu: 12,
  Clip: 11,
  Conv: 7,
  ConvTranspose: 7,
  DepthToSpace: 11,
  Elu: 7,
  Gather: 7,
  Gemm: 7,
  GlobalAveragePool: 7,
  GlobalMaxPool: 7,
  GRU: 7,
  HardSigmoid: 7,
  HardSwish: 14,
  InstanceNormalization: 7,
  LayerNormalization: 17,
  LeakyRelu: 7,
  LogSoftmax: 13,
  LRN: 7,
  LSTM: 7,
  MatMul: 7,
  MaxPool: 8,
  Mish: 18,
  PRelu: 7,
  Resize: 11,
  ReduceL1: 7,
  ReduceL2: 7,
  ReduceLogSumExp: 7,
  ReduceMax: 7,
  ReduceMean: 7,
  ReduceMin: 7,
  ReduceProd: 7,
  ReduceSum: 7,
  ReduceSumSquare: 7,
  RNN: 7,
  Selu: 7,
  Softmax: 13,
  Softplus: 7,
  Softsign: 7,
  SpaceToDepth: 7,
};

const POOLING: readonly string[] = ['AveragePool', 'MaxPool'];
/** Recurrent layers, with the activations that each direction has if nothing is said of them. */
const ACTIVATIONS: ReadonlyMap<string, readonly string[]> = new Map([
  ['LSTM', ['Sigmoid', 'Tanh', 'Tanh']],
  ['GRU', ['Sigmoid', 'Tanh']],
  ['RNN', ['Tanh']],
]);

/** Attributes of older operator sets that say nothing where the operator is the same. */
const DROPPED: Readonly<Record<string, readonly string[]>> = {
  BatchNormalization: ['spatial', 'training_mode'],
  LSTM: ['output_sequence'],
  GRU: ['output_sequence'],
  RNN: ['output_sequence'],
};

/** The outputs as one node of an exported graph; undefined where tfjs code must be recorded. */
export function asOneNode(call: Call, code: () => Results): readonly Datum[] | undefined {
  const recorder = exportBeingRecorded();
  if (!recorder?.recordNode || !isSame(call)) return undefined;
  const attributes = attributesOf(call);
  if (!attributes) return undefined;
  const normalises = call.node.op === 'BatchNormalization';
  const wanted = normalises ? 1 : call.node.outputs.length;
  const outputs = recorder.recordNode({
    op: call.node.op,
    inputs: inputsOf(call, recorder),
    attributes,
    types: () => {
      if (ACTIVATIONS.has(call.node.op)) return recurrentTypes(call).slice(0, wanted);
      return ([code()].flat() as readonly Datum[]).slice(0, wanted).map(tensorOf);
    },
  });
  // Its other outputs are the running statistics, which stay as they are.
  return normalises && call.wants(1) ? [...outputs, call.tensor(3), call.tensor(4)] : outputs;
}

/** Reductions have had their axes as an input since opset 18 (a sum since 13), and as an attribute before. */
function inputsOf(call: Call, recorder: RecordingBackend): (Value | undefined)[] {
  const axes = call.node.op.startsWith('Reduce') ? call.ints('axes') : undefined;
  if (axes) return [recordedOf(call.datum(0), recorder), ints(axes)];
  return call.inputs.map((datum) => datum && recordedOf(datum, recorder));
}

/** Outputs of a recurrent layer, [length, directions, batch, hidden] and its last states: the code, a step at a time, would take long. */
function recurrentTypes(call: Call): { dtype: 'float32'; shape: number[] }[] {
  const [length, batch] = call.shape(0) as [number, number];
  const [directions, , hidden] = call.shape(2) as [number, number, number];
  call.ignore(...call.node.attributes.keys());
  const state = [directions, batch, hidden];
  return [[length, directions, batch, hidden], state, state].map((shape) => ({ dtype: 'float32', shape }));
}

/** Whether the operator would mean the same in the exported graph. */
function isSame(call: Call): boolean {
  const { node, inputs, opset } = call;
  const { op, attributes } = node;
  const since = Object.hasOwn(SAME_SINCE, op) && node.domain === '' ? SAME_SINCE[op]! : Number.POSITIVE_INFINITY;
  const [data] = inputs;
  if (opset < since || !data || data instanceof Known || data.dtype !== 'float32') return false;
  if (op !== 'Gather' && inputs.some((datum) => datum && !(datum instanceof Known) && datum.dtype !== 'float32'))
    return false;
  // Old forms of these choose their sizes by rules that have been mended since.
  if (['auto_pad', 'output_shape'].some((name) => attributes.has(name) && attributes.get(name) !== 'NOTSET'))
    return false;
  if (op === 'BatchNormalization') return attributes.get('training_mode') !== 1 || !call.context.training;
  if (POOLING.includes(op)) return !call.wants(1) && (attributes.get('ceil_mode') !== 1 || isPlainCeil(call));
  if (ACTIVATIONS.has(op)) {
    const peeps = call.has(7) || attributes.get('input_forget') === 1;
    return !call.has(4) && !peeps && attributes.get('layout') !== 1 && !attributes.has('clip');
  }
  return true;
}

/** Whether all runtimes let `ceil_mode` mean the same: no last window begins in the padding, and a mean has no padding to count. */
function isPlainCeil({ node: { op, attributes } }: Call): boolean {
  const list = (name: string): readonly number[] => (attributes.get(name) ?? []) as readonly number[];
  const [kernel, strides, pads] = [list('kernel_shape'), list('strides'), list('pads')];
  const within = strides.every((stride, axis) => stride <= kernel[axis]!);
  return within && pads.slice(op === 'MaxPool' ? kernel.length : 0).every((n) => n === 0);
}

/** Attributes that the exported node does without. */
function droppedOf(op: string, attributes: Node['attributes']): readonly string[] {
  if (op.startsWith('Reduce')) return ['axes'];
  // Without padding it says nothing, and runtimes have differed in whether it counts what lies beyond the end.
  if (op === 'AveragePool' && attributes.get('ceil_mode') === 1) return ['count_include_pad'];
  const usual = ACTIVATIONS.get(op);
  const given = (attributes.get('activations') ?? []) as readonly string[];
  const named = usual && given.every((name, i) => name === usual[i % usual.length]) ? ['activations'] : [];
  return [...(Object.hasOwn(DROPPED, op) ? DROPPED[op]! : []), ...named];
}

/** Undefined for attributes that the graph can't hold, such as lists of texts. */
function attributesOf({ node: { op, attributes, floats } }: Call): Attributes | undefined {
  const dropped = droppedOf(op, attributes);
  const entries: [string, AttributeValue][] = [];
  for (const [name, value] of attributes) {
    if (dropped.includes(name)) continue;
    if (typeof value === 'string') entries.push([name, value]);
    else if (typeof value === 'number') entries.push([name, floats.has(name) ? { float: value } : value]);
    else if (Array.isArray(value) && value.every((n) => Number.isInteger(n))) entries.push([name, value as number[]]);
    else return undefined;
  }
  return Object.fromEntries(entries);
}

/** Whole numbers that are known are sizes, which ONNX has in 64 bits. */
function recordedOf(datum: Datum, recorder: RecordingBackend): Value | undefined {
  if (!(datum instanceof Known)) return recorder.recorded(datum);
  if (datum.size === 0) return undefined;
  if (datum.dtype === 'int32' && datum.rank === 1) return ints(datum.numbers());
  return datum.dtype === 'float32'
    ? constant(Float32Array.from(datum.data), 'float32', datum.shape)
    : recorder.recorded(tensorOf(datum));
}
