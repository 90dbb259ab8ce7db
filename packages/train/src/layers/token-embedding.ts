import { tf } from '@onnx-forge/export';
import type { Initializer, Initializers } from './initializers.js';

export interface TokenEmbeddingOptions {
  readonly vocabularySize: number;
  /** Positions that there are vectors for. */
  readonly longest: number;
  readonly width: number;
}

/** Learned vectors of tokens plus learned vectors of positions. As a layer: int32 [batch, length] -> [batch, length, width]. */
export class TokenEmbedding extends tf.layers.Layer {
  static readonly className = 'TokenAndPositionEmbedding';
  readonly options: TokenEmbeddingOptions;
  readonly #initializers: readonly [tokens: Initializer, positions: Initializer];
  #tokens: (() => tf.Tensor) | undefined;
  #positions: (() => tf.Tensor) | undefined;

  /** @param scale standard deviation of a number of either vector at the start */
  constructor(options: TokenEmbeddingOptions, init: Initializers, scale: number) {
    super({ inputShape: [null], dtype: 'int32' });
    this.options = options;
    this.#initializers = [init.normal(scale), init.normal(scale)];
  }

  override build(shape: tf.Shape | tf.Shape[]): void {
    const { vocabularySize, longest, width } = this.options;
    const [ofTokens, ofPositions] = this.#initializers;
    const tokens = this.addWeight('tokens', [vocabularySize, width], 'float32', ofTokens);
    const positions = this.addWeight('positions', [longest, width], 'float32', ofPositions);
    this.#tokens = () => tokens.read();
    this.#positions = () => positions.read();
    super.build(shape);
  }

  /**
   * @param tokens int32 [batch, length]
   * @param from position of the first token
   * @returns [batch * length, width]
   */
  embed(tokens: tf.Tensor, from = 0): tf.Tensor {
    const [batch, length] = tokens.shape as [number, number];
    const { width } = this.options;
    return tf.tidy(() => {
      const vectors = tf.gather(this.#tokens!(), tokens.toInt().reshape([batch * length]));
      const positions = this.#positions!().slice([from, 0], [length, width]);
      return vectors
        .reshape([batch, length, width])
        .add(positions)
        .reshape([batch * length, width]);
    });
  }

  /** {@link embed} of one token, int32 [batch], at a position that is a tensor, int32 []: [batch, width]. */
  embedAt(token: tf.Tensor, position: tf.Tensor): tf.Tensor {
    return tf.tidy(() => tf.gather(this.#tokens!(), token).add(tf.gather(this.#positions!(), position)));
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const tokens = Array.isArray(inputs) ? inputs[0]! : inputs;
    return tf.tidy(() => this.embed(tokens).reshape([...tokens.shape, this.options.width]));
  }

  override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape | tf.Shape[] {
    return [...(shape as tf.Shape), this.options.width];
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.options };
  }
}
