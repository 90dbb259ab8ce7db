import { tf } from '@onnx-forge/export';
import type { Initializer, Initializers } from './initializers.js';
import { layerNorm } from './layer-norm.js';

export interface TokenLogitsOptions {
  readonly vocabularySize: number;
  readonly width: number;
  /** Whether the layer normalises its input, as the end of a pre-LN transformer must. */
  readonly normalise: boolean;
}

/** Vectors to logits over the vocabulary. As a layer: [batch, length, width] -> [batch, length, vocabulary]. */
export class TokenLogits extends tf.layers.Layer {
  static readonly className = 'TokenLogits';
  readonly options: TokenLogitsOptions;
  readonly #kernel: Initializer;
  readonly #variables = new Map<string, () => tf.Tensor>();

  constructor(options: TokenLogitsOptions, init: Initializers) {
    super({});
    this.options = options;
    this.#kernel = init.glorotUniform();
  }

  override build(shape: tf.Shape | tf.Shape[]): void {
    const { vocabularySize, width, normalise } = this.options;
    if (normalise) {
      this.#add('norm_gain', [width], tf.initializers.ones());
      this.#add('norm_bias', [width], tf.initializers.zeros());
    }
    this.#add('kernel', [width, vocabularySize], this.#kernel);
    this.#add('bias', [vocabularySize], tf.initializers.zeros());
    super.build(shape);
  }

  /** [rows, width] -> [rows, vocabulary]. */
  logits(x: tf.Tensor): tf.Tensor {
    const weight = (name: string): tf.Tensor => this.#variables.get(name)!();
    return tf.tidy(() => {
      const input = this.options.normalise ? layerNorm(x, weight('norm_gain'), weight('norm_bias')) : x;
      return tf.matMul(input, weight('kernel')).add(weight('bias'));
    });
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    const { width, vocabularySize } = this.options;
    return tf.tidy(() => this.logits(x.reshape([-1, width])).reshape([...x.shape.slice(0, -1), vocabularySize]));
  }

  override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape | tf.Shape[] {
    return [...(shape as tf.Shape).slice(0, -1), this.options.vocabularySize];
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.options };
  }

  #add(name: string, shape: number[], initializer: Initializer): void {
    const variable = this.addWeight(name, shape, 'float32', initializer);
    this.#variables.set(name, () => variable.read());
  }
}
