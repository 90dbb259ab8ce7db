import { arrayOf, type QuickKernel, valuesOf } from './kernel.js';

const OPERATIONS = [
  ...['Neg', 'Square', 'Sqrt', 'Rsqrt', 'Reciprocal', 'Abs', 'Exp', 'Log', 'Log1p'],
  ...['Sigmoid', 'Tanh', 'Relu', 'Elu', 'Step'],
];

/** The operation by its place in the list: inlined into the one loop that serves them all. */
function apply(operation: number, x: number, alpha: number): number {
  switch (operation) {
    case 0:
      return -x;
    case 1:
      return x * x;
    case 2:
      return Math.sqrt(x);
    case 3:
      return 1 / Math.sqrt(x);
    case 4:
      return 1 / x;
    case 5:
      return Math.abs(x);
    case 6:
      return Math.exp(x);
    case 7:
      return Math.log(x);
    case 8:
      return Math.log1p(x);
    case 9:
      return 1 / (1 + Math.exp(-x));
    case 10:
      return Math.tanh(x);
    case 11:
      return Math.max(0, x);
    case 12:
      return x >= 0 ? x : Math.exp(x) - 1;
    default:
      return Number.isNaN(x) ? x : x > 0 ? 1 : alpha;
  }
}

function unary(name: string): QuickKernel {
  const operation = OPERATIONS.indexOf(name);
  return (inputs, attrs, backend) => {
    const { dtype, shape } = inputs.x!;
    if (dtype !== 'float32') return undefined;
    const values = valuesOf(inputs.x!, backend);
    const out = arrayOf(dtype, values.length);
    const alpha = operation === OPERATIONS.length - 1 ? (attrs.alpha as number) : 0;
    for (let i = 0; i < out.length; i++) out[i] = apply(operation, values[i]!, alpha);
    return backend.makeTensorInfo(shape, dtype, out);
  };
}

export const UNARY: ReadonlyMap<string, QuickKernel> = new Map(OPERATIONS.map((name) => [name, unary(name)]));
