/** Kernel calls that onnxruntime computes as tfjs's cpu kernels do, by kernel and types; the others are left to those. */
import { sizeOf } from '@onnx-forge/infer';
import { SyncReadError } from '../errors.js';
import { tf } from '../tfjs.js';
import { isNumeric, type NumericType, numbersOf, type Stored } from './stored.js';

/** Kernels that hand on their input's data, that make and take apart complex numbers, or that refuse values. */
const NEVER = new Set([
  ...['Identity', 'Reshape', 'ExpandDims'],
  ...['Complex', 'Real', 'Imag', 'ComplexAbs', 'FFT', 'IFFT'],
  ...['BroadcastArgs', 'SparseToDense', 'Bincount', 'DenseBincount'],
  'Atan2', // knows the signs of zeros, and the angles between infinities
  'FloorDiv', // of a quotient in float64: in float32 it may round up to a whole number
]);

const MOVEMENT = [
  ...['Transpose', 'Slice', 'StridedSlice', 'Concat', 'Pack', 'SplitV', 'Unpack', 'Reverse', 'Tile'],
  ...['PadV2', 'MirrorPad', 'GatherV2', 'GatherNd', 'TensorScatterUpdate', 'Select', 'Diag', 'FlipLeftRight'],
  ...['SpaceToBatchND', 'BatchToSpaceND', 'DepthToSpace', 'Fill', 'ZerosLike', 'OnesLike', 'Range', 'OneHot', 'Cast'],
];
const COMPARISONS = ['Equal', 'NotEqual', 'Less', 'LessEqual', 'Greater', 'GreaterEqual'];
const CHOICES = ['Max', 'Min', 'ArgMax', 'ArgMin'];

/**
 * Kernels that may be recorded on int32 and bool. tfjs's arithmetic of whole numbers goes through float64, and that of
 * bools makes numbers other than 0 and 1; onnxruntime's does neither.
 */
const RECORDED: Readonly<Record<Exclude<NumericType, 'float32'>, ReadonlySet<string>>> = {
  int32: new Set([
    ...[...MOVEMENT, ...COMPARISONS, ...CHOICES],
    ...['Add', 'Sub', 'Maximum', 'Minimum', 'Sum', 'Mean', 'Cumsum', 'TopK', 'ScatterNd', 'SearchSorted'],
  ]),
  bool: new Set([
    ...[...MOVEMENT, ...COMPARISONS, ...CHOICES],
    ...['LogicalAnd', 'LogicalOr', 'LogicalNot', 'All', 'Any', 'Sum', 'Mean'],
  ]),
};

/** Kernels that have an axis to go along. */
const ALONG_AN_AXIS = new Set(['ArgMax', 'ArgMin', 'Cumsum', 'Cumprod', 'TopK']);

/** Kernels that give positions along an axis. */
const POSITIONS = new Set(['ArgMax', 'ArgMin']);

/** Inputs that choose among other inputs' entries: they have a type of their own. */
const CHOOSING = new Set(['indices', 'segmentIds', 'condition', 'boxInd']);

/** The inputs of a call by name, or in a list. */
export type StoredInputs = readonly (readonly [name: string, info: tf.TensorInfo, stored: Stored])[];

/** Whether any call of the kernel may be recorded. */
export function mayBeRecorded(kernel: string): boolean {
  return !NEVER.has(kernel);
}

/** Whether onnxruntime, should it run the call, gives what tfjs's cpu kernel gives, or refuses what that refuses. */
export function recordable(kernel: string, inputs: StoredInputs, attrs: tf.NamedAttrMap): boolean {
  // A wider type is no copy on the cpu backend either: the new tensor shares the data.
  if (kernel === 'Cast' && !tf.util.hasEncodingLoss(inputs[0]![1].dtype, attrs.dtype as tf.DataType)) return false;
  let type: string | undefined;
  for (const [name, { dtype, shape }] of inputs) {
    if (!isNumeric(dtype) || sizeOf(shape) === 0) return false;
    if (ALONG_AN_AXIS.has(kernel) && shape.length === 0) return false;
    if (CHOOSING.has(name) && inputs.length > 1) continue;
    type ??= dtype;
    if (type !== dtype || (dtype !== 'float32' && !RECORDED[dtype].has(kernel))) return false;
  }
  return pointsInside(kernel, inputs, attrs);
}

/** tfjs refuses indices that point nowhere when it meets them, negative ones too. */
function pointsInside(kernel: string, inputs: StoredInputs, { axis, shape }: tf.NamedAttrMap): boolean {
  const input = (wanted: string): StoredInputs[number] => inputs.find(([name]) => name === wanted)!;
  switch (kernel) {
    case 'GatherV2': {
      const [, , indices] = input('indices');
      const size = input('x')[1].shape.at(axis as number)!;
      if (isPositionBelow(indices, size)) return true;
      computeIfPossible(indices); // where it is not, the graph checks them when it runs
      return indices.numbers === undefined || allBelow(indices, [size]);
    }
    case 'CropAndResize':
      return allBelow(input('boxInd')[2], [input('image')[1].shape[0]!]);
    case 'GatherNd':
    case 'ScatterNd':
    case 'TensorScatterUpdate': {
      const [, info, indices] = input('indices');
      const into = (shape as number[] | undefined) ?? input(kernel === 'GatherNd' ? 'params' : 'tensor')[1].shape;
      return allBelow(indices, into.slice(0, info.shape.length > 1 ? info.shape.at(-1) : 1));
    }
    default:
      return true;
  }
}

/** Whether they are still to be computed, as positions along an axis of at most that size. */
function isPositionBelow({ later }: Stored, size: number): boolean {
  const call = later?.call;
  if (!call || !POSITIONS.has(call.kind.kernel)) return false;
  const { axis = -1 } = call.kind.attrs;
  return call.kind.inputs[0]!.shape.at(axis as number)! <= size;
}

/** Browsers can't wait for it. */
function computeIfPossible(stored: Stored): void {
  try {
    void stored.values;
  } catch (error) {
    if (!(error instanceof SyncReadError)) throw error;
  }
}

/** Whether the numbers are known, and those of each tuple are positions in axes of these sizes. */
function allBelow({ numbers, dtype }: Stored, sizes: readonly number[]): boolean {
  if (numbers === undefined) return false;
  return numbersOf(numbers, dtype as NumericType).every((n, i) => n >= 0 && n < sizes[i % sizes.length]!);
}
