import { SignatureError, TracedReadError } from '../errors.js';
import { tf } from '../tfjs.js';
import type { ExportableFunction } from './exportable.js';

/** A node of a TensorFlow graph. Inputs are NODE, NODE:OUTPUT, or ^NODE, which only says that NODE comes first. */
export interface TopologyNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
}

/** Nothing: the value of what hangs on the side of a Switch that isn't taken. */
const DEAD: unique symbol = Symbol('dead');
type Result = tf.Tensor | typeof DEAD;

/** Outcomes of conditions that the traced inputs decide: both are tried, one after the other. */
type Assumptions = ReadonlyMap<string, boolean>;

/** A condition whose value is not known while tracing. */
class Undecided {
  constructor(
    readonly condition: string,
    readonly value: tf.Tensor,
    readonly cause: TracedReadError,
  ) {}
}

/** Whether a node begins or ends a branch. */
export function isBranch({ op }: { readonly op: string }): boolean {
  return op === 'Switch' || op === 'Merge';
}

/**
 * A graph model with branches (`tf.cond`: Switch and Merge) as a function. tfjs runs such a model asynchronously, and a
 * trace is synchronous. So its straight parts become a model of their own, in which what comes out of a Switch or Merge
 * is an input. A condition that is known decides; of one that is computed both sides are, and `where` chooses.
 */
export function branchingFunction(
  artifacts: tf.io.ModelArtifacts,
  nodes: readonly TopologyNode[],
  outputs: Readonly<Record<string, string>>,
): ExportableFunction {
  const graph = new Map(nodes.map((node) => [node.name, node]));
  const straight = straightModel(artifacts, nodes);
  return (inputs) => {
    const branches = new Branches(graph, straight, inputs);
    return tf.tidy(() =>
      Object.fromEntries(Object.entries(outputs).map(([name, target]) => [name, branches.output(target)])),
    );
  };
}

/** The graph with an input in place of every output of a Switch or Merge. */
function straightModel(artifacts: tf.io.ModelArtifacts, nodes: readonly TopologyNode[]): tf.GraphModel {
  const control = new Set(nodes.filter(isBranch).map(({ name }) => name));
  const ports = new Set<string>();
  const straight = nodes
    .filter((node) => !isBranch(node))
    .map((node) => {
      const input = dataInputs(node).map((reference) =>
        control.has(nodeName(reference)) ? portOf(reference) : reference,
      );
      for (const [i, reference] of dataInputs(node).entries()) if (input[i] !== reference) ports.add(input[i]!);
      return { ...node, input };
    });
  const placeholders = [...ports].map((name) => ({ name, op: 'Placeholder', attr: {} }));
  const { modelTopology, weightData, weightSpecs = [] } = artifacts;
  if (!weightData) throw new SignatureError('a graph model with branches must be loaded without streamWeights');
  const topology = { ...(modelTopology as object), node: [...straight, ...placeholders] };
  const load = () => ({ modelTopology: topology, weightSpecs, weightData });
  return tf.loadGraphModelSync({ load }) as unknown as tf.GraphModel;
}

/** One run of a graph with branches. */
class Branches {
  readonly #graph: ReadonlyMap<string, TopologyNode>;
  readonly #straight: tf.GraphModel;
  readonly #inputs: Readonly<Record<string, tf.Tensor>>;
  readonly #known = new Map<string, Result>();

  constructor(
    graph: ReadonlyMap<string, TopologyNode>,
    straight: tf.GraphModel,
    inputs: Readonly<Record<string, tf.Tensor>>,
  ) {
    this.#graph = graph;
    this.#straight = straight;
    this.#inputs = inputs;
  }

  output(target: string): tf.Tensor {
    const result = decided(() => this.#value(target, new Map()));
    if (result === DEAD)
      throw new SignatureError(`output ${target} of the graph model has no value: its branch isn't taken`);
    return result;
  }

  #value(reference: string, assumed: Assumptions): Result {
    const key = `${reference} ${[...assumed].join()}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const node = this.#graph.get(nodeName(reference))!;
    const result =
      node.op === 'Switch'
        ? this.#switch(node, reference, assumed)
        : node.op === 'Merge'
          ? this.#merge(node, assumed)
          : this.#compute(node, reference, assumed);
    this.#known.set(key, result);
    return result;
  }

  /** Output 0 is for false, output 1 for true. */
  #switch(node: TopologyNode, reference: string, assumed: Assumptions): Result {
    const [data, condition] = dataInputs(node) as [string, string];
    return this.#isTrue(condition, assumed) === reference.endsWith(':1') ? this.#value(data, assumed) : DEAD;
  }

  #isTrue(condition: string, assumed: Assumptions): boolean {
    const origin = this.#origin(condition);
    const known = assumed.get(origin);
    if (known !== undefined) return known;
    const value = this.#value(origin, assumed);
    if (value === DEAD) return false;
    try {
      return value.dataSync()[0] !== 0;
    } catch (error) {
      throw error instanceof TracedReadError ? new Undecided(origin, value, error) : error;
    }
  }

  /** Conditions reach their switches through nodes that change nothing of them. */
  #origin(reference: string): string {
    const node = this.#graph.get(nodeName(reference))!;
    const passes = node.op === 'Identity' || node.op === 'Squeeze' || node.op === 'LoopCond';
    return passes ? this.#origin(dataInputs(node)[0]!) : reference;
  }

  /** The input that is alive. */
  #merge(node: TopologyNode, assumed: Assumptions): Result {
    try {
      return (
        dataInputs(node)
          .map((input) => this.#value(input, assumed))
          .find((result) => result !== DEAD) ?? DEAD
      );
    } catch (error) {
      if (!(error instanceof Undecided)) throw error;
      const [taken, other] = [true, false].map((outcome) =>
        this.#merge(node, new Map([...assumed, [error.condition, outcome]])),
      ) as [Result, Result];
      if (
        taken === DEAD ||
        other === DEAD ||
        taken.shape.join() !== other.shape.join() ||
        taken.dtype !== other.dtype
      ) {
        throw error;
      }
      return tf.where(tf.reshape(error.value, []), taken, other);
    }
  }

  /** A straight part of the graph: from the outputs of switches and merges, and the model's inputs, to one node. */
  #compute(node: TopologyNode, reference: string, assumed: Assumptions): Result {
    const fed: Record<string, tf.Tensor> = {};
    for (const before of this.#controlled(node)) {
      const result = this.#value(before, assumed);
      if (result === DEAD) return DEAD;
      fed[portOf(before)] = result;
    }
    return this.#straight.execute({ ...this.#inputs, ...fed }, reference) as tf.Tensor;
  }

  /** The outputs of switches and merges that a node depends on. */
  #controlled(target: TopologyNode): Set<string> {
    const found = new Set<string>();
    const seen = new Set([target]);
    for (const node of seen) {
      for (const reference of node.input ?? []) {
        const input = this.#graph.get(nodeName(reference))!;
        if (!isBranch(input)) seen.add(input);
        else if (!reference.startsWith('^')) found.add(reference);
      }
    }
    return found;
  }
}

/** Undecided conditions that no Merge joins again are reads. */
function decided<T>(f: () => T): T {
  try {
    return f();
  } catch (error) {
    throw error instanceof Undecided ? error.cause : error;
  }
}

function dataInputs({ input = [] }: TopologyNode): string[] {
  return input.filter((reference) => !reference.startsWith('^'));
}

/** The node of a reference. */
export function nodeName(reference: string): string {
  return reference.replace(/^\^/, '').split(':')[0]!;
}

/** The input that stands for an output of a Switch or Merge. */
function portOf(reference: string): string {
  const [name, output = '0'] = reference.split(':');
  return `${name}/output_${output}`;
}
