import type { tf } from '../tfjs.js';
import { OnnxImportError } from './model/errors.js';
import { type Datum, Known, tensorOf } from './model/known.js';
import type { AttributeValue, Graph, Node } from './model/structure.js';
import { TensorSequence } from './model/tensor-sequence.js';

/** The surroundings of a node while the graph is called. */
export interface CallContext {
  readonly opset: number;
  /** Runs a graph within the node; it sees the values around it. */
  readonly runGraph: (graph: Graph) => readonly (Datum | TensorSequence)[];
  /** New running statistics of a batch normalisation that was exported for training. */
  readonly assign: (node: Node, input: number, value: tf.Tensor) => void;
  /** Uniform numbers in [0, 1) for dropout; undefined: none is drawn. */
  readonly uniform: ((shape: readonly number[]) => tf.Tensor) | undefined;
  /** False: the file's training modes do not count. */
  readonly training: boolean;
  /** The most numbers that a node may make of less. */
  readonly mostNumbers: number;
}

/** One call of a node: its inputs and attributes, in the forms that operators want them. */
export class Call {
  readonly node: Node;
  /** Tensors and numbers; undefined for omitted inputs, and for sequences, which {@link sequence} has. */
  readonly inputs: readonly (Datum | undefined)[];
  readonly context: CallContext;
  readonly #given: readonly (Datum | TensorSequence | undefined)[];
  readonly #read = new Set<string>();

  constructor(node: Node, given: readonly (Datum | TensorSequence | undefined)[], context: CallContext) {
    this.node = node;
    this.inputs = given.map((value) => (value instanceof TensorSequence ? undefined : value));
    this.context = context;
    this.#given = given;
  }

  get opset(): number {
    return this.context.opset;
  }

  /** Whether somebody wants the output. */
  wants(index: number): boolean {
    return (this.node.outputs[index] ?? '') !== '';
  }

  datum(index: number): Datum {
    const value = this.#given[index];
    if (!value) throw this.fault(`lacks its input ${index}`);
    if (value instanceof TensorSequence) throw this.fault(`takes a tensor as its input ${index}, not a sequence`);
    return value;
  }

  sequence(index: number): TensorSequence {
    const value = this.#given[index];
    if (value instanceof TensorSequence) return value;
    throw this.fault(`wants a sequence as its input ${index} ('${this.node.inputs[index] ?? ''}')`);
  }

  /** @throws OnnxImportError for constants beyond int32; where they are bounds, {@link known} takes them as they are */
  tensor(index: number): tf.Tensor {
    const datum = this.datum(index);
    try {
      return tensorOf(datum);
    } catch (error) {
      if (!(error instanceof OnnxImportError)) throw error;
      throw this.fault(`can't take its input ${index} ('${this.node.inputs[index]}'): ${error.message}`);
    }
  }

  optional(index: number): tf.Tensor | undefined {
    return this.has(index) ? this.tensor(index) : undefined;
  }

  has(index: number): boolean {
    return this.#given[index] !== undefined;
  }

  /** All inputs, of operators that take any number of them. */
  tensors(): tf.Tensor[] {
    return this.inputs.map((_, i) => this.tensor(i));
  }

  shape(index = 0): readonly number[] {
    return this.datum(index).shape;
  }

  /** An input that must be numbers: a tensor's values are not known while a graph is recorded. */
  known(index: number): Known {
    const datum = this.datum(index);
    if (datum instanceof Known) return datum;
    throw this.fault(
      `takes numbers that the graph computes ('${this.node.inputs[index]}') where sizes or constants are needed; no training step can hold that`,
    );
  }

  /** The numbers of an optional input, or of the attribute that it was in older operator sets. */
  numbers(index: number, attribute?: string): number[] | undefined {
    const given = attribute === undefined ? undefined : this.ints(attribute);
    if (this.has(index)) return this.known(index).numbers();
    return given && [...given];
  }

  /** The single number of an optional input. */
  number(index: number): number | undefined {
    if (!this.has(index)) return undefined;
    const known = this.known(index);
    if (known.size !== 1) throw this.fault(`wants one number as its input ${index}, not ${known.size}`);
    return known.data[0]!;
  }

  int(name: string, otherwise: number): number {
    return this.#attribute(name, isNumber) ?? otherwise;
  }

  float(name: string, otherwise: number): number {
    return this.#attribute(name, isNumber) ?? otherwise;
  }

  text(name: string, otherwise: string): string {
    return this.#attribute(name, (value) => typeof value === 'string') ?? otherwise;
  }

  ints(name: string): readonly number[] | undefined {
    return this.#attribute(name, (value): value is readonly number[] => Array.isArray(value) && value.every(isNumber));
  }

  texts(name: string): readonly string[] | undefined {
    return this.#attribute(
      name,
      (value): value is readonly string[] => Array.isArray(value) && value.every((each) => typeof each === 'string'),
    );
  }

  constant(name: string): Known | undefined {
    return this.#attribute(name, (value) => value instanceof Known);
  }

  graph(name: string): Graph {
    const graph = this.#attribute(name, (value): value is Graph => typeof value === 'object' && 'nodes' in value);
    if (!graph) throw this.fault(`lacks the graph '${name}'`);
    return graph;
  }

  /** @throws OnnxImportError for sizes that are none, and for more numbers than a node may make */
  room(shape: readonly number[]): number[] {
    const size = shape.reduce((product, n) => product * n, 1);
    if (!shape.every((n) => Number.isSafeInteger(n) && n >= 0))
      throw this.fault(`gives an impossible shape, [${shape}]`);
    const { mostNumbers } = this.context;
    // A size of 0 hides none that would take memory on the way.
    if (Math.max(size, ...shape) > mostNumbers) {
      throw this.fault(`gives [${shape}], more than ${mostNumbers} numbers (the import's option mostNumbers)`);
    }
    return [...shape];
  }

  /** Takes note of attributes that change nothing here. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#read.add(name);
  }

  /** An axis counted from the front. */
  axis(axis: number, rank: number = this.shape().length): number {
    const at = axis < 0 ? axis + rank : axis;
    if (!(Number.isInteger(at) && at >= 0 && at < Math.max(rank, 1))) {
      throw this.fault(`has axis ${axis}, but its input has ${rank} dimensions`);
    }
    return at;
  }

  /** @throws OnnxImportError when an attribute was not read: it would say something that was not heard */
  finish(): void {
    const unread = [...this.node.attributes.keys()].filter((name) => !this.#read.has(name));
    if (unread.length > 0) throw this.fault(`has an attribute that is not known here: ${unread.join(', ')}`);
  }

  /** An error that begins with the node's operator and name. */
  fault(what: string): OnnxImportError {
    const { op, name } = this.node;
    return new OnnxImportError(`${op} '${name}' ${what}`, { operator: op, node: name });
  }

  #attribute<T extends AttributeValue>(name: string, is: (value: AttributeValue) => value is T): T | undefined {
    this.#read.add(name);
    const value = this.node.attributes.get(name);
    if (value === undefined) return undefined;
    if (!is(value)) throw this.fault(`has an attribute '${name}' of the wrong type: the file is damaged`);
    return value;
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}
