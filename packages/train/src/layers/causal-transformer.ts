import { tf } from '@onnx-forge/export';
import { TrainError } from '../errors.js';
import { attendFixed, causalMask, type KeysAndValues } from './causal-attention.js';
import type { Initializers } from './initializers.js';
import { Network } from './network.js';
import { TokenEmbedding } from './token-embedding.js';
import { TokenLogits } from './token-logits.js';
import { TransformerBlock, type TransformerBlockOptions } from './transformer-block.js';

export interface CausalTransformerOptions extends TransformerBlockOptions {
  /** Number of blocks. */
  readonly layers: number;
  /** Longest sequence. */
  readonly blockSize: number;
  readonly vocabularySize: number;
  /** Standard deviation of the embeddings of tokens and of positions at the start; default 0.02, GPT-2's. */
  readonly embeddingScale?: number;
}

export interface TransformerContext {
  /** Is applied to the embeddings and to what each branch adds to the residual stream: dropout, in training. */
  readonly onBranch?: (added: tf.Tensor) => tf.Tensor;
  /** Is added to x_l, the input of block l: zeros, to differentiate by. The last belongs to the output of all blocks. */
  readonly probes?: readonly tf.Tensor[];
}

/** Logits, and the keys and values of all blocks, stacked: [layers, batch, heads, positions, headDim]. */
export interface TransformerOutput extends KeysAndValues {
  /** [batch * length, vocabulary]. */
  readonly logits: tf.Tensor;
}

/**
 * A decoder-only transformer (Vaswani et al. 2017; Radford et al. 2018): learned positions, causal attention. With
 * `normalisation: 'pre'` a last layer normalisation follows the blocks.
 */
export class CausalTransformer extends Network {
  readonly options: CausalTransformerOptions;
  readonly #embedding: TokenEmbedding;
  readonly #blocks: readonly TransformerBlock[];
  readonly #head: TokenLogits;

  /** @throws TrainError (`option-invalid`) when the width is no multiple of the heads */
  constructor(options: CausalTransformerOptions, init: Initializers) {
    const { vocabularySize, blockSize, width, layers, heads, normalisation, embeddingScale = 0.02 } = options;
    if (width % heads !== 0) {
      const message = `width ${width} can not be split among ${heads} heads: make it a multiple`;
      throw new TrainError('option-invalid', message, { width, heads });
    }
    const embedding = new TokenEmbedding({ vocabularySize, longest: blockSize, width }, init, embeddingScale);
    const blocks = Array.from({ length: layers }, () => new TransformerBlock(options, init));
    const head = new TokenLogits({ vocabularySize, width, normalise: normalisation === 'pre' }, init);
    super(tf.sequential({ layers: [embedding, ...blocks, head] }));
    this.options = options;
    this.#embedding = embedding;
    this.#blocks = blocks;
    this.#head = head;
  }

  /**
   * Every position's prediction of the next token.
   *
   * @param tokens int32 [batch, length], length at most `blockSize`
   */
  predict(tokens: tf.Tensor, { onBranch, probes }: TransformerContext = {}): TransformerOutput {
    const [batch, length] = tokens.shape as [number, number];
    const probe = (x: tf.Tensor, l: number): tf.Tensor => (probes ? x.add(probes[l]!) : x);
    return tf.tidy(() => {
      const context = { batch, length, mask: causalMask(length, this.options.blockSize), onBranch };
      const embedded = this.#embedding.embed(tokens);
      let x = onBranch ? onBranch(embedded) : embedded;
      const seen: KeysAndValues[] = [];
      for (const [l, block] of this.#blocks.entries()) {
        const output = block.forward(probe(x, l), context);
        seen.push(output);
        x = output.x;
      }
      return { logits: this.#head.logits(probe(x, this.#blocks.length)), ...stacked(seen) };
    });
  }

  /**
   * Keys and values with room for `blockSize` positions, for {@link extend}: zeros where there are none yet.
   *
   * @param seen [layers, batch, heads, positions, headDim]
   * @returns of each block, by name, [batch * heads * blockSize, headDim]
   */
  cache({ keys, values }: KeysAndValues): Record<string, tf.Tensor> {
    return tf.tidy(() => {
      const [, batch, heads, positions, headDim] = keys.shape as [number, number, number, number, number];
      const { blockSize } = this.options;
      const none: [number, number] = [0, 0];
      const rows = (seen: tf.Tensor): tf.Tensor[] =>
        tf
          .unstack(tf.pad(seen, [none, none, none, [0, blockSize - positions], none]))
          .map((part) => part.reshape([batch * heads * blockSize, headDim]));
      const named = (name: string, seen: tf.Tensor) => rows(seen).map((part, l) => [`${name}${l}`, part] as const);
      return Object.fromEntries([...named('keys', keys), ...named('values', values)]);
    });
  }

  /**
   * {@link step} at any position with arrays of the same shapes, so that it can be the step of a loop.
   *
   * @param token int32 [batch]
   * @param position of the token, int32 []
   * @param cache of the positions before it
   * @returns logits [batch, vocabulary], and the cache with the token's own keys and values
   */
  extend(
    token: tf.Tensor,
    position: tf.Tensor,
    cache: Readonly<Record<string, tf.Tensor>>,
  ): { logits: tf.Tensor; cache: Record<string, tf.Tensor> } {
    return tf.tidy(() => {
      const batch = token.shape[0]!;
      let x = this.#embedding.embedAt(token, position);
      const next: [string, tf.Tensor][] = [];
      for (const [l, block] of this.#blocks.entries()) {
        const past = { keys: cache[`keys${l}`]!, values: cache[`values${l}`]! };
        const attention = attendFixed({ past, batch, positions: this.options.blockSize, position });
        const output = block.forward(x, { batch, length: 1, attention });
        x = output.x;
        next.push([`keys${l}`, output.keys], [`values${l}`, output.values]);
      }
      return { logits: this.#head.logits(x), cache: Object.fromEntries(next) };
    });
  }

  /**
   * The prediction after one more token, at a cost that grows with the positions but not with their square.
   *
   * @param token int32 [batch]
   * @param past of the positions before it; `blockSize - 1` at most
   * @returns logits [batch, vocabulary]; keys and values with one more position
   */
  step(token: tf.Tensor, past: KeysAndValues): TransformerOutput {
    return tf.tidy(() => {
      const batch = token.shape[0]!;
      let x = this.#embedding.embed(token.reshape([batch, 1]), past.keys.shape[3]!);
      const [keys, values] = [tf.unstack(past.keys), tf.unstack(past.values)];
      const seen = this.#blocks.map((block, l) => {
        const output = block.forward(x, { batch, length: 1, past: { keys: keys[l]!, values: values[l]! } });
        x = output.x;
        return output;
      });
      return { logits: this.#head.logits(x), ...stacked(seen) };
    });
  }
}

function stacked(seen: readonly KeysAndValues[]): KeysAndValues {
  return { keys: tf.stack(seen.map(({ keys }) => keys)), values: tf.stack(seen.map(({ values }) => values)) };
}
