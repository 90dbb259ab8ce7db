import { tf } from '../../tfjs.js';
import { isNumeric } from '../stored.js';
import { arrayOf, elementsOf, type QuickKernel, valuesOf } from './kernel.js';

/** Rows of one input along an axis, whole slices at a time. */
const gather: QuickKernel = (inputs, { axis, batchDims }, backend) => {
  const [x, indices] = [inputs.x!, inputs.indices!];
  if (batchDims || !isNumeric(x.dtype)) return undefined;
  const [along = 0] = tf.util.parseAxisParam(axis as number, [...x.shape]);
  const size = x.shape[along]!;
  const [values, positions] = [valuesOf(x, backend), valuesOf(indices, backend)];
  for (let i = 0; i < positions.length; i++) if (!(positions[i]! >= 0 && positions[i]! < size)) return undefined;
  const [outer, slice] = [elementsOf(x.shape, 0, along), elementsOf(x.shape, along + 1)];
  const out = arrayOf(x.dtype, outer * positions.length * slice);
  let to = 0;
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < positions.length; i++) {
      const from = (o * size + positions[i]!) * slice;
      for (let k = 0; k < slice; k++) out[to++] = values[from + k]!;
    }
  }
  return backend.makeTensorInfo(
    [...x.shape.slice(0, along), ...indices.shape, ...x.shape.slice(along + 1)],
    x.dtype,
    out,
  );
};

/** Of matrices; tfjs's own has the others. */
const transpose: QuickKernel = (inputs, { perm }, backend) => {
  const { dtype, shape } = inputs.x!;
  const [first, second] = perm as number[];
  if (!isNumeric(dtype) || shape.length !== 2 || first !== 1 || second !== 0) return undefined;
  const [rows, columns] = shape as [number, number];
  const values = valuesOf(inputs.x!, backend);
  const out = arrayOf(dtype, values.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = values[i * columns + j]!;
  return backend.makeTensorInfo([columns, rows], dtype, out);
};

export const MOVEMENT: ReadonlyMap<string, QuickKernel> = new Map([
  ['GatherV2', gather],
  ['Transpose', transpose],
]);
