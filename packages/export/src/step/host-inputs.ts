import type { HostInput, HostInputKind } from '@onnx-forge/infer';
import type { Value } from '../graph/value.js';
import type { TraceContext } from '../record/trace.js';
import type { tf } from '../tfjs.js';

/** A graph input that the runner computes before every call: random numbers, a learning rate. */
export interface DeclaredHostInput {
  readonly value: Value;
  readonly input: HostInput;
}

/** Random numbers as a recipe asks for them; drawn in the order of the calls, on every engine. */
export interface StepRandom {
  /** Independent N(0, 1). */
  normal(shape: readonly number[]): tf.Tensor;
  /** Independent U(low, high); default U(0, 1). */
  uniform(shape: readonly number[], low?: number, high?: number): tf.Tensor;
}

/** Declares host inputs during one trace. */
export class HostInputs {
  readonly declared: Map<string, DeclaredHostInput> = new Map();
  readonly #context: TraceContext;

  constructor(context: TraceContext) {
    this.#context = context;
  }

  /** `rate` is asked before every call of the step: an optimizer's learning rate may change. */
  learningRate(rate: () => number): tf.Tensor {
    return this.#declare([], {
      kind: 'learningRate',
      get value() {
        return rate();
      },
    });
  }

  /** The recipe's random source for this trace. */
  readonly random: StepRandom = {
    normal: (shape) => this.#declare(shape, { kind: 'normal' }),
    uniform: (shape, low = 0, high = 1) => this.#declare(shape, { kind: 'uniform', low, high }),
  };

  #declare(shape: readonly number[], kind: HostInputKind): tf.Tensor {
    const name = `${kind.kind}/${this.declared.size}`;
    const tensor = this.#context.input(name, { shape, dtype: 'float32' });
    const input = Object.defineProperties({ name, shape }, Object.getOwnPropertyDescriptors(kind)) as HostInput;
    this.declared.set(name, { value: this.#context.recorded(tensor), input });
    return tensor;
  }
}
