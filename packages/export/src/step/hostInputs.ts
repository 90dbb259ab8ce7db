import type { Random, Tensor } from '@onnx-forge/infer';
import { sizeOf } from '@onnx-forge/infer';
import type { Value } from '../graph/value.js';
import type { tf } from '../tfjs.js';
import type { TraceContext } from '../trace.js';

/** A graph input that the runner computes before every call: random numbers, a learning rate. */
export interface HostInput {
  readonly value: Value;
  readonly tensor: Tensor & { readonly data: Float32Array };
  write(out: Float32Array): void;
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
  readonly declared: Map<string, HostInput> = new Map();
  readonly #context: TraceContext;

  constructor(context: TraceContext) {
    this.#context = context;
  }

  declare(kind: string, shape: readonly number[], write: (out: Float32Array) => void): tf.Tensor {
    const name = `${kind}/${this.declared.size}`;
    const tensor = this.#context.input(name, { shape, dtype: 'float32' });
    const data = new Float32Array(sizeOf(shape));
    const value = this.#context.recorded(tensor);
    this.declared.set(name, { value, tensor: { type: 'float32', dims: shape, data }, write });
    return tensor;
  }

  /** The recipe's random source for this trace. */
  random(source: Random): StepRandom {
    return {
      normal: (shape) => this.declare('normal', shape, (out) => source.fillNormal(out)),
      uniform: (shape, low = 0, high = 1) =>
        this.declare('uniform', shape, (out) => source.fillUniform(out, low, high)),
    };
  }
}
