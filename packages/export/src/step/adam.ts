import { tf } from '../tfjs.js';

/** The fields of tfjs's Adam that its type declarations keep private. */
interface AdamFields {
  beta1: number;
  beta2: number;
  epsilon: number;
  accBeta1: tf.Variable;
  accBeta2: tf.Variable;
}

/** A gradient for each variable. */
export type Gradients = ReadonlyMap<tf.Variable, tf.Tensor>;

/** Variables whose moments are one vector, in the variables' order; a variable alone keeps its shape. */
interface Group {
  readonly variables: readonly tf.Variable[];
  /** First and second moment, unscaled: m = beta1 m + g, v = beta2 v + g^2. */
  readonly m: tf.Variable;
  readonly v: tf.Variable;
}

/** Up to this many numbers (a bias, a scale) a pass costs its start alone, and joining variables costs nothing. */
const SMALL = 4096;

/**
 * Stands in for `tf.train.adam`'s own update while a training step is compiled: the same mathematics (Kingma and Ba
 * 2015, algorithm 1, as tfjs has it) in fewer passes over the parameters. The factors 1 - beta and the bias corrections
 * move from the moments into two scalars, and small variables are updated together.
 */
export class CompiledAdam {
  readonly #groups = new Map<tf.AdamOptimizer, readonly Group[]>();

  /** @param learningRate a scalar, in place of the optimizer's own */
  update(optimizer: tf.AdamOptimizer, gradients: Gradients, learningRate: tf.Tensor): void {
    const { beta1, beta2, epsilon, accBeta1, accBeta2 } = optimizer as unknown as AdamFields;
    const correction1 = tf.div(1 - beta1, tf.sub(1, accBeta1));
    const correction2 = tf.sqrt(tf.div(1 - beta2, tf.sub(1, accBeta2)));
    const rate = tf.div(tf.mul(learningRate, correction1), correction2);
    const stabiliser = tf.div(epsilon, correction2);
    for (const { variables, m, v } of this.#groupsOf(optimizer, [...gradients.keys()])) {
      const gradient = joined(variables.map((variable) => gradients.get(variable)!));
      const m1 = tf.add(tf.mul(m, beta1), gradient);
      const v1 = tf.add(tf.mul(v, beta2), tf.mul(gradient, gradient));
      m.assign(m1);
      v.assign(v1);
      const step = tf.mul(rate, tf.div(m1, tf.add(tf.sqrt(v1), stabiliser)));
      for (const [i, part] of parted(step, variables).entries()) variables[i]!.assign(tf.sub(variables[i]!, part));
    }
    accBeta1.assign(tf.mul(accBeta1, beta1));
    accBeta2.assign(tf.mul(accBeta2, beta2));
  }

  dispose(): void {
    for (const { m, v } of [...this.#groups.values()].flat()) tf.dispose([m, v]);
    this.#groups.clear();
  }

  /** The groups of exactly these variables. One of which another step updates only a part falls into two, both from zero. */
  #groupsOf(optimizer: tf.AdamOptimizer, variables: readonly tf.Variable[]): Group[] {
    const wanted = new Set(variables);
    const groups = (this.#groups.get(optimizer) ?? []).flatMap((group) => divided(group, wanted));
    const known = new Set(groups.flatMap((group) => group.variables));
    groups.push(...partition(variables.filter((variable) => !known.has(variable))).map(fresh));
    this.#groups.set(optimizer, groups);
    return groups.filter(({ variables: [first] }) => wanted.has(first!));
  }
}

function divided(group: Group, wanted: ReadonlySet<tf.Variable>): Group[] {
  const inside = group.variables.filter((variable) => wanted.has(variable));
  const outside = group.variables.filter((variable) => !wanted.has(variable));
  return inside.length === 0 || outside.length === 0 ? [group] : [fresh(inside), fresh(outside)];
}

/** Small variables together, the others alone. */
function partition(variables: readonly tf.Variable[]): tf.Variable[][] {
  const small = variables.filter(({ size }) => size <= SMALL);
  const alone = variables.filter(({ size }) => size > SMALL).map((variable) => [variable]);
  return small.length > 0 ? [...alone, small] : alone;
}

function fresh(variables: readonly tf.Variable[]): Group {
  const shape = variables.length === 1 ? variables[0]!.shape : [variables.reduce((sum, { size }) => sum + size, 0)];
  const zeros = (): tf.Variable => tf.variable(tf.zeros(shape), false);
  return { variables, m: zeros(), v: zeros() };
}

function joined(tensors: readonly tf.Tensor[]): tf.Tensor {
  return tensors.length === 1 ? tensors[0]! : tf.concat(tensors.map((tensor) => tensor.flatten()));
}

function parted(joint: tf.Tensor, like: readonly tf.Tensor[]): tf.Tensor[] {
  if (like.length === 1) return [joint];
  const sizes = like.map(({ size }) => size);
  return tf.split(joint, sizes).map((part, i) => part.reshape(like[i]!.shape));
}
