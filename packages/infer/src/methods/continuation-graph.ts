import type { Tensor } from '../arrays/tensor.js';
import { GraphError } from '../errors.js';
import type { Random } from '../random.js';
import { type CheckedDraw, LARGEST_TOP_K } from './next-token.js';

export interface ContinuationOptions {
  /** Tokens to add. */
  readonly length: number;
  readonly draw: CheckedDraw;
  readonly random: Random;
  /** The most tokens that the model sees. */
  readonly blockSize: number;
  readonly vocabularySize: number;
}

/** Whether the graph can draw so: it ranks {@link LARGEST_TOP_K} tokens. */
export function drawsInGraph({ topK }: CheckedDraw, vocabularySize: number): boolean {
  return topK <= LARGEST_TOP_K || topK >= vocabularySize;
}

/**
 * Tokens that follow others, by a graph that draws as many in a call as fit into the model's block. When it is full, the
 * next call goes on from the last half of it.
 *
 * @param seen the last `blockSize` tokens of the prompt
 * @throws GraphError when the graph gives a number that is no token's
 */
export async function continuation(
  run: (feeds: Readonly<Record<string, Tensor>>) => Promise<Record<string, Tensor>>,
  seen: readonly number[],
  { length, draw, random, blockSize, vocabularySize }: ContinuationOptions,
): Promise<number[]> {
  const topK = draw.topK < vocabularySize ? draw.topK : 0;
  const made: number[] = [];
  for (let window = [...seen]; made.length < length; window = window.slice(-Math.ceil(blockSize / 2))) {
    // The last token of a full block is drawn from what the others say.
    const steps = Math.min(blockSize - window.length + 1, length - made.length);
    const uniforms = new Float32Array(blockSize);
    for (let i = 0; i < steps; i++) uniforms[i] = Math.min(random.uniform(), LARGEST_UNIFORM);
    const { continuation } = await run({
      tokens: { type: 'int32', dims: [1, window.length], data: Int32Array.from(window) },
      uniforms: { type: 'float32', dims: [1, blockSize], data: uniforms },
      steps: { type: 'int32', dims: [], data: Int32Array.of(steps) },
      temperature: { type: 'float32', dims: [], data: Float32Array.of(draw.temperature) },
      topK: { type: 'int32', dims: [], data: Int32Array.of(topK) },
    });
    const tokens = [...(continuation!.data as Int32Array).subarray(0, steps)];
    const wrong = tokens.find((token) => !(token >= 0 && token < vocabularySize));
    if (wrong !== undefined || tokens.length < steps) {
      const message = `the graph 'generate' drew ${wrong ?? `${tokens.length} tokens instead of ${steps}`}: its logits are NaN, or it is damaged`;
      throw new GraphError('graph-run', message, { token: wrong });
    }
    made.push(...tokens);
    window.push(...tokens);
  }
  return made;
}

/** Times any sum of float32 it is less than that sum. */
const LARGEST_UNIFORM = 1 - 2 ** -23;
