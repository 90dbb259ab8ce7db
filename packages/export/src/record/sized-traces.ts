/** Traces of one function at many sizes of its free dimensions. */
import { ForgeError } from '@onnx-forge/infer';
import { SignatureError } from '../errors.js';
import { Value } from '../graph/value.js';
import { BODY_BEGINS, BODY_ENDS } from './body.js';
import type { SizedTrace } from './compare-logs.js';
import type { VaryingAxes } from './kernel-log.js';
import type { Atom } from './size-fit.js';
import type { TraceOptions } from './trace.js';
import {
  everyRest,
  type FirstSizes,
  firstSizes,
  largerSizes,
  oneChanged,
  probes,
  type Sizes,
  smallSizes,
} from './trace-sizes.js';

export interface SizedTraces {
  readonly base: SizedTrace;
  /** At the same sizes. */
  readonly again: SizedTrace;
  /** At sizes that are not small: their graphs must be the same. */
  readonly large: readonly SizedTrace[];
  /** At sizes from 1 on and at the function's own, where tfjs and lowerings take short cuts: the kernels must be the same. */
  readonly small: readonly SizedTrace[];
  /** For each free dimension, which of `large` differs from `base` in that one alone. */
  readonly changed: readonly (number | undefined)[];
}

export type Run = (sizes: Sizes, options: TraceOptions) => SizedTrace;

/** Fewer sizes do not show how a number depends on them. */
const FEWEST = 4;
/** From here on a size is not small. */
const LARGE = 25;
/** From here on where a function takes no larger ones. */
const MEDIUM = 5;
/** Beyond sizes that functions may compare theirs with. */
const BIG = [1025, 257, 129, 65, 101, 513];

/** How many sizes are tried; `named` are numbers in the function's text. */
export interface Thoroughness {
  readonly extent: 'all' | 'few';
  readonly named: readonly number[];
}

/**
 * Traces a function with free dimensions. Sizes at which it fails itself are outside its domain and left out, and so are
 * those that leave it with empty tensors.
 * @throws SignatureError when it works at too few sizes, or at equal ones only
 */
export function sizedTraces(run: Run, names: readonly string[], { extent, named }: Thoroughness): SizedTraces {
  const options: TraceOptions = { foreign: new WeakMap() };
  const { base, again, beginning } = firstTraces(run, names, options);
  const { sizes: first, factor } = beginning;
  if (names.length === 0) return { base, again, large: [], small: [], changed: [] };
  const quick = { ...options, further: true };
  const isEmpty = holdsNothing(base);
  const attempted = (list: readonly Sizes[], more: TraceOptions) =>
    list.flatMap((sizes) => {
      const traced = attempt(run, sizes, { ...options, ...more });
      // An image of which nothing is left is no size that a function is made for.
      return traced && (isEmpty || !holdsNothing(traced)) ? [{ sizes, traced }] : [];
    });

  const singles = oneChanged(beginning);
  const apart = attempted([singles.map((sizes, d) => sizes[d]!)], {});
  let varying = varyingAxes([base, ...apart.map(({ traced }) => traced)]);
  const effort = extent === 'few' ? FEW : effortFor(base.trace.log.length, names.length);
  const taken = new Set(ownLists(base).flat());
  const plan = (least: number): Sizes[] => {
    const from = beginning.least.map((n) => Math.max(n, least));
    return everyRest(names.length, { rounds: effort.rounds, least: from, factor, taken });
  };
  const alike = first.map(() => Math.max(...first));
  let large = attempted([...singles, ...plan(LARGE), alike], { varying });
  if (large.length < singles.length + FEWEST) large = large.concat(attempted(plan(MEDIUM), { varying }));
  const shrunk = large.filter(({ traced }) => makes1(traced, base));
  large = large.filter((one) => !shrunk.includes(one));
  const small = attempted(
    [
      ...shrunk.map(({ sizes }) => sizes),
      ...smallSizes(first, effort.small, factor),
      ...ownSizes(base, effort.own),
      ...oneByOne(first, [...BIG.slice(0, effort.small), ...named.flatMap((n) => [n - 1, n, n + 1])]),
    ],
    { varying },
  );
  if (large.length < FEWEST) {
    const tried = large.map(({ traced }) => traced.at).join('; ');
    throw new SignatureError(
      `the function works at too few sizes of ${names.join(', ')} to see how it depends on them (${base.at}; ${tried}): fix them in the signature`,
      { free: names },
    );
  }

  const all = varyingAxes([base, ...[...large, ...small].map(({ traced }) => traced)]);
  const settled = JSON.stringify(listed(all)) === JSON.stringify(listed(varying));
  if (!settled) {
    varying = all;
    large = attempted(
      large.map(({ sizes }) => sizes),
      { varying },
    );
  }
  const [finalBase, finalAgain] = [run(first, { ...options, varying }), run(first, { ...quick, varying })];
  return {
    base: finalBase,
    again: finalAgain,
    large: large.map(({ traced }) => traced),
    small: small.map(({ traced }) => traced),
    changed: singles.map((sizes) => {
      const index = large.findIndex((one) => one.sizes === sizes || one.sizes.join() === sizes.join());
      return index < 0 ? undefined : index;
    }),
  };
}

interface FirstTraces {
  readonly base: SizedTrace;
  readonly again: SizedTrace;
  readonly beginning: FirstSizes;
}

/** Traces at the first sizes that the function takes, of which it makes no size of 1. */
function firstTraces(run: Run, names: readonly string[], options: TraceOptions): FirstTraces {
  let failure: unknown;
  const traced = (beginning: FirstSizes): FirstTraces | undefined => {
    try {
      const [base, again] = [run(beginning.sizes, options), run(beginning.sizes, { ...options, further: true })];
      // What a function does at its first call alone (building its layers) is not part of it.
      if (base.trace.log.length === again.trace.log.length) return { base, again, beginning };
      return { base: again, again: run(beginning.sizes, { ...options, further: true }), beginning };
    } catch (error) {
      if (error instanceof ForgeError || names.length === 0) throw error;
      failure ??= error;
      return undefined;
    }
  };
  for (const beginning of firstSizes(names.length)) {
    const first = traced(beginning);
    if (!first) continue;
    const shrunk = shrunkSizes(first.base, probes(beginning), (sizes) => attempt(run, sizes, options));
    if (shrunk.dimensions.size === 0) return first;
    const larger = largerSizes(beginning, shrunk.dimensions).map(traced);
    return larger.find((other) => other && shrunk.sizes.every((size) => sizeAt(other.base, size) !== 1)) ?? first;
  }
  throw onlyEqual(run, names, options) ?? failure;
}

/** A trace, unless the function fails at these sizes. */
function attempt(run: Run, sizes: Sizes, options: TraceOptions): SizedTrace | undefined {
  try {
    return run(sizes, { ...options, further: true });
  } catch (error) {
    if (error instanceof ForgeError) throw error;
    return undefined;
  }
}

/** A dimension of a kernel's output. */
type SizeIndex = readonly [call: number, output: number, axis: number];

function sizeAt({ trace }: SizedTrace, [call, output, axis]: SizeIndex): number | undefined {
  return trace.log[call]?.outputs[output]?.shape[axis];
}

/** The sizes of 1 in a trace that are more where a dimension is larger, and these dimensions. */
function shrunkSizes(
  base: SizedTrace,
  probing: readonly Sizes[],
  traceAt: (sizes: Sizes) => SizedTrace | undefined,
): { readonly sizes: readonly SizeIndex[]; readonly dimensions: ReadonlySet<number> } {
  const ones = base.trace.log.flatMap(({ outputs }, call) =>
    outputs.flatMap(({ shape }, o) => shape.flatMap((n, axis): SizeIndex[] => (n === 1 ? [[call, o, axis]] : []))),
  );
  const dimensions = new Set<number>();
  const sizes = new Set<SizeIndex>();
  for (const [d, probe] of ones.length > 0 ? probing.entries() : []) {
    const traced = traceAt(probe);
    for (const one of ones) {
      if (!traced || (sizeAt(traced, one) ?? 1) === 1) continue;
      sizes.add(one);
      dimensions.add(d);
    }
  }
  return { sizes: [...sizes], dimensions };
}

/** Whether a size is 1 that is more in `base`. */
function makes1(traced: SizedTrace, base: SizedTrace): boolean {
  return traced.trace.log.some(({ outputs }, call) =>
    outputs.some(({ shape }, o) => shape.some((n, axis) => n === 1 && (sizeAt(base, [call, o, axis]) ?? 1) !== 1)),
  );
}

/** The refusal of a function that takes two of its free dimensions only when they are equal; undefined if that is not why it fails. */
function onlyEqual(run: Run, names: readonly string[], options: TraceOptions): SignatureError | undefined {
  const [{ sizes }] = firstSizes(names.length) as [FirstSizes];
  for (const [a, first] of names.entries()) {
    for (const [b, second] of names.entries()) {
      if (b <= a || !attempt(run, sizes.with(b, sizes[a]!), options)) continue;
      return new SignatureError(
        `the function takes no other sizes of ${first} and ${second} than equal ones: give both one name in the signature (command line: --shape)`,
        { free: [first, second] },
      );
    }
  }
  return undefined;
}

/** Whether a kernel's result is empty. */
function holdsNothing({ trace }: SizedTrace): boolean {
  return trace.log.some(({ outputs }) => outputs.some(({ shape }) => shape.some((n) => n <= 0)));
}

interface Effort {
  /** Of every rest modulo 12. */
  readonly rounds: number;
  /** Small sizes from 1 on, and big ones. */
  readonly small: number;
  /** Sizes that the function itself names. */
  readonly own: number;
}

const FEW: Effort = { rounds: 1, small: 0, own: 0 };

/** Large models get fewer traces: each of their kernels is like many of small ones. */
function effortFor(kernels: number, dimensions: number): Effort {
  const several = dimensions > 1 ? 2 : 1; // in two rounds two dimensions are even together, and one of them
  if (kernels <= 150) return { rounds: 2 * several, small: 12, own: 24 };
  if (kernels <= 1000) return { rounds: several, small: 4, own: 12 };
  return { rounds: 1, small: 3, own: 6 };
}

function varyingAxes(traces: readonly SizedTrace[]): VaryingAxes {
  const [base, ...others] = traces as [SizedTrace, ...SizedTrace[]];
  return base.trace.log.map(({ outputs }, call) =>
    outputs.map((output, o) => {
      const axes = [...output.shape.keys()].filter((axis) =>
        others.some(({ trace }) => {
          const shape = trace.log[call]?.outputs[o]?.shape;
          return shape !== undefined && shape[axis] !== output.shape[axis];
        }),
      );
      return new Set(axes);
    }),
  );
}

const listed = (varying: VaryingAxes): number[][][] => varying.map((outputs) => outputs.map((axes) => [...axes]));

/** Shapes and attributes of the function's kernels. */
function ownLists({ trace }: SizedTrace): number[][] {
  const lists: number[][] = [];
  const visit = (value: unknown): void => {
    if (typeof value === 'number') lists.push([value]);
    else if (Array.isArray(value) && value.every((entry) => typeof entry === 'number')) lists.push(value);
    else if (Array.isArray(value)) for (const entry of value) visit(entry);
  };
  for (const { inputs, outputs, attrs } of trace.log) {
    for (const { shape } of [Object.values(inputs), outputs].flat(2)) lists.push([...shape]);
    for (const value of Object.values(attrs)) visit(value);
  }
  return lists;
}

/** Sizes that the function itself names: it may compare its input's with them. */
function ownSizes(base: SizedTrace, most: number): Sizes[] {
  const count = base.sizes.length;
  const points = ownLists(base).flatMap((list) => {
    const windows = list.map((_, i) => list.slice(i, i + count)).filter((window) => window.length === count);
    return [...windows, ...list.map((n) => base.sizes.map(() => n))];
  });
  const usable = points.filter((sizes) => sizes.every((n) => Number.isInteger(n) && n >= 1 && n <= 128));
  return [...new Map(usable.map((sizes) => [sizes.join(), sizes])).values()].slice(0, most);
}

/** Each size for each dimension by itself. */
function oneByOne(first: Sizes, list: readonly number[]): Sizes[] {
  const sizes = [...new Set(list)].filter((n) => n >= 1);
  return sizes.flatMap((n) => first.map((_, d) => first.map((other, i) => (i === d ? n : other))));
}

/** A dimension of a kernel's output that varies, and where it is. */
export interface DerivedSize extends Atom {
  readonly value: Value;
  readonly axis: number;
}

/** The dimensions of the kernels' outputs that vary otherwise than the free ones, one for each sequence of sizes. */
export function derivedSizes(traces: readonly SizedTrace[], free: readonly (readonly number[])[]): DerivedSize[] {
  const [base] = traces as [SizedTrace];
  const known = new Set(free.map((values) => values.join()));
  const found: DerivedSize[] = [];
  let depth = 0;
  for (const [call, { kernel, outputs }] of base.trace.log.entries()) {
    if (kernel === BODY_BEGINS) depth++;
    if (kernel === BODY_ENDS) depth--;
    if (depth > 0) continue; // known in the body alone
    for (const [o, output] of outputs.entries()) {
      if (!(output instanceof Value)) continue;
      const shapes = traces.map(({ trace }) => trace.log[call]?.outputs[o]?.shape ?? []);
      for (const axis of output.shape.keys()) {
        const values = shapes.map((shape) => shape[axis] ?? Number.NaN);
        // An output of another rank in one trace has no such dimension there.
        if (!values.every(Number.isInteger)) continue;
        if (values.every((n) => n === values[0]) || known.has(values.join())) continue;
        known.add(values.join());
        found.push({ values, call, value: output, axis });
      }
    }
  }
  return found;
}
