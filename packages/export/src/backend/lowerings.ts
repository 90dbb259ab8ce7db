import { binary, cast, op, scalar, unary } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { where } from '../idioms/shapes.js';
import { loweringTable } from '../lower/index.js';
import { type Lowering, lowering } from '../lower/lowering.js';

/** Largest float32 below 2^63. */
const MOST = 2 ** 63 - 2 ** 39;

const LAST_BITS = scalar(2 ** 32 - 1, 'int64');

/**
 * JavaScript's ToInt32, which is how tfjs's cpu kernels store a float as int32: modulo 2^32, and 0 for NaN and infinity.
 * A conversion to int64 is exact below 2^63; larger floats are multiples of 2^32.
 */
function toInt32(x: Value): Value {
  const bounded = op('Clip', [x, scalar(-(2 ** 63), 'float32'), scalar(MOST, 'float32')], 'float32', x.shape);
  // Between two Casts there has to be a node: onnxruntime would make them one, which ends at the bounds of int32.
  return cast(binary('BitwiseAnd', cast(bounded, 'int64'), LAST_BITS), 'int32');
}

/** onnxruntime's Sigmoid is 0 below -18, where programs take its logarithm. */
function sigmoid(x: Value): Value {
  return unary('Reciprocal', binary('Add', scalar(1, 'float32'), unary('Exp', unary('Neg', x))));
}

type Adapt = (lower: Lowering['lower']) => Lowering['lower'];

/**
 * Lowerings that follow tfjs where a program may depend on it and exported graphs need not: int32 that wraps around as
 * JavaScript's, indices that are refused when they are negative, sigmoids that are exact for any x.
 */
const ADAPTED: Readonly<Record<string, Adapt>> = {
  Cast: (lower) => (inputs, attrs, dialect) =>
    inputs.x!.dtype === 'float32' && attrs.dtype === 'int32' ? toInt32(inputs.x!) : lower(inputs, attrs, dialect),
  Sigmoid: (lower) => (inputs, attrs, dialect) =>
    inputs.x!.dtype === 'float32' ? sigmoid(inputs.x!) : lower(inputs, attrs, dialect),
  // onnxruntime's int32 sums end at the largest int32, instead of wrapping around.
  Sum: (lower) => (inputs, attrs, dialect) => {
    const x = inputs.x!;
    if (x.dtype === 'float32') return lower(inputs, attrs, dialect);
    return cast(lower({ x: cast(x, 'int64') }, attrs, dialect) as Value, 'int32');
  },
  // ONNX counts negative indices from the end; tfjs refuses them.
  GatherV2: (lower) => (inputs, attrs, dialect) => {
    const indices = inputs.indices!;
    const beyond = scalar(inputs.x!.shape.at(attrs.axis as number)!, 'int32');
    const negative = binary('Less', indices, scalar(0, 'int32'), 'bool');
    return lower({ ...inputs, indices: where(negative, beyond, indices, indices.shape) }, attrs, dialect);
  },
};

/** The lowerings of the backend: those of exports, some of them made to agree with tfjs's cpu kernels in every corner. */
export function backendLowerings(): ReadonlyMap<string, Lowering> {
  const table = new Map(loweringTable());
  for (const [kernel, adapt] of Object.entries(ADAPTED)) {
    const { lower, cases } = table.get(kernel)!;
    table.set(kernel, lowering(kernel, adapt(lower), cases));
  }
  return table;
}
