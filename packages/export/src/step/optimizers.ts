import { SignatureError } from '../errors.js';
import { tf } from '../tfjs.js';
import { CompiledAdam, type Gradients } from './adam.js';
import type { HostInputs } from './host-inputs.js';
import { withLearningRateInput } from './learning-rate-input.js';
import { nameOf, OptimizerSettings } from './optimizer-settings.js';

interface NamedTensor {
  readonly name: string;
  readonly tensor: tf.Tensor;
}

type GivenGradients = tf.NamedTensorMap | NamedTensor[];

/** An optimizer's update as its step is traced, in place of `original`, tfjs's own. */
type Update = (optimizer: tf.Optimizer, gradients: GivenGradients, original: () => void) => void;

/** Members of every optimizer that tfjs's declarations keep private. */
interface Rated {
  learningRate: number;
  incrementIterations(): void;
}

/** Methods of every optimizer. */
interface Inherited {
  computeGradients: (this: tf.Optimizer, ...args: Parameters<tf.Optimizer['computeGradients']>) => unknown;
  incrementIterations: (this: tf.Optimizer) => void;
}

const { AdamOptimizer } = tf;
const DESCENT = [tf.SGDOptimizer, tf.MomentumOptimizer] as const;
const ADAPTIVE = [tf.AdagradOptimizer, tf.AdadeltaOptimizer, tf.AdamaxOptimizer, tf.RMSPropOptimizer] as const;
const STOCK: ReadonlySet<object> = new Set([AdamOptimizer, ...DESCENT, ...ADAPTIVE].map(({ prototype }) => prototype));
/** The learning rate as a number, and as SGD's tensor. */
const RATE_FIELDS = ['learningRate', 'c'];

/** Updates of tfjs's optimizers while a training step is compiled. */
export class CompiledOptimizers {
  /** Of every optimizer that a traced step used. */
  readonly settings: OptimizerSettings = new OptimizerSettings();
  readonly #adam = new CompiledAdam();

  /**
   * Runs `f` with Adam replaced by {@link CompiledAdam}, and the learning rates of tfjs's optimizers inputs. An optimizer that
   * no trace has met before may be made by the step, each time with another rate: its rate is a constant in this trace.
   *
   * @param isFirst no trace has met any optimizer: then they all count as the program's, and a later trace has constants where one is not
   * @throws SignatureError when `f` sets a learning rate
   */
  during<T>(hostInputs: HostInputs, isFirst: boolean, f: () => T): T {
    const rateOf = (optimizer: tf.Optimizer): number => (optimizer as unknown as Rated).learningRate;
    const rates = new Map([...this.settings.optimizers].map((optimizer) => [optimizer, rateOf(optimizer)]));
    const input = (value: () => number): tf.Tensor => hostInputs.learningRate(value);
    const adam: Update = (optimizer, gradients) => {
      const learningRate = input(() => rateOf(optimizer));
      this.#adam.update(optimizer as tf.AdamOptimizer, byVariable(gradients), learningRate);
      (optimizer as unknown as Rated).incrementIterations();
    };
    const isLive = (optimizer: tf.Optimizer): boolean => isFirst || rates.has(optimizer);
    const descent: Update = (optimizer, _, original) =>
      isLive(optimizer) ? withNegativeRate(optimizer, input, original) : original();
    const adaptive: Update = (optimizer, _, original) =>
      isLive(optimizer) ? withLearningRateInput(optimizer, input, original) : original();
    const checked =
      (update: Update): Update =>
      (optimizer, gradients, original) => {
        const before = rates.get(optimizer);
        const now = rateOf(optimizer);
        if (before !== undefined && !Object.is(before, now)) throw rateSetInside(optimizer, before, now);
        update(optimizer, gradients, original);
      };
    const restore = [
      this.#replaceUpdate(AdamOptimizer, checked(adam)),
      ...DESCENT.map((kind) => this.#replaceUpdate(kind, checked(descent))),
      ...ADAPTIVE.map((kind) => this.#replaceUpdate(kind, checked(adaptive))),
      this.#watchOthers(),
    ];
    try {
      return f();
    } finally {
      for (const undo of restore) undo();
    }
  }

  dispose(): void {
    this.#adam.dispose();
  }

  #replaceUpdate({ prototype }: { readonly prototype: tf.Optimizer }, update: Update): () => void {
    const { settings } = this;
    const original = prototype.applyGradients;
    prototype.applyGradients = function (gradients) {
      // A class derived from one of tfjs's may use the rate in other places too.
      settings.add(this, STOCK.has(Object.getPrototypeOf(this)) ? RATE_FIELDS : []);
      update(this, gradients, () => original.call(this, gradients));
    };
    return () => {
      prototype.applyGradients = original;
    };
  }

  /** Optimizers of the user's own have updates of their own; the methods that they inherit tell of them. */
  #watchOthers(): () => void {
    const { settings } = this;
    const prototype = tf.Optimizer.prototype as unknown as Inherited;
    const { computeGradients, incrementIterations } = prototype;
    const watched = <A extends unknown[], R>(original: (this: tf.Optimizer, ...args: A) => R) =>
      function (this: tf.Optimizer, ...args: A): R {
        if (!STOCK.has(Object.getPrototypeOf(this))) settings.add(this, []);
        return original.apply(this, args);
      };
    prototype.computeGradients = watched(computeGradients);
    prototype.incrementIterations = watched(incrementIterations);
    return () => Object.assign(prototype, { computeGradients, incrementIterations });
  }
}

function rateSetInside(optimizer: tf.Optimizer, before: number, now: number): SignatureError {
  const name = nameOf(optimizer);
  return new SignatureError(
    `the step sets the learning rate of optimizer ${name} itself (${before}, then ${now}), which a graph can't go on with: set it between the steps, where it is read before each`,
    { optimizer: name },
  );
}

/** tfjs's SGD and momentum keep the negative learning rate as a tensor; here it is read at every step instead. */
function withNegativeRate(
  optimizer: tf.Optimizer,
  input: (value: () => number) => tf.Tensor,
  update: () => void,
): void {
  const fields = optimizer as unknown as { c: tf.Tensor; learningRate: number };
  const { c } = fields;
  fields.c = input(() => -fields.learningRate);
  try {
    update();
  } finally {
    fields.c = c;
  }
}

function byVariable(gradients: GivenGradients): Gradients {
  const list: [string, tf.Tensor][] = Array.isArray(gradients)
    ? gradients.map(({ name, tensor }) => [name, tensor])
    : Object.entries(gradients);
  const { registeredVariables } = tf.engine().state;
  return new Map(
    list.filter(([, gradient]) => gradient != null).map(([name, gradient]) => [registeredVariables[name]!, gradient]),
  );
}
