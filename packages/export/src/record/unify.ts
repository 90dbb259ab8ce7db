import { TraceMismatchError } from '../errors.js';
import { ints } from '../graph/build.js';
import { constantData, type GraphNode, neededBy, type Value } from '../graph/value.js';
import { comparableEnds } from '../idioms/slice.js';
import { describePlace, type Place } from '../place.js';
import { ComputedConstants, type FreeDimension, type SizeSource } from './computed-constants.js';
import { constantForm, sameConstant } from './constant-form.js';
import { frozenRandomness } from './drawn-constants.js';
import { placeOf } from './kernel-log.js';
import type { Formula, SizeFit } from './size-fit.js';
import type { Trace } from './trace.js';

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
  readonly #computed: ComputedConstants;
  readonly #seen = new Map<Value, readonly Value[]>();
  readonly #queue: Item[] = [];

  constructor(set: TraceSet) {
    this.#set = set;
    this.#computed = new ComputedConstants(set.dimensions, set.sources);
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
    return form && this.#computed.of(form, base);
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
