import {
  type AnyKind,
  inputType,
  type KindReference,
  kindNamed,
  type ModelOf,
  type Role,
  type RoleFacts,
  type ServeOf,
} from '@onnx-forge/infer';
import type { Batch } from '../data/batches.js';
import type { Split } from '../data/data-set.js';
import { TrainError } from '../errors.js';
import type { Measure } from '../measures/measure.js';
import type { Graph, GraphCode, Tensors } from './graph.js';

/** Use of a recipe's networks once they are trained: kind, facts and graphs. Made by `latentModel`, `generatorModel`, ... */
export interface Served<Kind extends KindReference = KindReference> {
  /** Decides the methods that infer gives the run: one of infer's kinds by its name, or a kind of one's own. */
  readonly kind: Kind;
  /** The facts that infer needs beside the graphs: the manifest's `serve`. */
  readonly serve: ServeOf<Kind>;
  /** Made by {@link graphsOf}; a run may have others beside those of its kind. */
  readonly graphs: Readonly<Record<string, Graph>>;
  /**
   * Gives their values to weights that no step moves, such as a whitening: before every validation and at the end of
   * training. `model` exports a graph when it is first run.
   *
   * @param epoch one epoch of training examples, changed as in training; always the same ones
   */
  settle?(model: ModelOf<Kind>, epoch: Iterable<Batch>): Promise<void>;
  /** Measures the validation split after each epoch, on the model of then. */
  readonly validation?: Measure<Kind>;
  /** Facts that only the trained model can tell, such as a threshold; from the validation split. */
  calibrate?(model: ModelOf<Kind>, split: Split): Promise<Partial<ServeOf<Kind>>>;
}

/** @deprecated Its `facts` are now called `serve`. */
export type ServedWithFacts<Kind extends KindReference = KindReference> = Omit<Served<Kind>, 'serve'> & {
  readonly facts: ServeOf<Kind>;
};

/** The same with `serve`, for recipes that still call it `facts`. */
export function servedOf(given: Served | ServedWithFacts): Served {
  if (!('facts' in given)) return given;
  const { facts, ...served } = given;
  return { ...served, serve: facts };
}

/** The kind's name in manifests. */
export function kindName(kind: KindReference): string {
  return typeof kind === 'string' ? kind : kind.kind;
}

/** A kind that infer has to be told of. */
export function ownKinds(kind: KindReference): readonly AnyKind[] {
  return typeof kind === 'string' ? [] : [kind];
}

/**
 * Graphs of a kind of model. Names, shapes and dtypes of inputs are those of the kind's roles; a recipe brings the code.
 *
 * @param about facts that the shapes follow from
 * @param code of each graph, by its name
 * @throws TrainError (`recipe-invalid`) when a graph that the kind needs is missing, or it has none of that name; and when
 *   the code gives other outputs than the kind's methods read
 */
export function graphsOf<Kind extends KindReference>(
  kind: Kind,
  about: RoleFacts<ServeOf<Kind>>,
  code: Readonly<Record<string, GraphCode>>,
): Readonly<Record<string, Graph>> {
  const name = kindName(kind);
  const roles = kindNamed(name, ownKinds(kind)).roles(about);
  const refuse = (what: string): TrainError => {
    const message = `a model of kind '${name}' ${what}; its graphs: ${Object.keys(roles).join(', ')}`;
    return new TrainError('recipe-invalid', message, { kind: name });
  };
  const missing = Object.keys(roles).find((graph) => roles[graph]!.required && !Object.hasOwn(code, graph));
  if (missing !== undefined) throw refuse(`needs the code of its graph '${missing}'`);
  const graphs = Object.entries(code).map(([graph, run]): [string, Graph] => {
    const role = Object.hasOwn(roles, graph) ? roles[graph] : undefined;
    if (role === undefined) throw refuse(`has no graph '${graph}'`);
    return [graph, { inputs: role.inputs, run: (inputs) => checked(graph, role, inputs, run(inputs)) }];
  });
  return Object.fromEntries(graphs);
}

/** The outputs, if they are what the methods of the kind read. */
function checked(graph: string, { inputs, outputs }: Role, given: Tensors, made: Tensors): Tensors {
  const sizes = new Map<string, number>();
  for (const [name, input] of Object.entries(inputs)) {
    for (const [axis, size] of inputType(input).shape.entries()) {
      if (typeof size === 'string') sizes.set(size, given[name]!.shape[axis]!);
    }
  }
  for (const [name, output] of Object.entries(outputs)) {
    const found = made[name];
    const type = output === 'any' ? undefined : inputType(output);
    if (found && (type === undefined || fits(found, type, sizes))) continue;
    const wanted = type === undefined ? 'present' : `${type.dtype} [${type.shape.join(', ')}]`;
    const is = found ? `${found.dtype} [${found.shape.join(', ')}]` : 'missing';
    const message = `graph '${graph}': its output '${name}' must be ${wanted}; the recipe's is ${is}`;
    throw new TrainError('recipe-invalid', message, { graph, output: name });
  }
  return made;
}

/** Equal names are equal sizes; a size that no input has may be anything. */
function fits({ dtype, shape }: Tensors[string], expected: ReturnType<typeof inputType>, sizes: Map<string, number>) {
  const size = (axis: number) => {
    const named = expected.shape[axis]!;
    return typeof named === 'number' ? named : (sizes.get(named) ?? shape[axis]);
  };
  return (
    dtype === expected.dtype &&
    shape.length === expected.shape.length &&
    shape.every((found, axis) => found === size(axis))
  );
}
