import type { Tensor } from '../arrays/tensor.js';
import { GraphError } from '../errors.js';
import { checkedSequence, type Sequence } from './beam-search.js';

export interface GreedyGraphOptions {
  /** Columns of the outputs. */
  readonly maxLength: number;
  /** The token that ends a sequence; undefined: all have `maxLength`. */
  readonly end: number | undefined;
}

/**
 * The sequences that a graph found which searches greedily by itself, one for each row: what stands behind an end is no part
 * of them.
 *
 * @param outputs tokens int32 and logProbs [rows, maxLength]; attention, if there is one, [rows, maxLength, width]
 * @throws GraphError when a log-probability is NaN, or the outputs are not of these shapes
 */
export function greedySequences(
  outputs: Readonly<Record<string, Tensor>>,
  rows: number,
  { maxLength, end }: GreedyGraphOptions,
): Sequence[] {
  const [tokens, logProbs] = [outputs.tokens!, outputs.logProbs!];
  const looked = outputs.attention;
  for (const [name, { dims }] of Object.entries({ tokens, logProbs, ...(looked && { attention: looked }) })) {
    if (dims[0] === rows && dims[1] === maxLength) continue;
    const message = `${name} of the graph 'translate' is [${dims.join(', ')}], not of ${rows} sentences and ${maxLength} tokens`;
    throw new GraphError('graph-run', message, { output: name, dims });
  }
  const width = looked?.dims[2] ?? 0;
  return Array.from({ length: rows }, (_, row) => {
    const all = Array.from((tokens.data as Int32Array).subarray(row * maxLength, (row + 1) * maxLength));
    const last = end === undefined ? -1 : all.indexOf(end);
    const own = last < 0 ? all : all.slice(0, last + 1);
    const attention = (looked?.data as Float32Array | undefined)?.subarray(row * maxLength * width);
    return checkedSequence({
      tokens: own,
      logProb: own.reduce((sum, _, i) => sum + (logProbs.data as Float32Array)[row * maxLength + i]!, 0),
      attention: attention ? own.map((_, i) => attention.slice(i * width, (i + 1) * width)) : [],
    });
  });
}
