import { tf } from '../tfjs.js';
import { CompiledAdam, type Gradients } from './adam.js';
import type { HostInputs } from './hostInputs.js';

interface NamedTensor {
  readonly name: string;
  readonly tensor: tf.Tensor;
}

/** What tfjs's optimizers do with gradients while a training step is compiled. */
export class CompiledOptimizers {
  readonly #adam = new CompiledAdam();

  /** Runs `f` with Adam replaced by {@link CompiledAdam}, and every learning rate an input. */
  during<T>(hostInputs: HostInputs, f: () => T): T {
    const { prototype: adam } = tf.AdamOptimizer;
    const { prototype: sgd } = tf.SGDOptimizer;
    const { prototype: momentum } = tf.MomentumOptimizer;
    const originals = [adam, sgd, momentum].map((prototype) => prototype.applyGradients);
    const compiled = this.#adam;
    adam.applyGradients = function (gradients) {
      const fields = this as unknown as { learningRate: number };
      const learningRate = hostInputs.learningRate(() => fields.learningRate);
      compiled.update(this, byVariable(gradients), learningRate);
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

function byVariable(gradients: tf.NamedTensorMap | readonly NamedTensor[]): Gradients {
  const list: [string, tf.Tensor][] = Array.isArray(gradients)
    ? gradients.map(({ name, tensor }: NamedTensor) => [name, tensor])
    : Object.entries(gradients);
  const { registeredVariables } = tf.engine().state;
  return new Map(
    list.filter(([, gradient]) => gradient != null).map(([name, gradient]) => [registeredVariables[name]!, gradient]),
  );
}
