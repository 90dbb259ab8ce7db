import { tf } from '../tfjs.js';
import type { HostInputs } from './hostInputs.js';

interface NamedTensor {
  readonly name: string;
  readonly tensor: tf.Tensor;
}

type Gradients = tf.NamedTensorMap | readonly NamedTensor[];

/** The fields of tfjs's Adam that its type declarations keep private. */
interface AdamFields {
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  accBeta1: tf.Variable;
  accBeta2: tf.Variable;
}

interface AdamSlots {
  /** First and second moment, unscaled: m = beta1 m + g, v = beta2 v + g^2. */
  readonly m: tf.Variable;
  readonly v: tf.Variable;
}

/**
 * Stands in for `tf.train.adam`'s own update while a training step is compiled: the same mathematics (Kingma and Ba
 * 2015, algorithm 1, as tfjs has it) in fewer passes over the parameters. The factors 1 - beta and the bias corrections
 * move from the moments into two scalars, and the learning rate is read from the optimizer at every step.
 */
export class CompiledOptimizers {
  readonly #slots = new WeakMap<tf.AdamOptimizer, Map<string, AdamSlots>>();

  /** Runs `f` with the stock optimizers replaced. */
  during<T>(hostInputs: HostInputs, f: () => T): T {
    const { prototype: adam } = tf.AdamOptimizer;
    const { prototype: sgd } = tf.SGDOptimizer;
    const { prototype: momentum } = tf.MomentumOptimizer;
    const originals = [adam, sgd, momentum].map((prototype) => prototype.applyGradients);
    const applyAdam = (optimizer: tf.AdamOptimizer, gradients: Gradients): void =>
      this.#adam(optimizer, gradients, hostInputs);
    adam.applyGradients = function (gradients) {
      applyAdam(this, gradients as Gradients);
    };
    for (const prototype of [sgd, momentum]) {
      const original = prototype.applyGradients;
      prototype.applyGradients = function (gradients) {
        withLearningRateInput(this, hostInputs, () => original.call(this, gradients));
      };
    }
    try {
      return f();
    } finally {
      for (const [index, prototype] of [adam, sgd, momentum].entries()) prototype.applyGradients = originals[index]!;
    }
  }

  #adam(optimizer: tf.AdamOptimizer, gradients: Gradients, hostInputs: HostInputs): void {
    const { beta1, beta2, epsilon, accBeta1, accBeta2 } = optimizer as unknown as AdamFields;
    const fields = optimizer as unknown as AdamFields;
    const learningRate = hostInputs.learningRate(() => fields.learningRate);
    const correction1 = tf.div(1 - beta1, tf.sub(1, accBeta1));
    const correction2 = tf.sqrt(tf.div(1 - beta2, tf.sub(1, accBeta2)));
    const rate = tf.div(tf.mul(learningRate, correction1), correction2);
    const stabiliser = tf.div(epsilon, correction2);
    for (const [name, gradient] of entries(gradients)) {
      const variable = tf.engine().state.registeredVariables[name]!;
      const { m, v } = this.#slotsOf(optimizer, variable);
      const m1 = tf.add(tf.mul(m, beta1), gradient);
      const v1 = tf.add(tf.mul(v, beta2), tf.mul(gradient, gradient));
      m.assign(m1);
      v.assign(v1);
      variable.assign(tf.sub(variable, tf.mul(rate, tf.div(m1, tf.add(tf.sqrt(v1), stabiliser)))));
    }
    accBeta1.assign(tf.mul(accBeta1, beta1));
    accBeta2.assign(tf.mul(accBeta2, beta2));
  }

  #slotsOf(optimizer: tf.AdamOptimizer, variable: tf.Variable): AdamSlots {
    const slots = this.#slots.get(optimizer) ?? new Map<string, AdamSlots>();
    this.#slots.set(optimizer, slots);
    const known = slots.get(variable.name);
    if (known) return known;
    const made = {
      m: tf.variable(tf.zerosLike(variable), false),
      v: tf.variable(tf.zerosLike(variable), false),
    };
    slots.set(variable.name, made);
    return made;
  }
}

/** tfjs's SGD and momentum keep the negative learning rate as a tensor; here it is read at every step instead. */
function withLearningRateInput(optimizer: tf.SGDOptimizer, hostInputs: HostInputs, update: () => void): void {
  const fields = optimizer as unknown as { c: tf.Tensor; learningRate: number };
  const { c } = fields;
  fields.c = hostInputs.learningRate(() => -fields.learningRate);
  try {
    update();
  } finally {
    fields.c = c;
  }
}

function entries(gradients: Gradients): [string, tf.Tensor][] {
  const list = Array.isArray(gradients)
    ? gradients.map(({ name, tensor }: NamedTensor): [string, tf.Tensor] => [name, tensor])
    : Object.entries(gradients as tf.NamedTensorMap);
  return list.filter(([, gradient]) => gradient != null);
}
