import { binary, cast, constant, ints, op, reshape, scalar, unary } from '../graph/build.js';
import { floorDiv, modulo, plus, product, type Size, shapeEntry, sizeVector, times } from '../graph/size.js';
import type { DType, Value } from '../graph/value.js';
import type { ConstantForm, NumberRule, SizeMap } from './constant-form.js';
import type { Formula } from './size-fit.js';

/** A free dimension, and the axis of an input at which the graph reads its size. */
export interface FreeDimension {
  readonly name: string;
  readonly input: Value;
  readonly axis: number;
}

/** A size that formulas are made of: an axis of a value of the base graph. */
export interface SizeSource {
  readonly value: Value;
  readonly axis: number;
}

/** Nodes that compute, from the free sizes, the constants that vary with them. */
export class ComputedConstants {
  readonly #dimensions: readonly FreeDimension[];
  readonly #sources: readonly SizeSource[];

  /** @param sources where the formulas' atoms are in the graph; the free dimensions come first */
  constructor(dimensions: readonly FreeDimension[], sources: readonly SizeSource[] = []) {
    this.#dimensions = dimensions;
    this.#sources = sources;
  }

  /** A value of the form, of the dtype and, as traced, the shape of the constant that it stands for. */
  of(form: ConstantForm, base: Value): Value {
    switch (form.kind) {
      case 'vector':
        return cast(this.#vector(form.entries), base.dtype);
      case 'repeated': {
        const part = constant(form.core, base.dtype, form.coreShape);
        return op('Expand', [part, this.#vector(form.shape)], base.dtype, base.shape);
      }
      case 'counting': {
        const [start, size] = [this.#whole(form.start), this.#whole(form.size)];
        return range(start, size, form.step, base.dtype, base.size);
      }
      case 'spaced': {
        const size = this.#whole(form.size);
        const gaps = op('Max', [binary('Sub', size, scalar(1, 'int64')), scalar(1, 'int64')], 'int64', []);
        const distance = binary('Div', scalar(form.end - form.start, base.dtype), cast(gaps, base.dtype));
        const positions = range(scalar(0, 'int64'), size, 1, base.dtype, base.size);
        return binary('Add', binary('Mul', positions, distance), scalar(form.start, base.dtype));
      }
      case 'diagonal': {
        const { below, on, above, shape } = form;
        const [rows, columns] = shape.map((size, axis) => {
          const counted = range(scalar(0, 'int64'), this.#whole(size), 1, 'int64', base.shape[axis]!);
          return op(
            'Unsqueeze',
            [counted, ints([1 - axis])],
            'int64',
            axis === 0 ? [counted.size, 1] : [1, counted.size],
          );
        }) as [Value, Value];
        // onnxruntime chooses between numbers only.
        const dtype = base.dtype === 'bool' ? 'int32' : base.dtype;
        const choose = (condition: string, yes: Value, no: Value): Value =>
          op('Where', [binary(condition, rows, columns, 'bool'), yes, no], dtype, base.shape);
        const number = (n: number): Value => scalar(n, dtype);
        return cast(choose('Equal', number(on), choose('Less', number(above), number(below))), base.dtype);
      }
      case 'number':
        return this.#number(form.rule, base);
    }
  }

  /** A scalar of int64. */
  #whole(formula: Formula): Value {
    if (formula.terms.length === 0) return scalar(formula.offset, 'int64');
    return op('Squeeze', [this.#vector([formula])], 'int64', []);
  }

  #number({ formula, divisor, map }: NumberRule, base: Value): Value {
    const size = cast(this.#whole(formula), base.dtype);
    const part = divisor === 1 ? size : binary('Div', size, scalar(divisor, base.dtype));
    return reshape(
      MAP_OPERATORS[map].reduce((x, operator) => unary(operator, x), part),
      base.shape,
    );
  }

  /** The 1-d int64 value whose entries the formulas give. */
  #vector(entries: readonly Formula[]): Value {
    const plain = entries.every(({ terms }) =>
      terms.every(({ feature }) => feature.kind === 'product' && isFree(feature.atoms, this.#dimensions.length)),
    );
    return plain ? this.#affine(entries) : sizeVector(entries.map((entry) => this.#size(entry)));
  }

  /** offset + slope * size, as vectors. */
  #affine(entries: readonly Formula[]): Value {
    const parts = this.#dimensions.flatMap(({ input, axis }, d) => {
      const slopes = entries.map(({ terms }) => terms.find(({ feature }) => feature.atoms[0] === d)?.slope ?? 0);
      if (slopes.every((slope) => slope === 0)) return [];
      const size = op('Shape', [input], 'int64', [1], { start: axis, end: axis + 1 });
      return [slopes.every((slope) => slope === 1) && slopes.length === 1 ? size : binary('Mul', ints(slopes), size)];
    });
    const offsets = entries.map((entry) => entry.offset);
    if (offsets.some((offset) => offset !== 0)) parts.push(ints(offsets));
    return parts.reduce((sum, part) => binary('Add', sum, part));
  }

  #size({ offset, terms }: Formula): Size {
    const atom = (i: number): Size => shapeEntry(this.#sources[i]!.value, this.#sources[i]!.axis);
    const sum = terms.reduce((total: Size, { slope, feature }) => {
      const factors = feature.atoms.map(atom);
      const size =
        feature.kind === 'product'
          ? product(factors)
          : (feature.kind === 'floor' ? floorDiv : modulo)(plus(factors[0]!, feature.shift), feature.divisor);
      return plus(total, times(size, slope));
    }, 0);
    return plus(sum, offset);
  }
}

const MAP_OPERATORS: Readonly<Record<SizeMap, readonly string[]>> = {
  itself: [],
  inverse: ['Reciprocal'],
  root: ['Sqrt'],
  'inverse root': ['Sqrt', 'Reciprocal'],
  logarithm: ['Log'],
};

/** `size` numbers from `start` on. */
function range(start: Value, size: Value, step: number, dtype: DType, length: number): Value {
  const span = step === 1 ? size : binary('Mul', size, scalar(step, 'int64'));
  return cast(op('Range', [start, binary('Add', start, span), scalar(step, 'int64')], 'int64', [length]), dtype);
}

const isFree = (atoms: readonly number[], count: number): boolean => atoms.length === 1 && atoms[0]! < count;
