import { binary, cast, fill, ints, op, ops, reshape, scalar, unary } from '../graph/build.js';
import { Complex, type Content } from '../graph/content.js';
import { STANDARD } from '../graph/dialect.js';
import type { Value } from '../graph/value.js';
import { tf } from '../tfjs.js';
import { type Lowering, lowering } from './lowering.js';

/**
 * Discrete Fourier transform along the last axis; the inverse divides by the length. ONNX's `DFT` wants the two parts
 * side by side in a last axis: `[rows, n] x 2 -> [rows, n, 2] -> DFT -> Split -> [rows, n] x 2`.
 */
function fourier(x: Complex, inverse: 0 | 1): Complex {
  const n = x.shape.at(-1)!;
  const rows = n === 0 ? 0 : x.real.size / n;
  const parts = [x.real, x.imag].map((part) => reshape(part, [rows, n, 1]));
  const stacked = op('Concat', parts, 'float32', [rows, n, 2], { axis: 2 });
  const spectrum = op('DFT', [stacked], 'float32', [rows, n, 2], { axis: 1, inverse });
  const part = { dtype: 'float32', shape: [rows, n, 1] } as const;
  const [real, imag] = ops('Split', [spectrum, ints([1, 1])], [part, part], { axis: 2 });
  return new Complex(reshape(real!, x.shape), reshape(imag!, x.shape));
}

/** (a + bi)(c + di) = (ac - bd) + (ad + bc)i */
function multiply(x: Complex, y: Complex): Complex {
  const product = (a: Value, b: Value) => binary('Mul', a, b);
  return new Complex(
    binary('Sub', product(x.real, y.real), product(x.imag, y.imag)),
    binary('Add', product(x.real, y.imag), product(x.imag, y.real)),
  );
}

/** |a + bi| as m sqrt((a/m)^2 + (b/m)^2), m the larger of |a| and |b|: the squares can neither under- nor overflow. */
function modulus({ real, imag }: Complex): Value {
  const larger = binary('Max', unary('Abs', real), unary('Abs', imag));
  const scale = binary('Max', larger, scalar(SMALLEST_NORMAL, 'float32'));
  const square = (part: Value): Value => {
    const scaled = binary('Div', part, scale);
    return binary('Mul', scaled, scaled);
  };
  return binary('Mul', scale, unary('Sqrt', binary('Add', square(real), square(imag))));
}

/** Of float32: keeps 0 / 0 out. */
const SMALLEST_NORMAL = 2 ** -126;

const signal = { re: { shape: [2, 6] }, im: { shape: [2, 6] } };
const parts = (z: tf.Tensor): tf.Tensor[] => [tf.real(z), tf.imag(z)];

/** complex64 as pairs of float32 values: kernels that make, take apart or transform them. */
export const complex: readonly Lowering[] = [
  lowering<{ real: Value; imag: Value }>('Complex', ({ real, imag }) => new Complex(real, imag), [
    { name: 'and back', inputs: signal, run: ({ re, im }) => parts(tf.complex(re!, im!)) },
    {
      name: 'product',
      inputs: signal,
      run: ({ re, im }) => parts(tf.mul(tf.complex(re!, im!), tf.complex(im!, re!))),
    },
  ]),
  lowering<{ input: Complex }>('Real', ({ input }) => input.real, [
    { name: 'part', inputs: signal, run: ({ re, im }) => tf.real(tf.complex(re!, im!)) },
  ]),
  lowering<{ input: Complex }>('Imag', ({ input }) => input.imag, [
    { name: 'part', inputs: signal, run: ({ re, im }) => tf.imag(tf.complex(re!, im!)) },
  ]),
  lowering<{ x: Complex }>('ComplexAbs', ({ x }) => modulus(x), [
    { name: 'modulus', inputs: signal, run: ({ re, im }) => tf.abs(tf.complex(re!, im!)) },
  ]),
  lowering<{ input: Complex }>('FFT', ({ input }) => fourier(input, 0), [
    { name: 'rows', inputs: signal, run: ({ re, im }) => parts(tf.fft(tf.complex(re!, im!))) },
    { name: 'real signal', inputs: { x: { shape: [2, 8] } }, run: ({ x }) => parts(tf.spectral.rfft(x!)) },
  ]),
  lowering<{ input: Complex }>('IFFT', ({ input }) => fourier(input, 1), [
    { name: 'rows', inputs: signal, run: ({ re, im }) => parts(tf.ifft(tf.complex(re!, im!))) },
  ]),
];

/** Kernels that act on the real and on the imaginary part separately: moves, and sums. */
const PART_BY_PART: ReadonlySet<string> = new Set([
  'Add',
  'AddN',
  'BatchToSpaceND',
  'Concat',
  'ExpandDims',
  'GatherV2',
  'Identity',
  'Neg',
  'Pack',
  'PadV2',
  'Reshape',
  'Reverse',
  'Select',
  'Slice',
  'SpaceToBatchND',
  'SplitV',
  'StridedSlice',
  'Sub',
  'Sum',
  'Tile',
  'Transpose',
  'Unpack',
  'ZerosLike',
]);

type Inputs = Readonly<Record<string, Content>>;

/**
 * A kernel made for numbers, on complex ones.
 * @throws Error when the kernel has no complex meaning here.
 */
export function lowerComplex({ kernel, lower }: Lowering, inputs: Inputs, attrs: tf.NamedAttrMap): Content | Content[] {
  const part = (name: 'real' | 'imag') => {
    const values = Object.entries(inputs).map(([key, x]) => [key, x instanceof Complex ? x[name] : x]);
    return lower(Object.fromEntries(values), attrs, STANDARD) as Value | Value[];
  };
  if (PART_BY_PART.has(kernel)) {
    const [real, imag] = [part('real'), part('imag')];
    return Array.isArray(real)
      ? real.map((value, i) => new Complex(value, (imag as Value[])[i]!))
      : new Complex(real, imag as Value);
  }
  const [x, y] = Object.values(inputs) as [Complex, Complex];
  if (kernel === 'Multiply') return multiply(x, y);
  if (kernel === 'OnesLike') return new Complex(fill(1, 'float32', x.shape), fill(0, 'float32', x.shape));
  if (kernel === 'Cast') return attrs.dtype === 'complex64' ? toComplex(x) : part('real');
  throw new Error(`kernel ${kernel} has no complex64 form`);
}

function toComplex(x: Complex | Value): Complex {
  return x instanceof Complex ? x : new Complex(cast(x, 'float32'), fill(0, 'float32', x.shape));
}
