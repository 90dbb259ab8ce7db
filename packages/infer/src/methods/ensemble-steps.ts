import type { StepDecoder, StepOutput } from './beam-search.js';

/**
 * Several models that write one sequence together (Sutskever et al. 2014, section 3.6): the next token's log-probability is the
 * mean of theirs, normalised again, so that a sequence's is one, too; attention is the mean of those that have it.
 *
 * @param members at least one, of the same vocabulary
 */
export function ensembleSteps(members: readonly StepDecoder[]): StepDecoder {
  if (members.length === 1) return members[0]!;
  return {
    async step(parents, tokens) {
      const outputs: StepOutput[] = [];
      for (const member of members) outputs.push(await member.step(parents, tokens));
      const looked = outputs.flatMap(({ attention }) => attention ?? []);
      return {
        logProbs: normalised(mean(outputs.map(({ logProbs }) => logProbs)), parents.length),
        ...(looked.length > 0 && { attention: mean(looked) }),
      };
    },
  };
}

function mean(arrays: readonly Float32Array[]): Float32Array {
  return arrays[0]!.map((_, i) => arrays.reduce((sum, array) => sum + array[i]!, 0) / arrays.length);
}

/** log-softmax of each row, in place. */
function normalised(values: Float32Array, rows: number): Float32Array {
  const size = values.length / rows;
  for (let row = 0; row < rows; row++) {
    const of = values.subarray(row * size, (row + 1) * size);
    const largest = of.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
    const logSum = largest + Math.log(of.reduce((sum, value) => sum + Math.exp(value - largest), 0));
    for (let i = 0; i < size; i++) of[i]! -= logSum;
  }
  return values;
}
