import { sizeOf } from '@onnx-forge/infer';
import { binary, scalar, unary } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { broadcastTo, repeated, uniformValue } from './uniform.js';

/** Cost of calling a node, as the count of numbers that could be processed meanwhile. */
const CALL = 2048;

/** Constants nearer to 0 or farther from it stay where they are: their product with others could leave float32's range. */
const LARGEST = 1e12;

/** How values are computed, and what that costs. */
export interface Plan {
  readonly value: Value;
  readonly cost: number;
}

/** A product of float32 values and of one number, divided by other values; broadcast. */
export class Product {
  constructor(
    readonly number: number,
    readonly factors: readonly Value[],
    readonly divisors: readonly Value[],
    /** Of the nodes that compute it so far. */
    readonly cost: number = 0,
  ) {}

  /** The product of this value alone; undefined for a constant that is better left in place. */
  static of(value: Value): Product | undefined {
    const core = repeated(value);
    const number = uniformValue(core);
    if (number === undefined) return new Product(1, [core], []);
    return moderate(number) ? new Product(number, [], []) : undefined;
  }

  /** `result` is the value that the two products have been multiplied to. */
  times({ number, factors, divisors, cost }: Product, result?: Value): Product {
    return new Product(
      this.number * number,
      [...this.factors, ...factors],
      [...this.divisors, ...divisors],
      this.cost + cost + (result ? CALL + result.size : 0),
    );
  }

  inverse(): Product {
    return new Product(1 / this.number, this.divisors, this.factors, this.cost);
  }

  /** The parts for which `test` holds, with the number, and the others. */
  split(test: (value: Value) => boolean): [Product, Product] {
    const others = (value: Value): boolean => !test(value);
    return [
      new Product(this.number, this.factors.filter(test), this.divisors.filter(test)),
      new Product(1, this.factors.filter(others), this.divisors.filter(others)),
    ];
  }

  get isOne(): boolean {
    return this.number === 1 && this.factors.length === 0 && this.divisors.length === 0;
  }

  /** Nodes for it, in the given shape: small factors are multiplied first. Undefined when the number is too large or small. */
  plan(shape: readonly number[]): Plan | undefined {
    if (!moderate(this.number)) return undefined;
    const size = sizeOf(shape);
    let cost = 0;
    const join = (type: 'Mul' | 'Div', a: Value, b: Value): Value => {
      const value = binary(type, a, b);
      cost += CALL + value.size;
      return value;
    };
    const product = (values: readonly Value[]): Value | undefined =>
      values.length === 0 ? undefined : values.toSorted((a, b) => a.size - b.size).reduce((a, b) => join('Mul', a, b));
    const over = (a: Value | undefined, b: Value | undefined): Value | undefined => {
      if (!b) return a;
      if (a) return join('Div', a, b);
      cost += CALL + b.size;
      return unary('Reciprocal', b);
    };
    const [small, large] = this.split((value) => value.size < size);
    const number = this.number === 1 ? [] : [scalar(this.number, 'float32')];
    const factor = product([...number, ...small.factors]);
    const divisor = product(small.divisors);
    let value = product(large.factors);
    if (factor) {
      const quotient = over(factor, divisor)!;
      value = value ? join('Mul', value, quotient) : quotient;
    } else value = over(value, divisor);
    value = large.divisors.reduce(over, value) ?? scalar(1, 'float32');
    return { value: broadcastTo(value, shape), cost };
  }
}

function moderate(number: number): boolean {
  const magnitude = Math.abs(number);
  return magnitude <= LARGEST && magnitude >= 1 / LARGEST;
}
