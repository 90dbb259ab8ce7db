import { fed, listed, type NodeCase, numbers, scalar, weight } from './onnx-file.js';

/** A case of an operator; without `gradient: false` its gradients are compared with finite differences, too. */
export interface Case extends NodeCase {
  readonly name: string;
  readonly gradient?: false;
}

const x = fed([2, 3, 4]);
const image = fed([2, 4, 7, 6]);
const float = (value: number): { float: number } => ({ float: value });
const indices = (shape: number[], values: number[], stored = false) => listed('int64', shape, values, stored);

const simple = (op: string, low = -1, high = 1): Case => ({ op, name: 'plain', inputs: [fed([2, 5], low, high)] });
const flat = (op: string): Case => ({ ...simple(op), gradient: false });

const elementwise: Case[] = [
  ...[
    'Neg',
    'Exp',
    'Sin',
    'Cos',
    'Sinh',
    'Cosh',
    'Tanh',
    'Asinh',
    'Erf',
    'Sigmoid',
    'Softplus',
    'Softsign',
    'Atan',
  ].map((op) => simple(op)),
  ...['Asin', 'Acos', 'Atanh', 'Tan'].map((op) => simple(op, -0.8, 0.8)),
  ...['Log', 'Sqrt', 'Reciprocal'].map((op) => simple(op, 0.5, 2)),
  simple('Acosh', 1.5, 3),
  ...['Abs', 'Relu', 'Elu', 'Selu', 'Celu', 'LeakyRelu', 'HardSwish', 'HardSigmoid', 'Identity', 'Mish'].map((op) => ({
    ...simple(op),
    opset: op === 'Mish' ? 18 : 17,
  })),
  ...['Floor', 'Ceil', 'Round', 'Sign'].map(flat),
  {
    op: 'Round',
    name: 'half to even',
    inputs: [listed('float32', [6], [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])],
    gradient: false,
  },
  { op: 'LeakyRelu', name: 'slope', inputs: [x], attributes: { alpha: float(0.3) } },
  { op: 'Celu', name: 'alpha', inputs: [x], attributes: { alpha: float(2) } },
  { op: 'Elu', name: 'alpha', inputs: [x], attributes: { alpha: float(0.5) } },
  { op: 'ThresholdedRelu', name: 'alpha', inputs: [x], attributes: { alpha: float(0.25) }, gradient: false },
  { op: 'Shrink', name: 'soft', inputs: [x], attributes: { lambd: float(0.3), bias: float(0.3) } },
  {
    op: 'HardSigmoid',
    name: 'torch',
    inputs: [fed([9], -4, 4)],
    attributes: { alpha: float(1 / 6), beta: float(0.5) },
  },
  { op: 'Gelu', name: 'exact', inputs: [x], opset: 20 },
  { op: 'Gelu', name: 'by tanh', inputs: [x], opset: 20, attributes: { approximate: 'tanh' } },
  { op: 'PRelu', name: 'slope of a channel', inputs: [x, weight([3, 1])] },
  { op: 'Clip', name: 'both', inputs: [x, scalar(-0.5), scalar(0.25)] },
  { op: 'Clip', name: 'above only', inputs: [x, undefined, scalar(0.25)] },
  { op: 'Clip', name: 'opset 10', inputs: [x], opset: 10, attributes: { min: float(-0.5), max: float(0.5) } },
  { op: 'Not', name: 'plain', inputs: [listed('bool', [3], [1, 0, 1])], gradient: false },
  { op: 'IsNaN', name: 'plain', inputs: [listed('float32', [3], [1, Number.NaN, 0])], gradient: false },
  {
    op: 'IsInf',
    name: 'above only',
    inputs: [listed('float32', [3], [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0])],
    attributes: { detect_negative: 0 },
    gradient: false,
  },
];

elementwise.push({ op: 'Swish', name: 'alpha', inputs: [x], attributes: { alpha: float(1.5) }, opset: 24 });

const whole = (values: number[]) => listed('int32', [values.length], values);
const pairwise: Case[] = [
  ...['Add', 'Sub', 'Mul'].map((op): Case => ({ op, name: 'spread', inputs: [x, weight([3, 1])] })),
  { op: 'Div', name: 'spread', inputs: [x, fed([4], 0.5, 2)] },
  {
    op: 'Div',
    name: 'whole numbers are cut off',
    inputs: [whole([7, -7, 7, -7]), whole([2, 2, -2, -2])],
    gradient: false,
  },
  { op: 'Mod', name: 'whole numbers', inputs: [whole([7, -7, 7, -7]), whole([3, 3, -3, -3])], gradient: false },
  {
    op: 'Mod',
    name: 'fmod',
    inputs: [listed('float32', [4], [5.5, -5.5, 5.5, -5.5]), listed('float32', [4], [2, 2, -2, -2])],
    attributes: { fmod: 1 },
    gradient: false,
  },
  { op: 'Pow', name: 'square', inputs: [x, scalar(2)] },
  { op: 'Pow', name: 'of positive numbers', inputs: [fed([2, 3], 0.5, 2), fed([3], 0.5, 2)] },
  { op: 'Max', name: 'three', inputs: [x, fed([4], -0.5, 0.5), fed([3, 1], -0.2, 0.2)] },
  { op: 'Min', name: 'two', inputs: [x, fed([4], -0.5, 0.5)] },
  { op: 'Sum', name: 'three', inputs: [x, fed([4]), fed([3, 1])] },
  { op: 'Mean', name: 'two', inputs: [x, fed([2, 3, 4], 0, 1)] },
  ...['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual'].map(
    (op): Case => ({ op, name: 'plain', inputs: [whole([1, 2, 3]), whole([2, 2, 2])], gradient: false }),
  ),
  ...['And', 'Or', 'Xor'].map(
    (op): Case => ({
      op,
      name: 'plain',
      inputs: [listed('bool', [4], [0, 0, 1, 1]), listed('bool', [4], [0, 1, 0, 1])],
      gradient: false,
    }),
  ),
  { op: 'Where', name: 'spread', inputs: [listed('bool', [3, 1], [1, 0, 1]), x, weight([4])] },
];

const linear: Case[] = [
  { op: 'MatMul', name: 'matrices', inputs: [fed([3, 4]), weight([4, 2])] },
  { op: 'MatMul', name: 'batches', inputs: [x, weight([4, 2])] },
  { op: 'MatMul', name: 'spread batches', inputs: [fed([2, 1, 3, 4]), fed([5, 4, 2])] },
  { op: 'MatMul', name: 'vector, matrix', inputs: [fed([4]), fed([2, 4, 3])] },
  { op: 'MatMul', name: 'matrix, vector', inputs: [x, fed([4])] },
  { op: 'MatMul', name: 'vectors', inputs: [fed([4]), weight([4], 0, 1)] },
  { op: 'Gemm', name: 'with bias', inputs: [fed([3, 4]), weight([4, 2]), weight([2])] },
  {
    op: 'Gemm',
    name: 'transposed, scaled',
    inputs: [fed([4, 3]), weight([2, 4]), weight([3, 1])],
    attributes: { transA: 1, transB: 1, alpha: float(0.5), beta: float(2) },
  },
  {
    op: 'Einsum',
    name: 'an outer product, summed',
    inputs: [fed([2, 3]), weight([4, 3])],
    attributes: { equation: 'ab,cd->ca' },
  },
  {
    op: 'Einsum',
    name: 'three',
    inputs: [fed([2, 3]), weight([3, 4]), weight([2, 4])],
    attributes: { equation: 'ij,jk,ik->k' },
  },
  { op: 'Einsum', name: 'a transpose, implied', inputs: [x], attributes: { equation: 'cab' } },
  {
    op: 'Einsum',
    name: 'axes before the letters',
    inputs: [fed([2, 3, 4]), weight([5, 4])],
    attributes: { equation: '...k,nk->...n' },
  },
  {
    op: 'Einsum',
    name: 'axes before the letters of both',
    inputs: [fed([2, 3, 4]), fed([2, 4, 5])],
    attributes: { equation: '...ij,...jk->...ik' },
  },
  {
    op: 'Einsum',
    name: 'axes before the letters, implied',
    inputs: [x, fed([4, 5])],
    attributes: { equation: '...c,cd' },
  },
  { op: 'Einsum', name: 'batched product', inputs: [x, fed([2, 4, 5])], attributes: { equation: 'bij,bjk->bik' } },
];

const convolution: Case[] = [
  {
    op: 'Conv',
    name: 'padded',
    inputs: [image, weight([3, 4, 3, 3]), weight([3])],
    attributes: { pads: [1, 0, 1, 2] },
  },
  { op: 'Conv', name: 'strides', inputs: [image, weight([3, 4, 2, 3])], attributes: { strides: [2, 1] } },
  {
    op: 'Conv',
    name: 'dilated',
    inputs: [image, weight([2, 4, 3, 2]), weight([2])],
    attributes: { dilations: [2, 3], pads: [2, 1, 2, 1] },
  },
  // More filters than places: a product with patches.
  {
    op: 'Conv',
    name: 'patches, strides',
    inputs: [fed([1, 2, 7, 5]), weight([9, 2, 3, 2]), weight([9])],
    attributes: { strides: [3, 2], pads: [1, 0, 1, 1] },
  },
  {
    op: 'Conv',
    name: 'patches, dilated and strides',
    inputs: [fed([2, 2, 7, 6]), weight([8, 2, 3, 2])],
    attributes: { dilations: [2, 3], strides: [2, 2], pads: [1, 0, 0, 1] },
  },
  {
    op: 'Conv',
    name: 'patches, pixels passed over',
    inputs: [fed([1, 3, 6, 5]), weight([8, 3, 1, 1]), weight([8])],
    attributes: { strides: [3, 2] },
  },
  {
    op: 'Conv',
    name: 'groups',
    inputs: [image, weight([6, 2, 3, 3]), weight([6])],
    attributes: { group: 2, pads: [1, 1, 1, 1] },
  },
  {
    op: 'Conv',
    name: 'depthwise',
    inputs: [image, weight([8, 1, 3, 3]), weight([8])],
    attributes: { group: 4, pads: [1, 1, 1, 1], strides: [2, 2] },
  },
  {
    op: 'Conv',
    name: 'same, upper',
    inputs: [image, weight([2, 4, 3, 2])],
    attributes: { auto_pad: 'SAME_UPPER', strides: [2, 2] },
  },
  { op: 'Conv', name: 'same, lower', inputs: [image, weight([2, 4, 2, 2])], attributes: { auto_pad: 'SAME_LOWER' } },
  {
    op: 'Conv',
    name: 'rows',
    inputs: [fed([2, 3, 9]), weight([4, 3, 3]), weight([4])],
    attributes: { pads: [1, 1], strides: [2] },
  },
  {
    op: 'Conv',
    name: 'volumes',
    inputs: [fed([1, 2, 4, 5, 4]), weight([3, 2, 2, 3, 2]), weight([3])],
    attributes: { pads: [0, 1, 0, 1, 1, 0] },
  },
  {
    op: 'ConvTranspose',
    name: 'strides',
    inputs: [fed([2, 3, 4, 3]), weight([3, 2, 4, 4]), weight([2])],
    attributes: { strides: [2, 2], pads: [1, 1, 1, 1] },
  },
  {
    op: 'ConvTranspose',
    name: 'output padding',
    inputs: [fed([2, 3, 4, 3]), weight([3, 2, 3, 3])],
    attributes: { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] },
  },
  {
    op: 'ConvTranspose',
    name: 'beyond its reach',
    inputs: [fed([1, 2, 3, 3]), weight([2, 2, 1, 1])],
    attributes: { strides: [3, 3], output_padding: [2, 1] },
  },
  {
    op: 'ConvTranspose',
    name: 'groups, dilated',
    inputs: [fed([1, 4, 3, 3]), weight([4, 1, 2, 2])],
    attributes: { group: 2, dilations: [2, 2] },
  },
  {
    op: 'ConvTranspose',
    name: 'same',
    inputs: [fed([1, 2, 3, 4]), weight([2, 3, 3, 3])],
    attributes: { strides: [2, 2], auto_pad: 'SAME_UPPER' },
  },
  {
    op: 'ConvTranspose',
    name: 'output shape',
    inputs: [fed([1, 2, 3, 3]), weight([2, 2, 3, 3])],
    attributes: { strides: [2, 2], output_shape: [6, 6] },
  },
  {
    op: 'ConvTranspose',
    name: 'rows',
    inputs: [fed([2, 3, 5]), weight([3, 2, 4]), weight([2])],
    attributes: { strides: [2], pads: [1, 1] },
  },
];

const pooling: Case[] = [
  {
    op: 'MaxPool',
    name: 'padded',
    inputs: [image],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
  },
  { op: 'MaxPool', name: 'ceil', inputs: [image], attributes: { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 } },
  { op: 'MaxPool', name: 'rows', inputs: [fed([2, 3, 9])], attributes: { kernel_shape: [3], strides: [2] } },
  {
    op: 'MaxPool',
    name: 'volumes',
    inputs: [fed([1, 2, 4, 5, 4])],
    attributes: { kernel_shape: [2, 2, 2], strides: [2, 2, 2], pads: [0, 1, 0, 0, 0, 0] },
  },
  { op: 'AveragePool', name: 'plain', inputs: [image], attributes: { kernel_shape: [2, 3], strides: [2, 1] } },
  {
    op: 'AveragePool',
    name: 'padding is left out',
    inputs: [image],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
  },
  {
    op: 'AveragePool',
    name: 'padding counts',
    inputs: [image],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad: 1 },
  },
  {
    op: 'AveragePool',
    name: 'ceil',
    inputs: [image],
    attributes: { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 },
    opset: 19,
  },
  { op: 'GlobalAveragePool', name: 'plain', inputs: [image] },
  { op: 'GlobalMaxPool', name: 'plain', inputs: [image] },
];

const normalisation: Case[] = [
  {
    op: 'BatchNormalization',
    name: 'inference',
    inputs: [image, weight([4], 0.5, 1.5), weight([4], 0, 1), weight([4], -1, 0), weight([4], 0.5, 2)],
  },
  { op: 'InstanceNormalization', name: 'plain', inputs: [image, weight([4], 0.5, 1.5), weight([4])] },
  { op: 'LayerNormalization', name: 'last axis', inputs: [x, weight([4], 0.5, 1.5), weight([4], 0, 1)] },
  {
    op: 'LayerNormalization',
    name: 'two axes, no bias',
    inputs: [x, weight([3, 4], 0.5, 1.5)],
    attributes: { axis: 1, epsilon: float(1e-3) },
  },
  { op: 'LRN', name: 'plain', inputs: [image], attributes: { size: 3, alpha: float(0.1), beta: float(0.75) } },
  { op: 'LRN', name: 'a window over all channels', inputs: [image], attributes: { size: 32001, alpha: float(9) } },
  {
    op: 'LpNormalization',
    name: 'zeros stay zeros',
    inputs: [listed('float32', [2, 3], [0, 0, 0, 1, 2, 2])],
    gradient: false,
  },
  { op: 'LpNormalization', name: 'p = 2', inputs: [x], attributes: { axis: 1 } },
  { op: 'LpNormalization', name: 'p = 1', inputs: [x], attributes: { axis: 2, p: 1 } },
  { op: 'MeanVarianceNormalization', name: 'plain', inputs: [image] },
];

normalisation.push(
  {
    op: 'GroupNormalization',
    name: 'opset 21',
    inputs: [image, weight([4], 0.5, 1.5), weight([4])],
    attributes: { num_groups: 2 },
    opset: 21,
  },
  {
    op: 'GroupNormalization',
    name: 'opset 18',
    inputs: [image, weight([2], 0.5, 1.5), weight([2])],
    attributes: { num_groups: 2 },
    opset: 18,
  },
  { op: 'RMSNormalization', name: 'last axis', inputs: [x, weight([4], 0.5, 1.5)], opset: 23 },
);

const reductionOps = [
  'ReduceMean',
  'ReduceMax',
  'ReduceMin',
  'ReduceL1',
  'ReduceL2',
  'ReduceSumSquare',
  'ReduceLogSumExp',
];
const reduction: Case[] = [
  ...['ReduceMax', 'ReduceMin'].map(
    (op): Case => ({
      op,
      name: 'of nothing',
      inputs: [listed('float32', [2, 0], []), numbers(1)],
      opset: 20,
      gradient: false,
    }),
  ),
  ...reductionOps.map(
    (op): Case => ({ op, name: 'attribute', inputs: [x], attributes: { axes: [1, -1], keepdims: 0 } }),
  ),
  ...reductionOps.map((op): Case => ({ op, name: 'input', inputs: [x, numbers(1)], opset: 18 })),
  { op: 'ReduceProd', name: 'all', inputs: [fed([2, 3], 0.5, 1.5)] },
  { op: 'ReduceLogSum', name: 'plain', inputs: [fed([2, 3], 0.5, 1.5)], attributes: { axes: [1] } },
  { op: 'ReduceSum', name: 'input', inputs: [x, numbers(0, 2)], attributes: { keepdims: 0 } },
  { op: 'ReduceSum', name: 'opset 11', inputs: [x], opset: 11, attributes: { axes: [2] } },
  { op: 'ReduceSum', name: 'no axes', inputs: [x], attributes: { noop_with_empty_axes: 1 } },
  { op: 'ArgMax', name: 'plain', inputs: [x], attributes: { axis: 1 }, gradient: false },
  {
    op: 'ArgMax',
    name: 'the last of equal ones',
    inputs: [listed('float32', [2, 4], [1, 3, 3, 0, 2, 2, 2, 2])],
    attributes: { axis: 1, select_last_index: 1, keepdims: 0 },
    gradient: false,
  },
  { op: 'ArgMin', name: 'plain', inputs: [x], attributes: { axis: -1, keepdims: 0 }, gradient: false },
  { op: 'Softmax', name: 'last axis', inputs: [x] },
  { op: 'Softmax', name: 'inner axis', inputs: [x], attributes: { axis: 1 } },
  { op: 'Softmax', name: 'opset 11 runs over all axes behind', inputs: [x], opset: 11, attributes: { axis: 1 } },
  { op: 'LogSoftmax', name: 'inner axis', inputs: [x], attributes: { axis: 0 } },
  { op: 'Hardmax', name: 'plain', inputs: [x], gradient: false },
  { op: 'TopK', name: 'largest', inputs: [x, numbers(2)], attributes: { axis: 1 }, outputs: 2 },
  { op: 'TopK', name: 'smallest', inputs: [x, numbers(3)], attributes: { largest: 0 }, outputs: 2 },
  { op: 'CumSum', name: 'reverse', inputs: [x, scalar(1, 'int64')], attributes: { reverse: 1, exclusive: 1 } },
];

const shaping: Case[] = [
  { op: 'Reshape', name: 'kept and left sizes', inputs: [x, numbers(0, -1)] },
  { op: 'Flatten', name: 'axis 2', inputs: [x], attributes: { axis: 2 } },
  { op: 'Flatten', name: 'negative axis', inputs: [x], attributes: { axis: -1 } },
  { op: 'Squeeze', name: 'axes', inputs: [fed([1, 3, 1, 2]), numbers(-2)] },
  { op: 'Squeeze', name: 'all', inputs: [fed([1, 3, 1, 2])] },
  { op: 'Unsqueeze', name: 'axes', inputs: [x, numbers(0, -1)] },
  { op: 'Unsqueeze', name: 'opset 11', inputs: [x], opset: 11, attributes: { axes: [1] } },
  { op: 'Transpose', name: 'default', inputs: [x] },
  { op: 'Transpose', name: 'perm', inputs: [x], attributes: { perm: [1, 2, 0] } },
  { op: 'Concat', name: 'three', inputs: [x, fed([2, 1, 4]), weight([2, 2, 4])], attributes: { axis: 1 } },
  { op: 'Split', name: 'sizes', inputs: [x, numbers(1, 2)], attributes: { axis: 1 }, outputs: 2 },
  { op: 'Split', name: 'even', inputs: [x], attributes: { axis: 2 }, outputs: 2 },
  {
    op: 'Split',
    name: 'a smaller last part',
    inputs: [x],
    attributes: { axis: 1, num_outputs: 2 },
    outputs: 2,
    opset: 18,
  },
  { op: 'Slice', name: 'negative steps', inputs: [x, numbers(-1, 1), numbers(-9, 4), numbers(1, 2), numbers(-1, 2)] },
  { op: 'Slice', name: 'to the end', inputs: [x, numbers(1), listed('int64', [1], [2 ** 63], true), numbers(-1)] },
  { op: 'Slice', name: 'opset 9', inputs: [x], opset: 9, attributes: { starts: [0, 1], ends: [2, -1], axes: [0, 2] } },
  { op: 'Expand', name: 'numbers', inputs: [listed('int64', [2, 1], [3, 4], true), numbers(2, 2, 3)], gradient: false },
  { op: 'Expand', name: 'both ways', inputs: [fed([3, 1]), numbers(2, 1, 4)] },
  { op: 'Tile', name: 'two axes', inputs: [x, numbers(1, 2, 3)] },
  { op: 'Tile', name: 'five axes', inputs: [fed([1, 2, 1, 2, 2]), numbers(2, 1, 3, 2, 1)] },
  { op: 'DepthToSpace', name: 'DCR', inputs: [fed([1, 8, 2, 3])], attributes: { blocksize: 2 } },
  { op: 'DepthToSpace', name: 'CRD', inputs: [fed([1, 8, 2, 3])], attributes: { blocksize: 2, mode: 'CRD' } },
  { op: 'SpaceToDepth', name: 'plain', inputs: [fed([1, 2, 4, 6])], attributes: { blocksize: 2 } },
  { op: 'Pad', name: 'constant', inputs: [x, numbers(0, 1, 2, 1, 0, 0), scalar(0.5)] },
  { op: 'Pad', name: 'reflect', inputs: [x, numbers(0, 2, 1, 0, 1, 3)], attributes: { mode: 'reflect' } },
  { op: 'Pad', name: 'edge', inputs: [x, numbers(0, 2, 1, 0, 1, 3)], attributes: { mode: 'edge' } },
  { op: 'Pad', name: 'negative', inputs: [x, numbers(0, -1, 1, 0, 0, -2)] },
  { op: 'Cast', name: 'to whole numbers', inputs: [fed([5], -3, 3)], attributes: { to: 6 }, gradient: false },
  {
    op: 'Cast',
    name: 'to truths',
    inputs: [listed('float32', [3], [0, 0.5, -2])],
    attributes: { to: 9 },
    gradient: false,
  },
];

shaping.push({
  op: 'CastLike',
  name: 'to whole numbers',
  inputs: [fed([5], -3, 3), listed('int32', [1], [0])],
  gradient: false,
});

const indexing: Case[] = [
  { op: 'Gather', name: 'rows', inputs: [weight([5, 3]), indices([2, 2], [4, 0, -1, 2])] },
  { op: 'Gather', name: 'a scalar', inputs: [x, scalar(1, 'int64')], attributes: { axis: 1 } },
  { op: 'Gather', name: 'inner axis', inputs: [x, numbers(-1, 0, 0)], attributes: { axis: 2 } },
  {
    op: 'GatherElements',
    name: 'inner axis',
    inputs: [x, indices([2, 2, 4], [0, 1, 2, 0, 2, 2, -1, 1, 0, 0, 0, 0, 1, 1, 1, 1])],
    attributes: { axis: 1 },
  },
  { op: 'GatherND', name: 'elements', inputs: [x, indices([2, 3], [0, 1, 2, 1, -1, 3])] },
  { op: 'GatherND', name: 'batches', inputs: [x, indices([2, 1], [1, 2])], attributes: { batch_dims: 1 } },
  {
    op: 'ScatterElements',
    name: 'set',
    inputs: [x, indices([1, 2, 4], [0, 1, 2, 0, 1, 2, 0, 1]), fed([1, 2, 4], 2, 3)],
    attributes: { axis: 1 },
  },
  {
    op: 'ScatterElements',
    name: 'add',
    inputs: [x, indices([1, 2, 4], [0, 0, 2, 0, 0, 2, 0, 1]), fed([1, 2, 4], 2, 3)],
    attributes: { axis: 1, reduction: 'add' },
  },
  {
    op: 'Scatter',
    name: 'opset 10',
    inputs: [x, indices([1, 2, 4], [0, 1, 2, 0, 1, 2, 0, 1]), fed([1, 2, 4], 2, 3)],
    attributes: { axis: 1 },
    opset: 10,
  },
  { op: 'ScatterND', name: 'set', inputs: [x, indices([2, 2], [0, 1, 1, 2]), fed([2, 4], 2, 3)] },
  {
    op: 'OneHot',
    name: 'last axis',
    inputs: [indices([3], [0, 2, -1]), numbers(4), listed('float32', [2], [0.25, 3], true)],
    gradient: false,
  },
  { op: 'Trilu', name: 'lower', inputs: [fed([2, 4, 4]), scalar(-1, 'int64')], attributes: { upper: 0 } },
  { op: 'Trilu', name: 'upper', inputs: [fed([3, 5])] },
  { op: 'EyeLike', name: 'a diagonal above', inputs: [fed([3, 4])], attributes: { k: 1 }, gradient: false },
];

const none = undefined;
const scales = (...values: number[]) => listed('float32', [values.length], values, true);
const resizing: Case[] = [
  {
    op: 'Resize',
    name: 'nearest as torch has it',
    inputs: [image, none, scales(1, 1, 2, 2)],
    attributes: { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
  },
  { op: 'Resize', name: 'nearest', inputs: [image, none, none, numbers(2, 4, 10, 3)], attributes: { mode: 'nearest' } },
  { op: 'Resize', name: 'linear', inputs: [image, none, scales(1, 1, 2, 0.6)], attributes: { mode: 'linear' } },
  {
    op: 'Resize',
    name: 'linear, corners',
    inputs: [image, none, none, numbers(2, 4, 9, 3)],
    attributes: { mode: 'linear', coordinate_transformation_mode: 'align_corners' },
  },
  {
    op: 'Resize',
    name: 'linear, pytorch',
    inputs: [image, none, none, numbers(2, 4, 1, 3)],
    attributes: { mode: 'linear', coordinate_transformation_mode: 'pytorch_half_pixel' },
  },
  { op: 'Resize', name: 'cubic', inputs: [image, none, scales(1, 1, 2, 1.5)], attributes: { mode: 'cubic' } },
  { op: 'Resize', name: 'opset 10', inputs: [image, scales(1, 1, 2, 2)], opset: 10 },
  { op: 'Upsample', name: 'opset 9', inputs: [image, scales(1, 1, 2, 2)], opset: 9 },
];

const recurrent: Case[] = (['forward', 'reverse', 'bidirectional'] as const).flatMap((direction): Case[] => {
  const d = direction === 'bidirectional' ? 2 : 1;
  const hidden = 3;
  const sequence = fed([4, 2, 5]);
  const weights = (gates: number) => [
    weight([d, gates * hidden, 5], -0.5, 0.5),
    weight([d, gates * hidden, hidden], -0.6, 0.4),
    weight([d, 2 * gates * hidden], -0.3, 0.3),
  ];
  return [
    {
      op: 'LSTM',
      name: direction,
      inputs: [sequence, ...weights(4), none, fed([d, 2, hidden]), fed([d, 2, hidden], 0, 1)],
      attributes: { hidden_size: hidden, direction },
      outputs: 3,
    },
    {
      op: 'GRU',
      name: direction,
      inputs: [sequence, ...weights(3)],
      attributes: { hidden_size: hidden, direction },
      outputs: 2,
    },
    {
      op: 'GRU',
      name: `${direction}, as torch has it`,
      inputs: [sequence, ...weights(3), none, fed([d, 2, hidden])],
      attributes: { hidden_size: hidden, direction, linear_before_reset: 1 },
      outputs: 2,
    },
    {
      op: 'RNN',
      name: direction,
      inputs: [sequence, ...weights(1)],
      attributes: { hidden_size: hidden, direction, activations: Array.from({ length: d }, () => 'Relu') },
      outputs: 2,
      gradient: false,
    },
  ];
});

const four = (heads: number, length: number, size = 4) => fed([2, heads, length, size]);

/** onnxruntime has these since opset 23. */
const attention: Case[] = [
  { op: 'Attention', name: 'of four dimensions', inputs: [four(2, 3), four(2, 5), four(2, 5)] },
  {
    op: 'Attention',
    name: 'causal, heads in a row, few of keys',
    inputs: [fed([2, 3, 16]), fed([2, 3, 8]), fed([2, 3, 8])],
    attributes: { q_num_heads: 4, kv_num_heads: 2, is_causal: 1 },
  },
  {
    op: 'Attention',
    name: 'masked, scaled',
    inputs: [four(2, 3), four(2, 4), four(2, 4), weight([3, 4], -2, 2)],
    attributes: { scale: float(0.3) },
  },
  {
    op: 'Attention',
    name: 'masked by truth',
    inputs: [four(1, 2), four(1, 3), four(1, 3), listed('bool', [2, 3], [1, 0, 1, 0, 1, 1])],
  },
  {
    op: 'RotaryEmbedding',
    name: 'halves, of positions',
    inputs: [four(3, 2), weight([6, 2]), weight([6, 2]), indices([2, 2], [0, 3, 5, 1], true)],
  },
  {
    op: 'RotaryEmbedding',
    name: 'interleaved, heads in a row, partly',
    inputs: [fed([2, 3, 12]), weight([2, 3, 2]), weight([2, 3, 2])],
    attributes: { num_heads: 2, interleaved: 1, rotary_embedding_dim: 4 },
  },
].map((one): Case => ({ ...one, opset: 23 }));

const places = fed([2, 3, 2, 2], -1.3, 1.3);
const sampling: Case[] = ['zeros', 'border', 'reflection'].flatMap((padding): Case[] => [
  ...[0, 1].map(
    (corners): Case => ({
      op: 'GridSample',
      name: `linear, ${padding}${corners ? ', corners' : ''}`,
      inputs: [fed([2, 3, 4, 5]), places],
      attributes: { mode: 'bilinear', padding_mode: padding, align_corners: corners },
    }),
  ),
  {
    op: 'GridSample',
    name: `nearest, ${padding}`,
    inputs: [fed([2, 3, 4, 5]), { ...places, stored: true }],
    attributes: { mode: 'nearest', padding_mode: padding },
    gradient: false,
  },
]);

const losses: Case[] = ['mean', 'sum', 'none'].flatMap((reduction): Case[] => [
  {
    op: 'SoftmaxCrossEntropyLoss',
    name: reduction,
    inputs: [fed([4, 5]), indices([4], [0, 4, 2, 2], true)],
    attributes: { reduction },
    outputs: 2,
  },
  {
    op: 'SoftmaxCrossEntropyLoss',
    name: `${reduction}, weighed, of places, some ignored`,
    inputs: [fed([2, 3, 4]), indices([2, 4], [0, 2, 7, 1, 1, 7, 0, 2], true), weight([3], 0.5, 2)],
    attributes: { reduction, ignore_index: 7 },
  },
  {
    op: 'NegativeLogLikelihoodLoss',
    name: reduction,
    inputs: [fed([4, 5], -3, -0.1), indices([4], [0, 4, 2, 2], true)],
    attributes: { reduction },
  },
]);

const sizes: Case[] = [
  { op: 'Size', name: 'of two axes', inputs: [fed([3, 4])], gradient: false },
  { op: 'ConstantOfShape', name: 'zeros', inputs: [numbers(2, 3)], gradient: false },
  {
    op: 'ConstantOfShape',
    name: 'whole numbers',
    inputs: [numbers(3)],
    attributes: { value: listed('int64', [1], [7], true) },
    gradient: false,
  },
  { op: 'Range', name: 'upwards', inputs: [1, 10, 3].map((n) => scalar(n, 'int64')), gradient: false },
  { op: 'Range', name: 'downwards, of floats', inputs: [2, -1, -0.5].map((n) => scalar(n)), gradient: false },
];

const normPools: Case[] = [1, 2, 3].map((p) => ({
  op: 'LpPool',
  name: `p = ${p}`,
  inputs: [fed([2, 3, 6, 5], 0.2, 1)],
  attributes: { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1], p },
}));

/** Cases of operators, by family; onnxruntime says what is right. */
export const IMPORT_CASES: Readonly<Record<string, readonly Case[]>> = {
  elementwise,
  pairwise,
  linear,
  convolution,
  pooling: [...pooling, ...normPools],
  normalisation,
  reduction,
  shaping: [...shaping, ...sizes],
  indexing,
  resizing,
  recurrent,
  attention,
  sampling,
  losses,
};
