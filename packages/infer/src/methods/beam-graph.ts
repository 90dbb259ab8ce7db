import type { Tensor } from '../arrays/tensor.js';
import { GraphError } from '../errors.js';
import { checkedSequence, type SearchOptions, type Sequence } from './beam-search.js';

/** Tells a graph of beam search by its size how many sequences to keep. */
export function beamsOf(beam: number): Tensor {
  return { type: 'int32', dims: [beam], data: new Int32Array(beam) };
}

/**
 * The most probable sequences that a graph found which searches with several beams by itself, one for each row: those of
 * `beamSearch`.
 *
 * @param outputs for each step the tokens kept, int32 [rows, maxLength, beam], the most probable first; `parents`, the places
 *   in the step before that they continue, -1 for none; logProbs, of the tokens alone; attention, if there is one, by the
 *   parents' places, [rows, maxLength, beam, width]
 * @throws GraphError when log p is NaN, or the outputs are not of these shapes
 */
export function beamSequences(
  outputs: Readonly<Record<string, Tensor>>,
  rows: number,
  { beam, maxLength, end }: Omit<SearchOptions, 'start'>,
): Sequence[] {
  const [tokens, parents, logProbs] = [outputs.tokens!, outputs.parents!, outputs.logProbs!];
  const { attention } = outputs;
  for (const [name, { dims }] of Object.entries({ tokens, parents, logProbs, ...(attention && { attention }) })) {
    if (dims[0] === rows && dims[1] === maxLength && dims[2] === beam) continue;
    const message = `${name} of the graph 'beamSearch' is [${dims.join(', ')}], not of ${rows} sentences, ${maxLength} tokens and ${beam} beams`;
    throw new GraphError('graph-run', message, { output: name, dims });
  }
  const [ids, from] = [tokens.data as Int32Array, parents.data as Int32Array];
  const nats = logProbs.data as Float32Array;
  const paid = attention?.data as Float32Array | undefined;
  const width = attention?.dims[3] ?? 0;

  /** The places of a sequence in the arrays, from its first token to this one. */
  const pathTo = (row: number, step: number, place: number): number[] => {
    const path: number[] = [];
    for (let [at, of] = [step, place]; at >= 0; at--) {
      const here = (row * maxLength + at) * beam + of;
      path.unshift(here);
      of = from[here]!;
    }
    return path;
  };

  return Array.from({ length: rows }, (_, row) => {
    let best: { readonly logProb: number; readonly path: readonly number[] } | undefined;
    let sums = [0];
    for (let step = 0; step < maxLength; step++) {
      const first = (row * maxLength + step) * beam;
      sums = Array.from({ length: beam }, (_, place) => sums[from[first + place]!]! + nats[first + place]!);
      for (const [place, logProb] of sums.entries()) {
        if (from[first + place]! < 0 || !(ids[first + place] === end || step === maxLength - 1)) continue;
        if (!best || logProb > best.logProb) best = { logProb, path: pathTo(row, step, place) };
      }
    }
    return checkedSequence(
      best && {
        tokens: best.path.map((at) => ids[at]!),
        logProb: best.logProb,
        attention: paid
          ? best.path.map((at) => {
              const seen = at - (at % beam) + from[at]!;
              return paid.slice(seen * width, (seen + 1) * width);
            })
          : [],
      },
    );
  });
}
