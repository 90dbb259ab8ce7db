import { constant } from '../graph/build.js';
import type { Content } from '../graph/content.js';
import { type ConstantData, constantData, nodeOf, Value } from '../graph/value.js';
import { tf } from '../tfjs.js';
import { type HostInputs, runOnHost } from './host.js';

/** A kernel whose inputs are all known; its outputs are computed when one of them is read. */
interface KnownCall {
  readonly kernel: string;
  readonly inputs: HostInputs;
  readonly attrs: tf.NamedAttrMap;
  results?: readonly Content[];
}

/**
 * Values of a trace that follow from constants alone: shapes, numbers of the code, weights that are not variables. A
 * read of one is answered by tfjs's own cpu kernels; the recorded graph stays as it is.
 */
export class KnownValues {
  readonly #calls = new WeakMap<Value, { readonly call: KnownCall; readonly index: number }>();
  readonly #variables = new WeakSet<Value>();

  /** The constants that the reads so far depend on: two traces must agree on them, or something random was read. */
  readonly leaves: ConstantData[] = [];

  /** A variable's value is a constant of the trace only: a training step gets another one each time. */
  exclude(value: Value): void {
    this.#variables.add(value);
  }

  /** Notes a kernel's outputs when all its inputs are known. */
  add(kernel: string, inputs: HostInputs, attrs: tf.NamedAttrMap, outputs: readonly Content[]): void {
    if (!Object.values(inputs).every((input) => [input].flat().every((content) => this.#isKnown(content)))) return;
    if (!tf.getKernel(kernel, 'cpu')) return;
    const call: KnownCall = { kernel, inputs, attrs };
    for (const [index, output] of outputs.entries()) {
      // A kernel that changes nothing hands its input on.
      if (!this.#isKnown(output) && output instanceof Value) this.#calls.set(output, { call, index });
    }
  }

  /** The numbers of a known value; undefined for any other value. */
  read(value: Value): ConstantData | undefined {
    if (!this.#isKnown(value)) return undefined;
    if (value.source.kind === 'constant') {
      const data = value.source.data();
      this.leaves.push(data);
      return data;
    }
    const found = this.#calls.get(value);
    return found ? constantData(this.#results(found.call)[found.index] as Value) : this.read(reshaped(value)!);
  }

  #results(call: KnownCall): readonly Content[] {
    const computed = (content: Content): Content =>
      content instanceof Value ? constant(this.read(content)!, content.dtype, content.shape) : content;
    if (!call.results) {
      const inputs = Object.entries(call.inputs).map(([name, input]) => [
        name,
        isList(input) ? input.map(computed) : computed(input),
      ]);
      call.results = [runOnHost(call.kernel, Object.fromEntries(inputs) as HostInputs, call.attrs)].flat();
    }
    return call.results;
  }

  #isKnown(content: Content): boolean {
    if (!(content instanceof Value) || this.#variables.has(content)) return false;
    if (content.source.kind === 'constant' || this.#calls.has(content)) return true;
    const inner = reshaped(content);
    return inner !== undefined && this.#isKnown(inner);
  }
}

function isList(input: Content | readonly Content[]): input is readonly Content[] {
  return Array.isArray(input);
}

/** The value that this one is a reshaped view of: tfjs reshapes without a kernel in a few places. */
function reshaped(value: Value): Value | undefined {
  return nodeOf(value, 'Reshape')?.inputs[0];
}
