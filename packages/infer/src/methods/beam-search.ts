import { GraphError } from '../errors.js';

/** Outputs of a step for every row: log-probabilities of the next token, and attention. */
export interface StepOutput {
  /** [rows, vocabulary] */
  readonly logProbs: Float32Array;
  /** [rows, length]; undefined for a model without attention. */
  readonly attention?: Float32Array | undefined;
}

/** A model that continues several sequences at once, one token at a time. */
export interface StepDecoder {
  /**
   * One token further.
   *
   * @param parents for every row, the row of the previous step that it continues (in the first step: the sentence)
   * @param tokens for every row, the token that it appends
   */
  step(parents: readonly number[], tokens: Int32Array): Promise<StepOutput>;
}

export interface SearchOptions {
  /** Sequences kept for each sentence; 1 is greedy. */
  readonly beam: number;
  /** Tokens in a sequence at most, {@link SearchOptions.end} counted. */
  readonly maxLength: number;
  /** The token before the first. */
  readonly start: number;
  /** The token that ends a sequence; undefined: all have `maxLength`. */
  readonly end: number | undefined;
  /** Exponent a of {@link lengthFactor}: finished sequences compete by log p over it. Default 0: by log p alone. */
  readonly lengthPenalty?: number | undefined;
}

/** ((5 + length) / 6)^a, by which the log-probability of a sequence is divided (Wu et al. 2016, eq. 14): a above 0 makes up for length. */
export function lengthFactor(length: number, a: number): number {
  return ((5 + length) / 6) ** a;
}

export interface Sequence {
  /** With the end token, where it was reached. */
  readonly tokens: readonly number[];
  /** log p(tokens | sentence), nats. */
  readonly logProb: number;
  /** [length] for each token; empty where the model has no attention. */
  readonly attention: readonly Float32Array[];
}

/** A sequence that may go on, and the row of the last step that holds its state. */
interface Live extends Sequence {
  readonly row: number;
}

/**
 * The best sequence that a beam search finds for each of some sentences: by log p, or by that over a power of its length. One that
 * can't win any more is dropped.
 */
export async function beamSearch(
  decoder: StepDecoder,
  sentences: number,
  { beam, maxLength, start, end, lengthPenalty = 0 }: SearchOptions,
): Promise<Sequence[]> {
  const score = (logProb: number, length: number) => logProb / lengthFactor(length, lengthPenalty);
  let live: Live[][] = Array.from({ length: sentences }, (_, row) => [{ tokens: [], logProb: 0, attention: [], row }]);
  const best: (Sequence | undefined)[] = live.map(() => undefined);
  const scores = live.map(() => Number.NEGATIVE_INFINITY);
  for (let length = 1; length <= maxLength && live.some((beams) => beams.length > 0); length++) {
    const rows = live.flat();
    const output = await decoder.step(
      rows.map(({ row }) => row),
      Int32Array.from(rows, ({ tokens }) => tokens.at(-1) ?? start),
    );
    let row = 0;
    live = live.map((beams, sentence) => {
      const candidates = beams.flatMap((before) => continuations({ ...before, row: row++ }, output, rows.length, beam));
      candidates.sort((one, other) => other.logProb - one.logProb);
      const kept = candidates.slice(0, beam);
      for (const candidate of kept) {
        const over = candidate.tokens.at(-1) === end || length === maxLength;
        const value = score(candidate.logProb, length);
        if (over && (best[sentence] === undefined || value > scores[sentence]!)) {
          best[sentence] = candidate;
          scores[sentence] = value;
        }
      }
      // log p only falls from here on; over the factor of the greatest length it is what there is to reach.
      const bar = scores[sentence]!;
      return kept.filter(({ tokens, logProb }) => tokens.at(-1) !== end && score(logProb, maxLength) > bar);
    });
  }
  return best.map(checkedSequence);
}

/** @throws GraphError when its log-probability is NaN, so that nothing was more probable than anything else */
export function checkedSequence(sequence: Sequence | undefined): Sequence {
  if (sequence === undefined || Number.isNaN(sequence.logProb)) {
    throw new GraphError('graph-run', "log p of a translation is NaN: the model's graphs give NaN for it");
  }
  const { tokens, logProb, attention } = sequence;
  return { tokens, logProb, attention };
}

/** A sequence with each of its `count` most probable next tokens. */
function continuations(
  { tokens, logProb, attention, row }: Live,
  output: StepOutput,
  rows: number,
  count: number,
): Live[] {
  const vocabulary = output.logProbs.length / rows;
  const next = output.logProbs.subarray(row * vocabulary, (row + 1) * vocabulary);
  const looked = output.attention;
  const width = looked ? looked.length / rows : 0;
  const where = looked ? [...attention, looked.slice(row * width, (row + 1) * width)] : attention;
  return largest(next, count).map((token) => ({
    tokens: [...tokens, token],
    logProb: logProb + next[token]!,
    attention: where,
    row,
  }));
}

/** Places of the `count` largest values, the largest first; of equals the earlier. */
function largest(values: Float32Array, count: number): number[] {
  const places: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (places.length === count && !(value > values[places[count - 1]!]!)) continue;
    let at = places.length;
    while (at > 0 && value > values[places[at - 1]!]!) at--;
    places.splice(at, 0, i);
    if (places.length > count) places.pop();
  }
  return places;
}
