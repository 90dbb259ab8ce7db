/**
 * Whether a function did the same at all sizes: the same kernels in the same order on the same tensors, and attributes and
 * constants that depend on the sizes by formulas. What a lowering makes of a kernel is compared elsewhere, at fewer sizes.
 */

import { TraceMismatchError } from '../errors.js';
import { Complex, type Content, Strings } from '../graph/content.js';
import { nodeOf, Value } from '../graph/value.js';
import { describePlace } from '../place.js';
import { constantForm, sameConstant } from './constant-form.js';
import { type KernelCall, placeOf } from './kernel-log.js';
import type { Formula, SizeFit } from './size-fit.js';
import type { Trace } from './trace.js';
import type { Sizes } from './trace-sizes.js';

/** A trace and the graph inputs that it had. */
export interface SizedTrace {
  readonly trace: Trace;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly sizes: Sizes;
  /** In the words of a refusal: `batch = 3`. */
  readonly at: string;
}

/** @throws TraceMismatchError that names the layer and the user's line */
export function compareLogs(traces: readonly SizedTrace[], fit: SizeFit): void {
  new LogComparison(traces, fit).run();
}

class LogComparison {
  readonly #traces: readonly SizedTrace[];
  readonly #fit: SizeFit;
  /** For each trace, what its contents are called: kernel and output, or graph input. What a kernel hands on has several. */
  readonly #names: Map<Content, readonly string[]>[];
  readonly #explained = new Set<Value>();
  /** Sums that lack axes of size 1: only a Reshape may go on with them. */
  readonly #shortened = new Set<Content>();

  constructor(traces: readonly SizedTrace[], fit: SizeFit) {
    this.#traces = traces;
    this.#fit = fit;
    this.#names = traces.map(({ inputs }) => new Map(Object.entries(inputs).map(([name, value]) => [value, [name]])));
  }

  run(): void {
    const [base] = this.#traces as [SizedTrace];
    for (const [index, call] of base.trace.log.entries()) {
      const calls = this.#traces.map(({ trace, at }) => {
        const other = trace.log[index];
        const normal = other && this.#asCall(call, other);
        if (normal?.kernel !== call.kernel) {
          const instead = other ? `${other.kernel} instead of ${call.kernel}` : `it ends before ${call.kernel}`;
          this.#refuse(call, `the function does something else at ${at} than at ${base.at}: ${instead}`);
        }
        return normal!;
      });
      this.#compareInputs(index, calls);
      this.#compareAttributes(index, calls);
      this.#nameOutputs(index, calls);
    }
    const longer = this.#traces.find(({ trace }) => trace.log.length > base.trace.log.length);
    if (longer) {
      const extra = longer.trace.log[base.trace.log.length]!;
      this.#refuse(extra, `the function does more at ${longer.at} than at ${base.at}: ${extra.kernel}`);
    }
    for (const [name, value] of Object.entries(base.trace.outputs)) {
      const outputs = this.#traces.map(({ trace }) => trace.outputs[name]);
      this.#compareContents(base.trace.log.length, outputs, () =>
        this.#refuse(undefined, `output ${name} is another value at some sizes`),
      );
      if (value.rank !== (outputs.find((output) => output?.rank !== value.rank)?.rank ?? value.rank))
        this.#refuse(undefined, `output ${name} has another rank at some sizes`);
    }
  }

  #compareInputs(index: number, calls: readonly KernelCall[]): void {
    const [base] = calls as [KernelCall];
    for (const [name, input] of Object.entries(base.inputs)) {
      const lists = calls.map((call) => [call.inputs[name] ?? []].flat() as Content[]);
      for (const i of [input].flat().keys()) {
        const refuse = (why: string): never => this.#refuse(base, `${name} of ${base.kernel} ${why}`);
        if (lists.some((list) => list.length !== lists[0]!.length)) refuse('are more or fewer at other sizes');
        const shortened = lists.some((list) => this.#shortened.has(list[i]!));
        if (shortened && !this.#takesAnyRank(calls)) refuse('has fewer axes at sizes of 1');
        this.#compareContents(
          index,
          lists.map((list) => list[i]),
          refuse,
        );
      }
    }
  }

  /** Whether a kernel does the same to a tensor of fewer axes of size 1, which its result may then lack too. */
  #takesAnyRank(calls: readonly KernelCall[]): boolean {
    const { kernel } = calls[0]!;
    if (kernel === 'Reshape') return true;
    if (kernel !== 'Neg' && kernel !== 'Cast' && kernel !== 'Identity') return false;
    for (const { inputs, outputs } of calls) {
      if (this.#shortened.has(inputs.x as Content)) this.#shortened.add(outputs[0]!);
    }
    return true;
  }

  #compareContents(index: number, contents: readonly (Content | undefined)[], refuse: (why: string) => never): void {
    // A weight that a kernel hands on at one size (all of it is a slice of it) has a name there, and is the same weight.
    if (contents.every((content) => content === contents[0])) return;
    const names = contents.map((content, t) => (content ? this.#namesOf(content, t) : []));
    const [known] = names as [readonly string[]];
    if (known.length > 0) {
      if (!names.every((list) => list.some((name) => known.includes(name)))) refuse('is another tensor at other sizes');
      return;
    }
    if (names.some((list) => list.length > 0)) refuse('is another tensor at other sizes');
    const parts = contents.map((content) => partsOf(content));
    for (const [p, value] of parts[0]!.entries()) {
      const values = parts.map((list) => list[p]!);
      if (values.some((other) => other?.dtype !== value.dtype)) refuse('is of another kind at other sizes');
      if (this.#explained.has(value) || values.every((other) => other === value)) continue;
      this.#explained.add(value);
      if (!values.every((other) => other.source.kind === 'constant')) refuse('is computed at some sizes only');
      if (values.every((other) => sameConstant(value, other))) continue;
      const form = constantForm(values, (numbers) => this.#formula(numbers, index));
      if (!form) refuse("is a constant that depends on a free dimension in a way that a graph can't compute");
    }
  }

  #namesOf(content: Content, t: number): readonly string[] {
    const names = this.#names[t]!.get(content);
    if (names !== undefined || !(content instanceof Value)) return names ?? [];
    // tfjs reshapes some tensors without a kernel.
    const original = nodeOf(content, 'Reshape')?.inputs[0];
    const inner = (original && this.#names[t]!.get(original)) ?? [];
    return inner.map((name) => `${name} reshaped`);
  }

  #compareAttributes(index: number, calls: readonly KernelCall[]): void {
    const [base] = calls as [KernelCall];
    const lists = calls.map(({ attrs }) => leaves(attrs));
    const refuse = (name: string, t: number): never =>
      this.#refuse(
        base,
        `${name} of ${base.kernel} is ${lists[t]!.get(name)} at ${this.#traces[t]!.at} and ${lists[0]!.get(name)} at ` +
          `${this.#traces[0]!.at}: it depends on a free dimension in a way that a graph can't compute`,
      );
    let unexplained = 0;
    for (const [t, list] of lists.entries()) {
      const other = [...lists[0]!.keys(), ...list.keys()].find((name) => !(lists[0]!.has(name) && list.has(name)));
      if (other !== undefined) {
        const [there, here] = [list, lists[0]!].map((each) => (each.has(other) ? '' : 'no '));
        this.#refuse(
          base,
          `${base.kernel} has ${there}${other} at ${this.#traces[t]!.at} and ${here}${other} at ${this.#traces[0]!.at}`,
        );
      }
    }
    for (const [name, value] of lists[0]!) {
      const values = lists.map((list) => list.get(name)!);
      const t = values.findIndex((other) => !Object.is(other, value));
      if (t < 0) continue;
      const explained = values.every((other) => typeof other === 'number') && this.#formula(values, index);
      // The one open entry of a shape follows from the others.
      if (!explained && !(base.kernel === 'Reshape' && ++unexplained === 1)) refuse(name, t);
    }
  }

  /** Sizes that only come later are no explanation. */
  #formula(numbers: readonly number[], index: number): Formula | undefined {
    return this.#fit.formula(numbers, (atom) => this.#fit.atoms[atom]!.call < index);
  }

  #nameOutputs(index: number, calls: readonly KernelCall[]): void {
    const [base] = calls as [KernelCall];
    for (const [t, call] of calls.entries()) {
      if (call.outputs.length !== base.outputs.length) {
        const [more, fewer] = [call, base].map(({ outputs }) => outputs.length);
        this.#refuse(
          base,
          `${base.kernel} gives ${more} results at ${this.#traces[t]!.at} and ${fewer} at ${this.#traces[0]!.at}`,
        );
      }
      for (const [o, output] of call.outputs.entries()) {
        const same = base.outputs[o];
        const alike = same?.shape.length === output.shape.length || this.#shortened.has(output);
        if (!alike || same?.dtype !== output.dtype)
          this.#refuse(base, `the result of ${base.kernel} has another rank or type at ${this.#traces[t]!.at}`);
        this.#names[t]!.set(output, [...(this.#names[t]!.get(output) ?? []), `${index}.${o}`]);
      }
    }
  }

  /** A kernel of a trace with sizes of 1 as the base would have it: tfjs writes some differently there. */
  #asCall(base: KernelCall, other: KernelCall): KernelCall {
    // It repeats once by handing the tensor on.
    if (base.kernel === 'Tile' && other.kernel === 'Identity')
      return { ...other, kernel: 'Tile', attrs: { reps: base.outputs[0]!.shape.map(() => 1) } };
    // A gradient is summed over the axes that were broadcast, and an axis of size 1 was not.
    if (base.kernel !== 'Sum' || other.kernel !== 'Sum') return other;
    const [axes, fewer] = [base.attrs.axis, other.attrs.axis];
    const { x } = other.inputs;
    if (!Array.isArray(axes) || !Array.isArray(fewer) || !x || !('shape' in x)) return other;
    const missing = axes.filter((axis) => !(fewer as unknown[]).includes(axis)) as number[];
    const same = fewer.length + missing.length === axes.length && missing.every((axis) => x.shape[axis] === 1);
    if (missing.length === 0 || !same) return other;
    this.#shortened.add(other.outputs[0]!);
    return { ...other, attrs: { ...other.attrs, axis: axes } };
  }

  #refuse(call: KernelCall | undefined, message: string): never {
    const place = call ? placeOf(call) : {};
    throw new TraceMismatchError(`${message}${describePlace(place)}; fix that dimension in the signature`, {
      ...place,
    });
  }
}

function partsOf(content: Content | undefined): Value[] {
  if (content === undefined || content instanceof Strings) return [];
  return content instanceof Complex ? [content.real, content.imag] : [content];
}

type Leaf = number | string | boolean | null;

/** An attribute's numbers and words by their path: `size[0]`. */
function leaves(attrs: object): Map<string, Leaf> {
  const found = new Map<string, Leaf>();
  const visit = (value: unknown, path: string): void => {
    if (Array.isArray(value) || ArrayBuffer.isView(value)) {
      found.set(`${path}.length`, (value as unknown[]).length);
      for (const [i, entry] of Array.from(value as unknown[]).entries()) visit(entry, `${path}[${i}]`);
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, entry] of Object.entries(value)) visit(entry, path ? `${path}.${key}` : key);
    } else if (typeof value !== 'function' && value !== undefined) found.set(path, value as Leaf);
  };
  visit(attrs, '');
  return found;
}
