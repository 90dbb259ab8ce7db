import { sizeOf } from '@onnx-forge/infer';
import { TraceMismatchError } from './errors.js';
import { arrayOf, binary, cast, constant, ints, op } from './graph/build.js';
import type { ConstantData, DType, GraphNode, Value } from './graph/value.js';
import { frozenRandomness } from './record/drawn-constants.js';
import type { Trace } from './trace.js';

/** A free dimension: where the graph can read its size, and the sizes it had in the traces. */
export interface FreeDimension {
  readonly name: string;
  readonly input: Value;
  readonly axis: number;
}

/** The traces of one function. `varied[d]` differs from `base` in the size of free dimension d alone. */
export interface TraceSet {
  readonly base: Trace;
  readonly again: Trace;
  readonly varied: readonly Trace[];
  /** Every free dimension at a third size: what two sizes suggest is checked against it. */
  readonly check: Trace | undefined;
  readonly dimensions: readonly FreeDimension[];
  /** Sizes of the free dimensions in base, varied and check. */
  readonly sizes: {
    readonly base: readonly number[];
    readonly varied: readonly number[];
    readonly check: readonly number[];
  };
}

/** value = offset + sum of slope[d] * size[d] */
interface Affine {
  readonly offset: number;
  readonly slopes: readonly number[];
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
    const others = set.varied.map((trace) => output(trace, name));
    const check = set.check && output(set.check, name);
    unifier.compare([value, output(set.again, name), ...others, ...(check ? [check] : [])], `output ${name}`);
    dims[name] = unifier.dimensions(
      value.shape,
      others.map((other) => other.shape),
    );
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

class Unifier {
  readonly #set: TraceSet;
  readonly #seen = new Map<Value, Value>();
  readonly #queue: { values: Value[]; user: string; reshape: boolean }[] = [];

  constructor(set: TraceSet) {
    this.#set = set;
  }

  /** `values`: the same place in base, again, varied..., check. */
  compare(values: Value[], user: string, reshape = false): void {
    const [base, again] = values as [Value, Value];
    const known = this.#seen.get(base);
    if (known !== undefined) {
      if (known !== again)
        throw new TraceMismatchError(`two traces of the function share values differently at ${user}`);
      return;
    }
    this.#seen.set(base, again);
    this.#queue.push({ values, user, reshape });
  }

  run(): void {
    for (let item = this.#queue.pop(); item; item = this.#queue.pop()) {
      const { values, user, reshape } = item;
      const kinds = new Set(values.map(({ source }) => source.kind));
      if (kinds.size > 1)
        throw new TraceMismatchError(`traces of the function differ at ${user}: ${[...kinds].join(' against ')}`);
      const source = values[0]!.source;
      if (source.kind === 'node') this.#nodes(values);
      else if (source.kind === 'constant') this.#constants(values, user, reshape);
    }
  }

  #nodes(values: Value[]): void {
    const nodes = values.map(({ source }) => (source.kind === 'node' ? source.node : undefined)) as GraphNode[];
    const [base] = nodes as [GraphNode];
    for (const other of nodes) {
      if (other.op !== base.op || other.domain !== base.domain || other.inputs.length !== base.inputs.length) {
        throw new TraceMismatchError(`traces of the function differ: ${base.op} against ${other.op}`, {
          ops: [base.op, other.op],
        });
      }
      if (JSON.stringify(other.attributes) !== JSON.stringify(base.attributes)) {
        const names = this.#set.dimensions.map(({ name }) => name).join(', ');
        throw new TraceMismatchError(
          `${base.op} has attributes that depend on a free dimension (${names}); fix that dimension in the signature`,
          { op: base.op, attributes: nodes.map(({ attributes }) => attributes) },
        );
      }
    }
    for (const [i, input] of base.inputs.entries()) {
      if (input)
        this.compare(
          nodes.map((node) => node.inputs[i]!),
          `${base.op} input ${i}`,
          base.op === 'Reshape' && i === 1,
        );
    }
  }

  #constants(values: Value[], user: string, reshape: boolean): void {
    const [base, again] = values as [Value, Value];
    const data = values.map(({ source }) => (source.kind === 'constant' ? source.data() : undefined)) as ConstantData[];
    if (!equal(data[0]!, data[1]!) || !sameShape(base, again)) {
      const drawn = base.source.kind === 'constant' ? base.source.drawn : undefined;
      throw frozenRandomness(drawn ?? `a constant at ${user}`, { user });
    }
    if (values.every((value, i) => sameShape(value, base) && equal(data[i]!, data[0]!))) return;
    const replacement =
      this.#vector(values, data, reshape) ??
      this.#repeated(values, data) ??
      this.#counting(values, data) ??
      this.#number(values, data);
    if (!replacement) {
      throw new TraceMismatchError(
        `a constant at ${user} depends on a free dimension in a way that a graph can't compute`,
        { user },
      );
    }
    base.source = replacement.source;
  }

  /** A shape constant: every entry an affine function of the free sizes, or one -1 in a Reshape. */
  #vector(values: Value[], data: ConstantData[], reshape: boolean): Value | undefined {
    if (values[0]!.dtype !== 'int64' || !values.every((value) => sameShape(value, values[0]!))) return undefined;
    const entries = Array.from({ length: data[0]!.length }, (_, i) =>
      this.#affine(data.map((array) => Number(array[i]))),
    );
    const varying = entries.filter((entry) => entry === undefined || entry.slopes.some((slope) => slope !== 0));
    if (reshape && varying.length === 1) {
      return ints(entries.map((entry) => (entry?.slopes.every((slope) => slope === 0) ? entry.offset : -1)));
    }
    return entries.every((entry) => entry !== undefined) ? this.#computed(entries as Affine[]) : undefined;
  }

  /** A constant that repeats itself along the axes that vary. */
  #repeated(values: Value[], data: ConstantData[]): Value | undefined {
    const [base] = values as [Value];
    if (base.rank === 0 || !values.every((value) => value.rank === base.rank)) return undefined;
    const core = base.shape.map((n, axis) => (values.every((value) => value.shape[axis] === n) ? n : 1));
    if (!values.every((value, i) => repeats(data[i]!, value.shape, data[0]!, base.shape, core))) return undefined;
    const entries = base.shape.map((_, axis) => this.#affine(values.map((value) => value.shape[axis]!)));
    if (entries.some((entry) => entry === undefined)) return undefined;
    const part = constant(coreOf(data[0]!, base.dtype, base.shape, core), base.dtype, core);
    return op('Expand', [part, this.#computed(entries as Affine[])], base.dtype, base.shape);
  }

  /** 0, 1, ... n - 1. */
  #counting(values: Value[], data: ConstantData[]): Value | undefined {
    const [base] = values as [Value];
    if (base.rank !== 1 || !data.every((array) => array.every((v: number | bigint, i: number) => Number(v) === i))) {
      return undefined;
    }
    const size = this.#affine(values.map((value) => value.size));
    if (!size) return undefined;
    const [start, step] = [
      constant(arrayOf(base.dtype, [0]), base.dtype, []),
      constant(arrayOf(base.dtype, [1]), base.dtype, []),
    ];
    const limit = cast(op('Squeeze', [this.#computed([size])], 'int64', []), base.dtype);
    return op('Range', [start, limit, step], base.dtype, base.shape);
  }

  /** A number computed from a size: a count, or one over a count. */
  #number(values: Value[], data: ConstantData[]): Value | undefined {
    const [base] = values as [Value];
    if (base.size !== 1 || base.dtype === 'int64') return undefined;
    const numbers = data.map((array) => Number(array[0]));
    const build = (entry: Affine): Value => cast(op('Squeeze', [this.#computed([entry])], 'int64', []), base.dtype);
    const count = this.#affine(numbers);
    const reshaped = (value: Value): Value =>
      base.rank === 0 ? value : op('Reshape', [value, ints(base.shape)], base.dtype, base.shape);
    if (count) return reshaped(build(count));
    const inverse = this.#affine(numbers.map((n) => Math.round(1 / n)));
    const exact = numbers.every((n) => Math.abs(1 / n - Math.round(1 / n)) < 1e-3);
    if (!inverse || !exact || base.dtype !== 'float32') return undefined;
    return reshaped(op('Reciprocal', [build(inverse)], 'float32', []));
  }

  /** Fits the numbers of base, again, varied..., check; undefined when no affine function of integers does. */
  #affine(numbers: readonly number[]): Affine | undefined {
    const { sizes, dimensions, check } = this.#set;
    const [value] = numbers as [number];
    const slopes = dimensions.map((_, d) => (numbers[2 + d]! - value) / (sizes.varied[d]! - sizes.base[d]!));
    const at = (point: readonly number[]): number => slopes.reduce((sum, slope, d) => sum + slope * point[d]!, 0);
    const offset = value - at(sizes.base);
    if (!slopes.every(Number.isInteger) || !Number.isInteger(offset)) return undefined;
    if (check && offset + at(sizes.check) !== numbers[numbers.length - 1]) return undefined;
    return { offset, slopes };
  }

  /** The 1-d int64 value whose entries are the affine functions: offset + slope * size, as vectors. */
  #computed(entries: readonly Affine[]): Value {
    const parts = this.#set.dimensions.flatMap(({ input, axis }, d) => {
      const slopes = entries.map((entry) => entry.slopes[d]!);
      if (slopes.every((slope) => slope === 0)) return [];
      const size = op('Shape', [input], 'int64', [1], { start: axis, end: axis + 1 });
      return [slopes.every((slope) => slope === 1) && slopes.length === 1 ? size : binary('Mul', ints(slopes), size)];
    });
    const offsets = entries.map((entry) => entry.offset);
    if (offsets.some((offset) => offset !== 0)) parts.push(ints(offsets));
    return parts.reduce((sum, part) => binary('Add', sum, part));
  }

  /** A shape with its free dimensions named. */
  dimensions(base: readonly number[], others: readonly (readonly number[])[]): (number | string)[] {
    const { dimensions, sizes } = this.#set;
    return base.map((n, axis) => {
      const moving = dimensions.flatMap((dimension, d) => (others[d]![axis] === n ? [] : [{ dimension, d }]));
      if (moving.length === 0) return n;
      const [{ dimension, d }] = moving as [{ dimension: FreeDimension; d: number }];
      const equalSize = moving.length === 1 && n === sizes.base[d] && others[d]![axis] === sizes.varied[d];
      return equalSize ? dimension.name : `${moving.map((m) => m.dimension.name).join('_')}_dependent_${axis}`;
    });
  }
}

function equal(a: ConstantData, b: ConstantData): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i] && !(Number.isNaN(a[i]) && Number.isNaN(b[i]))) return false;
  return true;
}

function sameShape(a: Value, b: Value): boolean {
  return a.rank === b.rank && a.shape.every((n, i) => n === b.shape[i]);
}

/** The entries at index 0 of every axis that `core` has as 1. */
function coreOf(data: ConstantData, dtype: DType, shape: readonly number[], core: readonly number[]): ConstantData {
  const size = sizeOf(core);
  return arrayOf(
    dtype,
    Array.from({ length: size }, (_, i) => Number(data[indexIn(i, core, shape)])),
  );
}

/** Whether every entry equals the base's entry at its place in the core. */
function repeats(
  data: ConstantData,
  shape: readonly number[],
  base: ConstantData,
  baseShape: readonly number[],
  core: readonly number[],
): boolean {
  for (let i = 0; i < data.length; i++) if (data[i] !== base[indexIn(i, shape, baseShape, core)]) return false;
  return true;
}

/** Flat index, in `target`, of the flat index `i` of `shape`; axes that `limits` has as 1 count as 0. */
function indexIn(
  i: number,
  shape: readonly number[],
  target: readonly number[],
  limits: readonly number[] = shape,
): number {
  let [index, stride, rest] = [0, 1, i];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const position = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
    index += (limits[axis] === 1 ? 0 : position) * stride;
    stride *= target[axis]!;
  }
  return index;
}
