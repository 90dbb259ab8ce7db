import { GraphError, InputError } from '../errors.js';
import type { Random } from '../random.js';
import { COUNT, checked, POSITIVE } from '../value-rule.js';

/** How the next token is drawn from its distribution. */
export interface DrawOptions {
  /** Logits are divided by it: below 1 the likely become likelier, above 1 all become more alike. Default 1. */
  readonly temperature?: number | undefined;
  /** Draw from the `topK` most likely tokens only (top-k sampling). Default: all. 1 is greedy. */
  readonly topK?: number | undefined;
}

/** Draw options that are checked; a `topK` of Infinity is all. */
export interface CheckedDraw {
  readonly temperature: number;
  readonly topK: number;
}

/** The largest `topK` that a graph which draws tokens by itself can be given. */
export const LARGEST_TOP_K = 100;

/** Throws InputError unless the temperature is above 0 and topK a whole number of at least 1. */
export function checkDraw({ temperature = 1, topK = Number.POSITIVE_INFINITY }: DrawOptions): CheckedDraw {
  if (!POSITIVE.accepts(temperature)) {
    const advice = 'for the likeliest token always, use topK: 1';
    throw new InputError(`temperature must be a number above 0, not ${temperature}; ${advice}`, { temperature });
  }
  if (topK !== Number.POSITIVE_INFINITY) checked('topK', topK, COUNT);
  return { temperature, topK };
}

/**
 * Draws from softmax(logits / temperature), restricted to the topK largest logits (ties at the edge count as in).
 *
 * @throws GraphError when logits are NaN
 */
export function drawToken(logits: ArrayLike<number>, { temperature, topK }: DrawOptions, random: Random): number {
  const least = topK !== undefined && topK < logits.length ? kthLargest(logits, topK) : Number.NEGATIVE_INFINITY;
  let largest = Number.NEGATIVE_INFINITY;
  for (let token = 0; token < logits.length; token++) largest = Math.max(largest, logits[token]!);
  const weights = new Float64Array(logits.length);
  let total = 0;
  for (let token = 0; token < logits.length; token++) {
    if (logits[token]! < least) continue;
    weights[token] = Math.exp((logits[token]! - largest) / (temperature ?? 1));
    total += weights[token]!;
  }
  if (Number.isNaN(total)) throw new GraphError('graph-run', "the model's logits are NaN: no token can be drawn");
  let left = random.uniform() * total;
  let drawn = 0;
  for (let token = 0; token < weights.length; token++) {
    if (weights[token] === 0) continue;
    drawn = token;
    left -= weights[token]!;
    if (left < 0) break;
  }
  return drawn;
}

function kthLargest(values: ArrayLike<number>, k: number): number {
  return Float64Array.from(values).sort()[values.length - k]!;
}

/** log softmax(logits)[token] of each row, in nats, in float64. `logits` is [tokens.length, vocabulary]. */
export function logProbabilities(logits: ArrayLike<number>, tokens: ArrayLike<number>): Float64Array {
  const width = logits.length / tokens.length;
  return Float64Array.from(tokens, (token, row) => {
    const start = row * width;
    let largest = Number.NEGATIVE_INFINITY;
    for (let i = start; i < start + width; i++) largest = Math.max(largest, logits[i]!);
    let sum = 0;
    for (let i = start; i < start + width; i++) sum += Math.exp(logits[i]! - largest);
    return logits[start + token]! - largest - Math.log(sum);
  });
}
