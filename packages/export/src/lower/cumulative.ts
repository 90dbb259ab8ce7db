import { binary, cast, op, scalar } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { pad } from '../idioms/pad.js';
import { strideAxes } from '../idioms/slice.js';
import { tf } from '../tfjs.js';
import { type Lowering, type LoweringCase, lowering } from './lowering.js';

interface CumulativeAttributes {
  readonly axis: number;
  readonly exclusive: boolean;
  readonly reverse: boolean;
}

function cumulativeSum(x: Value, { axis, exclusive, reverse }: CumulativeAttributes): Value {
  const numbers = x.dtype === 'bool' ? cast(x, 'int32') : x;
  const flags = { exclusive: exclusive ? 1 : 0, reverse: reverse ? 1 : 0 };
  return op('CumSum', [numbers, scalar(axis, 'int64')], numbers.dtype, x.shape, flags);
}

/** Moved `by` places along the axis (towards its end, or its beginning), ones coming in. */
function shifted(x: Value, axis: number, by: number, reverse: boolean): Value {
  const n = x.shape[axis]!;
  const kept = strideAxes(x, { [axis]: { begin: reverse ? by : 0, count: n - by, step: 1 } });
  const margin: [number, number] = reverse ? [0, by] : [by, 0];
  return pad(
    kept,
    x.shape.map((_, i) => (i === axis ? margin : [0, 0])),
    1,
  );
}

/** ONNX has no cumulative product: doubling (Hillis and Steele 1986), where pass k multiplies by what is 2^k before. */
function cumulativeProduct(x: Value, { axis, exclusive, reverse }: CumulativeAttributes): Value {
  const n = x.shape[axis]!;
  let product = x.dtype === 'bool' ? cast(x, 'int32') : x;
  if (exclusive && n > 0) product = shifted(product, axis, 1, reverse);
  for (let by = 1; by < n; by *= 2) product = binary('Mul', product, shifted(product, axis, by, reverse));
  return product;
}

function casesOf(run: typeof tf.cumsum | typeof tf.cumprod, gradient: boolean): LoweringCase[] {
  const flags = [
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ] as const;
  const names = ['plain', 'exclusive', 'reverse', 'exclusive, reverse'];
  const cases = flags.map(
    ([exclusive, reverse], i): LoweringCase => ({
      name: names[i]!,
      inputs: { x: { shape: [2, 5] } },
      run: ({ x }) => run(x!, 1, exclusive, reverse),
      gradient,
    }),
  );
  // Without the gradient, which tfjs gets wrong for any axis but the last.
  const inner: LoweringCase = {
    name: 'inner axis',
    inputs: { x: { shape: [2, 5, 3] } },
    run: ({ x }) => run(x!, 1, true, true),
  };
  return [...cases, inner, { name: 'int32', inputs: { x: { shape: [7], dtype: 'int32' } }, run: ({ x }) => run(x!) }];
}

/** Running sums and products along an axis. tfjs has no gradient of the product. */
export const cumulative: readonly Lowering[] = [
  lowering<{ x: Value }, CumulativeAttributes>(
    'Cumsum',
    ({ x }, attrs) => cumulativeSum(x, attrs),
    casesOf(tf.cumsum, true),
  ),
  lowering<{ x: Value }, CumulativeAttributes>(
    'Cumprod',
    ({ x }, attrs) => cumulativeProduct(x, attrs),
    casesOf(tf.cumprod, false),
  ),
];
