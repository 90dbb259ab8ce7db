import type { tf } from '../../tfjs.js';
import type { Numbers } from '../stored.js';
import { BINARY } from './binary.js';
import { arrayOf, elementsOf, type HostBackend, type QuickKernel, valuesOf } from './kernel.js';
import { UNARY } from './unary.js';

/** tfjs adds up so many products at a time, in float64, to a float32 sum. */
const BLOCK = 48;

/** Matrices: the first one's begin in `values`, and how far apart rows, columns and matrices are. */
interface Matrices {
  readonly values: Numbers;
  readonly row: number;
  readonly column: number;
  readonly size: number;
}

function matricesOf(info: tf.TensorInfo, transpose: boolean, backend: HostBackend): Matrices {
  const rows = info.shape.at(-2)!;
  const columns = info.shape.at(-1)!;
  const [row, column] = transpose ? [1, columns] : [columns, 1];
  return { values: valuesOf(info, backend), row, column, size: rows * columns };
}

interface Sizes {
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
}

/** One of the products. */
function multiply(a: Matrices, b: Matrices, out: Numbers, n: number, { rows, columns, inner }: Sizes): void {
  const as = a.values;
  const bs = b.values;
  const aFrom = (n * a.size) % as.length;
  const bFrom = (n * b.size) % bs.length;
  for (let i = 0, at = n * rows * columns; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let p = aFrom + i * a.row;
      let q = bFrom + j * b.column;
      let total = 0;
      for (let k = 0; k < inner; ) {
        const end = Math.min(k + BLOCK, inner);
        let sum = 0;
        for (; k < end; k++, p += a.column, q += b.row) sum += as[p]! * bs[q]!;
        total = Math.fround(total + sum);
      }
      out[at++] = total;
    }
  }
}

/** Of one matrix with one, with each of many, or of as many with as many. */
const matMul: QuickKernel = (inputs, { transposeA, transposeB }, backend) => {
  const a = inputs.a!;
  const b = inputs.b!;
  const rank = a.shape.length;
  if (a.dtype !== 'float32' || b.dtype !== 'float32' || rank < 2 || b.shape.length !== rank) return undefined;
  const rows = a.shape.at(transposeA ? -1 : -2)!;
  const inner = a.shape.at(transposeA ? -2 : -1)!;
  const columns = b.shape.at(transposeB ? -2 : -1)!;
  const outer = elementsOf(a.shape, 0, rank - 2) === 1 ? b.shape.slice(0, -2) : a.shape.slice(0, -2);
  const count = elementsOf(outer);
  const others = elementsOf(b.shape, 0, rank - 2);
  if (inner !== b.shape.at(transposeB ? -1 : -2) || (others !== 1 && others !== count) || inner === 0) return undefined;
  if (others !== 1 && outer.some((size, axis) => size !== b.shape[axis])) return undefined;
  const out = arrayOf('float32', count * rows * columns);
  const left = matricesOf(a, Boolean(transposeA), backend);
  const right = matricesOf(b, Boolean(transposeB), backend);
  for (let n = 0; n < count; n++) multiply(left, right, out, n, { rows, columns, inner });
  return backend.makeTensorInfo([...outer, rows, columns], 'float32', out);
};

const ACTIVATIONS: Readonly<Record<string, string>> = { relu: 'Relu', elu: 'Elu', sigmoid: 'Sigmoid' };

const fusedMatMul: QuickKernel = (inputs, attrs, backend) => {
  const { activation } = attrs;
  const activate =
    activation && activation !== 'linear' ? UNARY.get(ACTIVATIONS[activation as string] ?? '') : undefined;
  if (activation && activation !== 'linear' && !activate) return undefined;
  let result = matMul(inputs, attrs, backend);
  const then = (kernel: QuickKernel, others: tf.NamedTensorInfoMap): void => {
    const before = result!;
    result = kernel({ a: before, x: before, ...others }, attrs, backend);
    backend.disposeData(before.dataId);
  };
  if (result && inputs.bias) then(BINARY.get('Add')!, { b: inputs.bias });
  if (result && activate) then(activate, {});
  return result;
};

export const PRODUCTS: ReadonlyMap<string, QuickKernel> = new Map([
  ['BatchMatMul', matMul],
  ['_FusedMatMul', fusedMatMul],
]);
