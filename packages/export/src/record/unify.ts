import { TraceMismatchError } from '../errors.js';
import { binary, cast, constant, ints, op, reshape, scalar, unary } from '../graph/build.js';
import { floorDiv, modulo, plus, product, type Size, shapeEntry, sizeVector, times } from '../graph/size.js';
import { constantData, type DType, type GraphNode, neededBy, type Value } from '../graph/value.js';
import { comparableEnds } from '../idioms/slice.js';
import { describePlace, type Place } from '../place.js';
import { type ConstantForm, constantForm, type NumberRule, type SizeMap, sameConstant } from './constant-form.js';
import { frozenRandomness } from './drawn-constants.js';
import { placeOf } from './kernel-log.js';
import type { Formula, SizeFit } from './size-fit.js';
import type { Trace } from './trace.js';

/** A free dimension: where the graph can read its size, and the sizes it had in the traces. */
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

/** The traces of one function. */
export interface TraceSet {
  readonly base: Trace;
  /** At the same sizes. */
  readonly again: Trace;
  /** At other sizes. */
  readonly others: readonly Trace[];
  /** For each free dimension, which of the others differs from `base` in that one alone, if one does. */
  readonly changed?: readonly (number | undefined)[];
  readonly dimensions: readonly FreeDimension[];
  /** Finds formulas of numbers in base and others. */
  readonly fit?: SizeFit;
  /** Where the fit's atoms are in the base graph. */
  readonly sources?: readonly SizeSource[];
}

/**
 * Compares the traces and makes the base graph independent of the free dimensions: a shape constant that varies is
 * computed from the inputs' shapes. Changes the base trace's constants in place.
 * @returns for each output its dimensions, free ones by name.
 * @throws TraceMismatchError when a constant differs between equal traces (a random number or a clock frozen into the
 * graph), or varies in a way that the free dimensions do not explain.
 */
export function unify(set: TraceSet): Record<string, (number | string)[]> {
  const unifier = new Unifier(set);
  const dims: Record<string, (number | string)[]> = {};
  for (const [name, value] of Object.entries(set.base.outputs)) {
    const others = set.others.map((trace) => output(trace, name));
    unifier.compare([value, output(set.again, name), ...others], `output ${name}`);
    dims[name] = unifier.dimensions([value, ...others].map(({ shape }) => shape));
  }
  unifier.run();
  return dims;
}

function output(trace: Trace, name: string): Value {
  const value = trace.outputs[name];
  if (!value)
    throw new TraceMismatchError(`output ${name} is missing from a second trace of the same function`, { name });
  return value;
}

interface Item {
  /** The same place in base, again, others. */
  readonly values: readonly Value[];
  readonly user: string;
  readonly node: GraphNode | undefined;
  readonly position: number;
}

class Unifier {
  readonly #set: TraceSet;
  readonly #seen = new Map<Value, readonly Value[]>();
  readonly #queue: Item[] = [];

  constructor(set: TraceSet) {
    this.#set = set;
  }

  compare(values: readonly Value[], user: string, node?: GraphNode, position = 0): void {
    const [base] = values as [Value];
    const known = this.#seen.get(base);
    if (known !== undefined) {
      // What is one value in a trace is one in all: a slice that takes everything at one size is none there.
      if (known.some((value, i) => value !== values[i]))
        this.#refuse(`traces of the function share values differently at ${user}`, node);
      return;
    }
    this.#seen.set(base, values);
    this.#queue.push({ values, user, node, position });
  }

  run(): void {
    for (let item = this.#queue.pop(); item; item = this.#queue.pop()) {
      const { values, user, node } = item;
      const { source } = values[0]!;
      const culprit = node ?? (source.kind === 'node' ? source.node : undefined);
      const kinds = new Set(values.map(({ source }) => source.kind));
      if (kinds.size > 1)
        this.#refuse(`traces of the function differ at ${user}: ${[...kinds].join(' against ')}`, culprit);
      if (source.kind === 'node') this.#nodes(values);
      else if (source.kind === 'constant') this.#constants(item);
    }
  }

  #nodes(values: readonly Value[]): void {
    const nodes = values.map(({ source }) => (source.kind === 'node' ? source.node : undefined)) as GraphNode[];
    const [base] = nodes as [GraphNode];
    const attributes = JSON.stringify(base.attributes);
    for (const other of nodes) {
      if (
        other.op !== base.op ||
        other.domain !== base.domain ||
        other.inputs.length !== base.inputs.length ||
        other.body?.outputs.length !== base.body?.outputs.length
      ) {
        this.#refuse(`traces of the function differ: ${base.op} against ${other.op}`, base);
      }
      if (other !== base && JSON.stringify(other.attributes) !== attributes) {
        const names = this.#set.dimensions.map(({ name }) => name).join(', ');
        this.#refuse(
          `${base.op} has attributes that depend on a free dimension (${names}); fix that dimension in the signature`,
          base,
        );
      }
    }
    for (const i of (base.body?.outputs ?? []).keys()) {
      this.compare(
        nodes.map((node) => node.body!.outputs[i]!),
        `${base.op} body`,
      );
    }
    for (const [i, input] of base.inputs.entries()) {
      if (input)
        this.compare(
          nodes.map((node) => node.inputs[i]!),
          `${base.op} input ${i}`,
          base,
          i,
        );
    }
  }

  #constants({ values, user, node, position }: Item): void {
    const [base, again, ...others] = values as [Value, Value, ...Value[]];
    if (!sameConstant(base, again)) {
      const drawn = base.source.kind === 'constant' ? base.source.drawn : undefined;
      if (drawn !== undefined) throw frozenRandomness(drawn, { user });
      this.#refuse(frozenRandomness(`a constant at ${user}`).message, node);
    }
    if (others.every((value) => sameConstant(base, value))) return;
    const all = [base, ...others];
    const sized = node?.op === 'Slice' && position === 2 ? comparableEnds(node, all) : all;
    const replacement =
      (node?.op === 'Reshape' && position === 1 ? this.#openShape(sized) : undefined) ?? this.#formed(sized, base);
    if (!replacement) {
      this.#refuse(`a constant at ${user} depends on a free dimension in a way that a graph can't compute`, node);
    }
    base.source = replacement.source;
  }

  /** @param base the constant that the new value stands for */
  #formed(values: readonly Value[], base: Value): Value | undefined {
    const form = constantForm(values, (numbers) => this.#formula(numbers, base));
    return form && this.#built(form, base);
  }

  /** The formula of a constant's numbers; sizes of values that need the constant themselves are no help. */
  #formula(numbers: readonly number[], user: Value): Formula | undefined {
    const { fit, sources = [] } = this.#set;
    return fit?.formula(numbers, (atom) => sources[atom] !== undefined && !needs(sources[atom].value, user));
  }

  /** A Reshape's shape of which one entry varies: that one follows from the others. */
  #openShape(values: readonly Value[]): Value | undefined {
    const [base] = values as [Value];
    if (!values.every((value) => value.size === base.size)) return undefined;
    const data = values.map((value) => Array.from(constantData(value) ?? [], Number));
    const varies = data[0]!.map((entry, i) => data.some((array) => array[i] !== entry));
    if (varies.filter(Boolean).length !== 1) return undefined;
    return ints(data[0]!.map((entry, i) => (varies[i] ? -1 : entry)));
  }

  #built(form: ConstantForm, base: Value): Value {
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
    const { dimensions } = this.#set;
    const plain = entries.every(({ terms }) =>
      terms.every(({ feature }) => feature.kind === 'product' && isFree(feature.atoms, dimensions.length)),
    );
    return plain ? this.#affine(entries) : sizeVector(entries.map((entry) => this.#size(entry)));
  }

  /** offset + slope * size, as vectors. */
  #affine(entries: readonly Formula[]): Value {
    const parts = this.#set.dimensions.flatMap(({ input, axis }, d) => {
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
    const { sources = [] } = this.#set;
    const atom = (i: number): Size => shapeEntry(sources[i]!.value, sources[i]!.axis);
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

  /** A shape with its free dimensions named. */
  dimensions(shapes: readonly (readonly number[])[]): (number | string)[] {
    const { dimensions, changed = [], fit } = this.#set;
    const [base, ...others] = shapes as [readonly number[], ...(readonly number[])[]];
    return base.map((n, axis) => {
      if (others.every((shape) => shape[axis] === n)) return n;
      const equal = dimensions.findIndex((_, d) => {
        const sizes = fit?.atoms[d]?.values;
        return shapes.every((shape, t) => shape[axis] === sizes?.[t]);
      });
      if (equal >= 0) return dimensions[equal]!.name;
      const moving = dimensions.filter((_, d) => others[changed[d] ?? -1]?.[axis] !== n);
      return `${(moving.length > 0 ? moving : dimensions).map(({ name }) => name).join('_')}_dependent_${axis}`;
    });
  }

  #refuse(message: string, node: GraphNode | undefined): never {
    const place = node ? this.#placeOf(node) : {};
    throw new TraceMismatchError(`${message}${describePlace(place)}`, { ...place });
  }

  /** The place of the first kernel whose outputs need the node. */
  #placeOf(node: GraphNode): Place {
    const { log } = this.#set.base;
    const seen = new Set<GraphNode>();
    for (const call of log) {
      const stack = call.outputs.flatMap((content) => ('source' in content ? [content] : []));
      for (let value = stack.pop(); value; value = stack.pop()) {
        if (value.source.kind !== 'node' || seen.has(value.source.node)) continue;
        seen.add(value.source.node);
        for (const input of neededBy(value.source.node)) if (input) stack.push(input);
      }
      if (seen.has(node)) return placeOf(call);
    }
    return {};
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

/** Whether a value is computed from another. */
function needs(value: Value, other: Value): boolean {
  const seen = new Set<Value>();
  const stack = [value];
  for (let next = stack.pop(); next; next = stack.pop()) {
    if (next === other) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    if (next.source.kind === 'node') for (const input of neededBy(next.source.node)) if (input) stack.push(input);
  }
  return false;
}
