import { tf } from '../tfjs.js';
import { adapted } from './adapters.js';
import { asOneNode } from './as-one-node.js';
import { Call, type CallContext } from './call.js';
import type { ImportedWeights } from './import-weights.js';
import { mergedConstant } from './merged-constant.js';
import { OnnxImportError } from './model/errors.js';
import { type Datum, type ElementType, Known, tensorOf } from './model/known.js';
import type { Graph, Node, OnnxModel } from './model/structure.js';
import { TensorSequence } from './model/tensor-sequence.js';
import { wrapped } from './narrow.js';
import type { Operator, Result, Results } from './operators/operator.js';

/** Values by name, those around a graph within a node too. */
type Values = Map<string, Result>;

/** Choices of one run. */
type RunOptions = Pick<CallContext, 'uniform' | 'training' | 'mostNumbers'>;

interface Run extends RunOptions {
  /** Adapted weights that were computed already. */
  readonly adapted: Map<tf.Variable, tf.Tensor>;
}

/** Runs the nodes of a file one after the other. */
export class Program {
  readonly #model: OnnxModel;
  readonly #operatorOf: (node: Node) => Operator;
  readonly #weights: ImportedWeights;
  readonly #types: ReadonlyMap<string, ElementType>;

  constructor(
    model: OnnxModel,
    operatorOf: (node: Node) => Operator,
    weights: ImportedWeights,
    types: ReadonlyMap<string, ElementType>,
  ) {
    this.#model = model;
    this.#operatorOf = operatorOf;
    this.#weights = weights;
    this.#types = types;
  }

  /** @param wanted names of values of the graph, its outputs or others */
  run(inputs: Record<string, tf.Tensor>, wanted: readonly string[], how: RunOptions): Record<string, tf.Tensor> {
    const { graph } = this.#model;
    const given: Values = new Map<string, Result>([...this.#weights.known, ...Object.entries(inputs)]);
    const values = this.#runGraph(graph, given, { ...how, adapted: new Map() });
    return Object.fromEntries(wanted.map((name) => [name, own(this.#tensor(name, values), inputs)]));
  }

  #runGraph(graph: Graph, outer: Values, how: Run): Values {
    const values: Values = new Map(outer);
    const context: CallContext = {
      opset: this.#model.opset,
      ...how,
      runGraph: (inner) => {
        const within = this.#runGraph(inner, values, how);
        return inner.outputs.map(({ name }) => this.#named(name, within));
      },
      assign: (node, input, value) => this.#assign(node, input, value),
    };
    for (const node of graph.nodes) this.#runNode(node, values, context, how);
    return values;
  }

  /** A weight as a node gets it: with its adapter, which is computed once in a call. */
  #weightAt(node: Node, input: number, { adapted: made }: Run): tf.Tensor | undefined {
    const variable = this.#weights.weightAt(node, input);
    const adapter = variable && this.#weights.adapters.get(variable);
    if (!adapter) return variable;
    const tensor =
      made.get(variable) ?? mergedConstant(adapter, this.#weights.names.get(variable)!) ?? adapted(adapter);
    made.set(variable, tensor);
    return tensor;
  }

  #runNode(node: Node, values: Values, context: CallContext, how: Run): void {
    const inputs = node.inputs.map((name, i) =>
      name === '' ? undefined : (this.#weightAt(node, i, how) ?? this.#named(name, values)),
    );
    const call = new Call(node, inputs, context);
    requireRoom(call);
    const operator = this.#operatorOf(node);
    const results = asOneNode(call, () => resultsOf(operator, call)) ?? listOf(resultsOf(operator, call));
    call.finish();
    for (const [i, name] of node.outputs.entries()) {
      if (name === '') continue;
      const result = results[i];
      if (!result) throw call.fault(`has an output ${i} ('${name}') that is not supported`);
      const type = this.#types.get(name);
      if (result instanceof TensorSequence) {
        values.set(name, result);
        continue;
      }
      const datum = wrapped(node, result, type);
      requireExact(call, datum);
      if (type && type.tfjs !== datum.dtype) {
        throw call.fault(`gives its output ${i} ('${name}') as ${datum.dtype}, and it must be ${type.name}`);
      }
      values.set(name, datum);
    }
  }

  #tensor(name: string, values: Values): tf.Tensor {
    const value = this.#named(name, values);
    if (value instanceof TensorSequence) throw new OnnxImportError(`value '${name}' is a sequence, not a tensor`);
    return tensorOf(value);
  }

  #named(name: string, values: Values): Result {
    const value = values.get(name) ?? this.#weights.variables.get(name);
    if (!value) throw new OnnxImportError(`value '${name}' is read before it is there`);
    return value;
  }

  #assign(node: Node, input: number, value: tf.Tensor): void {
    const variable = this.#weights.weightAt(node, input);
    if (!variable) throw new OnnxImportError(`the running statistic '${node.inputs[input]}' is no weight of the file`);
    variable.assign(value);
  }
}

function listOf(results: Results): readonly Result[] {
  return [results].flat() as readonly Result[];
}

/** By its numbers if they are all known, else by tfjs; what tfjs says against it is told with the node's name. */
function resultsOf(operator: Operator, call: Call): Results {
  const allKnown = call.inputs.every((input, i) => input instanceof Known || !call.has(i));
  try {
    return allKnown && operator.known ? operator.known(call) : operator.run(call);
  } catch (error) {
    if (!(error instanceof Error) || 'code' in error) throw error;
    throw new OnnxImportError(
      `${call.node.op} '${call.node.name}' can't be computed: ${oneLine(error.message)}`,
      { operator: call.node.op, node: call.node.name },
      { cause: error },
    );
  }
}

/**
 * Arrays without numbers may have any sizes beside the one that is 0, and a reduction of that axis makes all of them.
 *
 * @throws OnnxImportError when those are more than a node may make
 */
function requireRoom(call: Call): void {
  const { mostNumbers } = call.context;
  const large = call.inputs.find(
    (input) => input?.size === 0 && input.shape.reduce((product, n) => product * (n || 1), 1) > mostNumbers,
  );
  if (!large) return;
  throw call.fault(
    `takes an empty array of [${large.shape}], whose sizes but 0 make more than ${mostNumbers} numbers (the import's option mostNumbers)`,
  );
}

/** Operators that hand numbers on as they are, so that INT64_MAX may go through them to the bounds of a Slice. */
const CARRYING: readonly string[] = [
  ...['Constant', 'ConstantOfShape', 'Identity', 'Concat', 'Reshape', 'Squeeze', 'Unsqueeze', 'Slice', 'Gather'],
  ...['Cast', 'CastLike', 'Expand', 'Where', 'If', 'Transpose', 'Min', 'Max'],
];

/** @throws OnnxImportError for results of arithmetic that a double does not hold exactly: 64 bits would have others */
function requireExact({ node }: Call, datum: Datum): void {
  if (!(datum instanceof Known) || datum.dtype !== 'int32' || CARRYING.includes(node.op)) return;
  const large = datum.numbers().find((n) => !Number.isSafeInteger(n));
  if (large === undefined) return;
  throw new OnnxImportError(
    `${node.op} '${node.name}' gives the whole number ${large}, which is beyond what is computed exactly here (2^53)`,
    { operator: node.op, node: node.name },
  );
}

/** tfjs explains some errors over several lines. */
function oneLine(message: string): string {
  const line = message.replace(/\s+/g, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 300)} ...` : line;
}

/** Outputs are tensors of their own: inputs stay the caller's when outputs are disposed of. */
function own(tensor: tf.Tensor, inputs: Record<string, tf.Tensor>): tf.Tensor {
  const isOthers = tensor instanceof tf.Variable || Object.values(inputs).includes(tensor);
  return isOthers ? tf.clone(tensor) : tensor;
}
