import { tf } from '@onnx-forge/export';
import {
  type Attended,
  attend,
  causalMask,
  joinHeads,
  type KeysAndValues,
  type SequenceSize,
  splitHeads,
} from './causal-attention.js';
import type { Initializer, Initializers } from './initializers.js';
import { layerNorm } from './layer-norm.js';

/** Where a block normalises: `pre` x + A(LN(x)), `post` LN(x + A(x)). */
export type Normalisation = 'pre' | 'post';

export interface TransformerBlockOptions {
  /** Length of a position's vector. */
  readonly width: number;
  /** A divisor of the width. */
  readonly heads: number;
  readonly normalisation: Normalisation;
  /** Whether the two-layer network width -> 4 width -> width follows the attention. */
  readonly feedForward: boolean;
}

/** How a block is applied. */
export interface BlockContext extends SequenceSize {
  /** [length, past + length]; see {@link attend}. */
  readonly mask?: tf.Tensor | undefined;
  /** Of earlier positions, which the sequence goes on from. */
  readonly past?: KeysAndValues | undefined;
  /** Attends instead: gets queries, keys and values in one, [batch * length, 3 * width]. */
  readonly attention?: ((projected: tf.Tensor, heads: number) => Attended) | undefined;
  /** Is applied to what attention and feed-forward network add: dropout, in training. */
  readonly onBranch?: ((added: tf.Tensor) => tf.Tensor) | undefined;
}

/** A block's output [batch * length, width], and the keys and values of all positions so far. */
export type BlockOutput = Attended;

type Norm = 'norm1' | 'norm2';
type Dense = 'qkv' | 'projection' | 'expand' | 'contract';

/**
 * A block of a decoder-only transformer: causal self-attention and, where asked for, a feed-forward network with ReLU,
 * each in a residual branch. Kernels begin as U(-b, b) with b = sqrt(6 / (fanIn + fanOut)), biases as 0 (Xiong et al.
 * 2020). As a layer it takes and gives [batch, length, width].
 */
export class TransformerBlock extends tf.layers.Layer {
  static readonly className = 'CausalTransformerBlock';
  readonly options: TransformerBlockOptions;
  readonly #kernels: Readonly<Record<Dense, Initializer>>;
  readonly #variables = new Map<string, () => tf.Tensor>();

  constructor(options: TransformerBlockOptions, init: Initializers) {
    super({});
    this.options = options;
    const [qkv, projection] = [init.glorotUniform(), init.glorotUniform()];
    this.#kernels = { qkv, projection, expand: init.glorotUniform(), contract: init.glorotUniform() };
  }

  override build(shape: tf.Shape | tf.Shape[]): void {
    const { width, feedForward } = this.options;
    this.#addNorm('norm1', width);
    this.#addDense('qkv', width, 3 * width);
    this.#addDense('projection', width, width);
    if (feedForward) {
      this.#addNorm('norm2', width);
      this.#addDense('expand', width, 4 * width);
      this.#addDense('contract', 4 * width, width);
    }
    super.build(shape);
  }

  /** @param x [batch * length, width] */
  forward(x: tf.Tensor, context: BlockContext): BlockOutput {
    const { normalisation, feedForward } = this.options;
    const onBranch = context.onBranch ?? ((added: tf.Tensor) => added);
    const pre = normalisation === 'pre';
    const attention = this.#attention(pre ? this.#norm('norm1', x) : x, context);
    let sum = x.add(onBranch(attention.x));
    if (!pre) sum = this.#norm('norm1', sum);
    if (feedForward) {
      const added = onBranch(this.#feedForward(pre ? this.#norm('norm2', sum) : sum));
      sum = pre ? sum.add(added) : this.#norm('norm2', sum.add(added));
    }
    return { ...attention, x: sum };
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    const [batch, length, width] = x.shape as [number, number, number];
    return tf.tidy(() => {
      const rows = x.reshape([batch * length, width]);
      return this.forward(rows, { batch, length, mask: causalMask(length, length) }).x.reshape(x.shape);
    });
  }

  override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape | tf.Shape[] {
    return shape;
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.options };
  }

  #attention(x: tf.Tensor, context: BlockContext): BlockOutput {
    const projected = this.#dense('qkv', x);
    if (context.attention) {
      const attended = context.attention(projected, this.options.heads);
      return { ...attended, x: this.#dense('projection', attended.x) };
    }
    const [q, k, v] = splitHeads(projected, context, this.options.heads) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const { past, mask } = context;
    const keys = past ? tf.concat([past.keys, k], 2) : k;
    const values = past ? tf.concat([past.values, v], 2) : v;
    return { x: this.#dense('projection', joinHeads(attend(q, { keys, values }, mask))), keys, values };
  }

  #feedForward(x: tf.Tensor): tf.Tensor {
    return this.#dense('contract', this.#dense('expand', x).relu());
  }

  #norm(part: Norm, x: tf.Tensor): tf.Tensor {
    return layerNorm(x, this.#weight(`${part}_gain`), this.#weight(`${part}_bias`));
  }

  #dense(part: Dense, x: tf.Tensor): tf.Tensor {
    return tf.matMul(x, this.#weight(`${part}_kernel`)).add(this.#weight(`${part}_bias`));
  }

  #addNorm(part: Norm, width: number): void {
    this.#add(`${part}_gain`, [width], tf.initializers.ones());
    this.#add(`${part}_bias`, [width], tf.initializers.zeros());
  }

  #addDense(part: Dense, inputs: number, outputs: number): void {
    this.#add(`${part}_kernel`, [inputs, outputs], this.#kernels[part]);
    this.#add(`${part}_bias`, [outputs], tf.initializers.zeros());
  }

  #add(name: string, shape: number[], initializer: Initializer): void {
    const variable = this.addWeight(name, shape, 'float32', initializer);
    this.#variables.set(name, () => variable.read());
  }

  #weight(name: string): tf.Tensor {
    return this.#variables.get(name)!();
  }
}
