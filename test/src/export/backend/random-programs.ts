/** Random tfjs programs: chains of operations over shared tensors, of which each step depends on shapes alone. */
import { tf } from '@onnx-forge/export';

/** One step: an operation, and numbers that choose its operands and settings. */
export interface Step {
  readonly op: number;
  readonly picks: readonly number[];
  /** The action after it: see `AFTER`. */
  readonly after: number;
}

/** Chooses an operand among those of a kind; throws `NoOperand` when there is none. */
export class Choices {
  #next = 0;
  constructor(
    readonly pool: readonly tf.Tensor[],
    readonly picks: readonly number[],
  ) {}

  number(below: number): number {
    return this.picks[this.#next++ % this.picks.length]! % below;
  }

  of<T>(options: readonly T[]): T {
    return options[this.number(options.length)]!;
  }

  tensor(fits: (t: tf.Tensor) => boolean): tf.Tensor {
    const fitting = this.pool.filter(fits);
    if (fitting.length === 0) throw new NoOperand();
    // Late results more often than early ones, so that chains grow long.
    const from = this.number(2) === 0 ? 0 : Math.floor(fitting.length / 2);
    return fitting[from + this.number(fitting.length - from)]!;
  }

  float(fits: (t: tf.Tensor) => boolean = () => true): tf.Tensor {
    return this.tensor((t) => t.dtype === 'float32' && fits(t));
  }

  whole(fits: (t: tf.Tensor) => boolean = () => true): tf.Tensor {
    return this.tensor((t) => t.dtype === 'int32' && fits(t));
  }

  /** Another operand that can be broadcast with it. */
  beside(a: tf.Tensor): tf.Tensor {
    return this.tensor((t) => t.dtype === a.dtype && broadcasts(a.shape, t.shape));
  }

  axis(x: tf.Tensor): number {
    return this.number(x.rank) - (this.number(3) === 0 ? x.rank : 0);
  }
}

export class NoOperand extends Error {}

function broadcasts(a: readonly number[], b: readonly number[]): boolean {
  const rank = Math.max(a.length, b.length);
  let size = 1;
  for (let i = 1; i <= rank; i++) {
    const [m, n] = [a.at(-i) ?? 1, b.at(-i) ?? 1];
    if (i <= a.length && i <= b.length ? m !== n && m !== 1 && n !== 1 : false) return false;
    size *= Math.max(m, n);
  }
  return size <= MOST;
}

/** Most elements of a tensor. */
const MOST = 4000;

const small = (t: tf.Tensor, factor: number): boolean => t.size * factor <= MOST;
const ranked = (t: tf.Tensor): boolean => t.rank > 0;
const matrix = (t: tf.Tensor): boolean => t.rank === 2;
const image = (t: tf.Tensor): boolean => t.rank === 4 && t.shape[1]! >= 3 && t.shape[2]! >= 3;

/** Keeps numbers of a size where rounding is comparable from step to step. */
const tame = (t: tf.Tensor): tf.Tensor => tf.clipByValue(t, -20, 20);

/** How near operands are to where the result jumps. Numbers that are exactly there do not count: they are as exact elsewhere. */
export type Margin = (inputs: readonly (readonly number[])[]) => number;

export interface Operation {
  readonly name: string;
  readonly run: (choose: Choices) => {
    inputs: tf.Tensor[];
    compute: (inputs: tf.Tensor[]) => tf.Tensor[];
    margin?: Margin;
  };
}

/** The least distance but 0. */
const least = (distances: Iterable<number>): number => {
  let found = Number.POSITIVE_INFINITY;
  for (const distance of distances) if (distance > 0 && distance < found) found = distance;
  return found;
};

const toWhole: Margin = ([x]) => least(x!.map((v) => Math.abs(v - Math.round(v))));
const toHalf: Margin = ([x]) => least(x!.map((v) => Math.abs(v - Math.floor(v) - 0.5)));
const toZero: Margin = ([x]) => least(x!.map(Math.abs));
/** Of any two entries: more than any one row's, so that it needs no shapes. */
const apart: Margin = ([x]) => {
  const sorted = x!.toSorted((a, b) => a - b);
  return least(sorted.slice(1).map((v, i) => v - sorted[i]!));
};

function one(
  name: string,
  f: (x: tf.Tensor, choose: Choices) => tf.Tensor | tf.Tensor[],
  fits?: (t: tf.Tensor) => boolean,
  margin?: Margin,
): Operation {
  return {
    name,
    run: (choose) => {
      const x = choose.float(fits);
      const settings = [...choose.picks];
      return {
        inputs: [x],
        compute: ([input]) => [f(input!, new Choices([], settings))].flat(),
        ...(margin && { margin }),
      };
    },
  };
}

function two(
  name: string,
  f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  dtype = 'float32',
  margin?: Margin,
): Operation {
  return {
    name,
    run: (choose) => {
      const a = choose.tensor((t) => t.dtype === dtype);
      const b = choose.beside(a);
      return { inputs: [a, b], compute: ([x, y]) => [f(x!, y!)], ...(margin && { margin }) };
    },
  };
}

/** The margin of a comparison whose operands may be broadcast: of any pair. */
const anyPair: Margin = ([a, b]) => {
  const sorted = b!.toSorted((x, y) => x - y);
  return least(
    a!.map((value) => {
      let [low, high] = [0, sorted.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (sorted[middle]! < value) low = middle + 1;
        else high = middle;
      }
      const near = [sorted[low - 1], sorted[low]].filter((v) => v !== undefined).map((v) => Math.abs(v - value));
      return least(near);
    }),
  );
};

const comparisons = { greater: tf.greater, lessEqual: tf.lessEqual, equal: tf.equal, notEqual: tf.notEqual };
const unary: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  tanh: tf.tanh,
  sigmoid: tf.sigmoid,
  relu: tf.relu,
  elu: tf.elu,
  softplus: tf.softplus,
  sin: tf.sin,
  abs: tf.abs,
  neg: tf.neg,
  square: (x) => tame(tf.square(x)),
  exp: (x) => tf.exp(tf.minimum(x, 3)),
  log: (x) => tf.log(tf.add(tf.abs(x), 0.5)),
  sqrt: (x) => tf.sqrt(tf.add(tf.square(x), 0.1)),
  erf: tf.erf,
  pow: (x) => tf.pow(tf.add(tf.abs(x), 0.2), 0.7),
  leakyRelu: (x) => tf.leakyRelu(x, 0.1),
  logSigmoid: tf.logSigmoid,
};

export const OPERATIONS: readonly Operation[] = [
  ...Object.entries(unary).map(([name, f]) => one(name, f)),
  two('add', (a, b) => tame(tf.add(a, b))),
  two('sub', (a, b) => tame(tf.sub(a, b))),
  two('mul', (a, b) => tame(tf.mul(a, b))),
  two('div', (a, b) => tame(tf.div(a, tf.add(tf.abs(b), 0.5)))),
  two('maximum', tf.maximum),
  two('minimum', tf.minimum),
  two('squaredDifference', (a, b) => tame(tf.squaredDifference(a, b))),
  two('int add', (a, b) => tf.clipByValue(tf.add(a, b), -1000, 1000), 'int32'),
  two('int mul', (a, b) => tf.mod(tf.mul(a, b), tf.scalar(17, 'int32')), 'int32'),
  two('int floorDiv', (a, b) => tf.floorDiv(a, tf.add(tf.abs(b), 1)), 'int32'),
  two('int less', tf.less, 'int32'),
  two('and', tf.logicalAnd, 'bool'),
  two('or', tf.logicalOr, 'bool'),
  ...Object.entries(comparisons).map(([name, f]) => two(name, f, 'float32', anyPair)),
  one('toInt', (x) => tf.cast(x, 'int32'), undefined, toWhole),
  one('toBool', (x) => tf.cast(x, 'bool'), undefined, toZero),
  one('floor', tf.floor, undefined, toWhole),
  one('ceil', tf.ceil, undefined, toWhole),
  one('round', tf.round, undefined, toHalf),
  one('sign', tf.sign, undefined, toZero),
  one('step', (x) => tf.step(x, 0.25), undefined, toZero),
  {
    name: 'from int',
    run: (choose) => ({ inputs: [choose.whole()], compute: ([x]) => [tf.cast(x!, 'float32')] }),
  },
  {
    name: 'from bool',
    run: (choose) => {
      const to = choose.of(['float32', 'int32'] as const);
      return { inputs: [choose.tensor((t) => t.dtype === 'bool')], compute: ([x]) => [tf.cast(x!, to)] };
    },
  },
  ...(['sum', 'mean', 'max', 'min', 'logSumExp'] as const).map((name) =>
    one(name, (x, choose) => tame(tf[name](x, choose.axis(x), choose.number(2) === 0)), ranked),
  ),
  one('sum all', (x) => tf.tanh(tf.sum(x))),
  one('prod', (x, choose) => tf.prod(tf.tanh(x), choose.axis(x)), ranked),
  one('argMax', (x, choose) => tf.argMax(x, choose.axis(x)), ranked, apart),
  one('argMin', (x, choose) => tf.argMin(x, choose.axis(x)), ranked, apart),
  one(
    'topk',
    (x, choose) => {
      const { values, indices } = tf.topk(x, 1 + choose.number(x.shape.at(-1)!));
      return [values, indices];
    },
    ranked,
    apart,
  ),
  one(
    'cumsum',
    (x, choose) => tame(tf.cumsum(x, choose.number(x.rank), choose.number(2) === 0, choose.number(3) === 0)),
    ranked,
  ),
  one(
    'cumprod',
    (x, choose) => tf.cumprod(tf.tanh(x), choose.number(x.rank), choose.number(2) === 0, choose.number(3) === 0),
    ranked,
  ),
  one('softmax', (x) => tf.softmax(x), ranked),
  one('logSoftmax', (x) => tf.logSoftmax(x), ranked),
  one('transpose', (x, choose) => tf.transpose(x, rotated(x.rank, choose.number(4))), ranked),
  one('reverse', (x, choose) => tf.reverse(x, choose.axis(x)), ranked),
  one('reshape', (x) => tf.reshape(x, [-1])),
  one(
    'expandDims',
    (x, choose) => tf.expandDims(x, choose.number(x.rank + 1)),
    (t) => t.rank < 4,
  ),
  one(
    'pad',
    (x, choose) =>
      tf.pad(
        x,
        x.shape.map(() => [choose.number(2), choose.number(2)] as [number, number]),
        0.5,
      ),
    (t) => ranked(t) && small(t, 8),
  ),
  one(
    'mirrorPad',
    (x, choose) =>
      tf.mirrorPad(
        x,
        x.shape.map((n) => [Math.min(n - 1, choose.number(2)), 0] as [number, number]),
        choose.of(['reflect', 'symmetric'] as const),
      ),
    (t) => ranked(t) && small(t, 16),
  ),
  one(
    'tile',
    (x, choose) =>
      tf.tile(
        x,
        x.shape.map(() => 1 + choose.number(2)),
      ),
    (t) => ranked(t) && small(t, 16),
  ),
  one(
    'slice',
    (x, choose) => {
      const begin = x.shape.map((n) => choose.number(n));
      return tf.slice(
        x,
        begin,
        x.shape.map((n, i) => 1 + choose.number(n - begin[i]!)),
      );
    },
    ranked,
  ),
  one(
    'stridedSlice',
    (x, choose) =>
      tf.stridedSlice(
        x,
        x.shape.map((n) => n - 1),
        x.shape.map((n) => -n - 1),
        x.shape.map(() => -1 - choose.number(2)),
      ),
    ranked,
  ),
  one(
    'split',
    (x, _choose) => tf.split(x, [1, x.shape.at(-1)! - 1], -1),
    (t) => ranked(t) && t.shape.at(-1)! > 1,
  ),
  one(
    'unstack',
    (x) => tf.unstack(x).slice(0, 3),
    (t) => t.rank > 1,
  ),
  one(
    'stack',
    (x, choose) => tf.stack([x, tf.neg(x)], choose.number(x.rank + 1)),
    (t) => t.rank < 4 && small(t, 2),
  ),
  one(
    'concat',
    (x, choose) => tf.concat([x, tf.tanh(x)], choose.number(x.rank)),
    (t) => ranked(t) && small(t, 2),
  ),
  {
    name: 'gather',
    run: (choose) => {
      const [x, indices, axis] = [
        choose.float((t) => ranked(t) && small(t, 4)),
        choose.whole((t) => t.rank === 1 && t.size <= 12),
        choose.number(4),
      ];
      return {
        inputs: [x, indices],
        compute: ([a, i]) => [
          tf.gather(
            a!,
            tf.mod(tf.abs(i!), tf.scalar(a!.shape[axis % a!.rank]!, 'int32')) as tf.Tensor1D,
            axis % a!.rank,
          ),
        ],
      };
    },
  },
  {
    name: 'where',
    run: (choose) => {
      const mask = choose.tensor((t) => t.dtype === 'bool');
      const x = choose.float((t) => broadcasts(mask.shape, t.shape));
      return { inputs: [mask, x], compute: ([m, a]) => [tf.where(m!, a!, tf.tanh(a!))] };
    },
  },
  {
    name: 'oneHot',
    run: (choose) => ({
      inputs: [choose.whole((t) => small(t, 5) && t.rank < 4)],
      compute: ([i]) => [tf.oneHot(i!, 5, 2, -1, 'float32')],
    }),
  },
  {
    name: 'segmentSum',
    run: (choose) => {
      const ids = choose.whole((t) => t.rank === 1);
      const x = choose.float((t) => ranked(t) && t.shape[0] === ids.size);
      return { inputs: [x, ids], compute: ([a, i]) => [tame(tf.unsortedSegmentSum(a!, i as tf.Tensor1D, 4))] };
    },
  },
  {
    name: 'matMul',
    run: (choose) => {
      const a = choose.float((t) => t.rank >= 2);
      const b = choose.float((t) => t.rank === 2 && t.shape[0] === a.shape.at(-1) && small(a, t.shape[1]!));
      return {
        inputs: [a, b],
        compute: ([x, y]) => [tame(tf.matMul(x!.rank > 2 ? tf.reshape(x!, [-1, x!.shape.at(-1)!]) : x!, y!))],
      };
    },
  },
  one(
    'gram',
    (x) => tame(tf.matMul(x, x, false, true)),
    (t) => matrix(t) && t.shape[0]! < 40,
  ),
  one(
    'conv2d',
    (x, choose) =>
      tame(
        tf.conv2d(
          x as tf.Tensor4D,
          filter(3, x.shape[3]!, 2),
          choose.of([1, 2]),
          choose.of(['same', 'valid'] as const),
        ),
      ),
    image,
  ),
  one(
    'depthwise',
    (x, choose) =>
      tame(
        tf.depthwiseConv2d(
          x as tf.Tensor4D,
          tf.reshape(filter(2, x.shape[3]!, 1), [2, 2, x.shape[3]!, 1]) as tf.Tensor4D,
          choose.of([1, 2]),
          'same',
        ),
      ),
    image,
  ),
  one(
    'maxPool',
    (x, choose) => tf.maxPool(x as tf.Tensor4D, 2, choose.of([1, 2]), choose.of(['same', 'valid'] as const)),
    image,
  ),
  one(
    'avgPool',
    (x, choose) => tf.avgPool(x as tf.Tensor4D, 2, choose.of([1, 2]), choose.of(['same', 'valid'] as const)),
    image,
  ),
  one('resize', (x, choose) => tf.image.resizeBilinear(x as tf.Tensor4D, [5, 4], choose.number(2) === 0), image),
  one(
    'batchNorm',
    (x) => {
      const { mean, variance } = tf.moments(x, x.shape.map((_, i) => i).slice(0, -1));
      return tf.batchNorm(x, mean, variance, tf.zerosLike(mean), tf.onesLike(mean), 0.05);
    },
    (t) => t.rank >= 2 && t.rank <= 4 && t.shape[0]! > 1,
  ),
  one('gradient of tanh', (x) => tf.grad((t) => tf.sum(tf.tanh(tf.mul(t, 1.5))))(x)),
  one('gradient of relu', (x) => tf.grad((t) => tf.sum(tf.square(tf.relu(t))))(x)),
  one('gradient of softmax', (x) => tf.grad((t) => tf.sum(tf.square(tf.softmax(t))))(x), ranked),
  one(
    'gradient of pooling',
    (x) => tf.grad((t) => tf.sum(tf.square(tf.maxPool(t as tf.Tensor4D, 2, 2, 'valid'))))(x),
    image,
    apart,
  ),
  one(
    'gradient of a convolution',
    (x) =>
      tame(tf.grad((t) => tf.mean(tf.square(tf.conv2d(t as tf.Tensor4D, filter(3, x.shape[3]!, 2), 1, 'same'))))(x)),
    image,
  ),
  one(
    'gradient of moments',
    (x) =>
      tame(
        tf.grad((t) => {
          const { mean, variance } = tf.moments(t, 0);
          return tf.sum(tf.mul(t, tf.square(tf.mul(tf.sub(t, mean), tf.rsqrt(tf.add(variance, 0.1))))));
        })(x),
      ),
    (t) => t.rank >= 2,
  ),
];

function rotated(rank: number, by: number): number[] {
  return Array.from({ length: rank }, (_, i) => (i + by) % rank);
}

function filter(size: number, inputs: number, outputs: number): tf.Tensor4D {
  const n = size * size * inputs * outputs;
  return tf.tensor(
    Float32Array.from({ length: n }, (_, i) => Math.sin(i + 1) / size),
    [size, size, inputs, outputs],
  );
}

const wave = (shape: number[], shift: number): tf.Tensor =>
  tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => 1.5 * Math.sin(2.3 * i + shift)),
    shape,
  );

/** The tensors that every program begins with. */
export function beginning(): tf.Tensor[] {
  const shapes = [[4, 6], [6, 5], [6], [], [2, 6, 6, 3], [3, 4, 6], [40, 24], [1, 9, 8, 2]];
  return [
    ...shapes.map((shape, i) => wave(shape, i)),
    tf.tensor1d([3, 0, 5, 1, -2, 3], 'int32'),
    tf.tensor2d([1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 0, 1, 1], [4, 6], 'bool'),
  ];
}

/** Actions of a program between its steps. */
export const AFTER = [
  'nothing',
  'nothing',
  'nothing',
  'read at once',
  'await',
  'dispose',
  'open a scope',
  'close a scope',
  'assign',
] as const;
