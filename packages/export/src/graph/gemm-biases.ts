import { op } from './build.js';
import { usersOf } from './users.js';
import { constantData, nodeOf, ownOutput, topologicalOrder, type Value } from './value.js';

/** Makes a bias that is added to the product of two matrices, and to nothing else, an input of the product: Gemm's C. */
export function gemmBiases(outputs: readonly Value[]): void {
  const users = usersOf(outputs);
  const used = new Set(outputs.map(ownOutput));
  for (const {
    op: type,
    domain,
    inputs,
    outputs: [sum],
  } of topologicalOrder(outputs)) {
    if (type !== 'Add' || domain !== '') continue;
    for (const [product, bias] of [inputs, inputs.toReversed()] as [Value, Value][]) {
      const gemm = nodeOf(product, 'Gemm');
      const isBias = bias.rank === 1 && bias.size === product.shape[1] && constantData(bias) !== undefined;
      const own = ownOutput(product);
      if (!gemm || gemm.inputs[2] || !isBias || users.get(own)?.length !== 1 || used.has(own)) continue;
      const [a, b] = gemm.inputs;
      sum!.source = op('Gemm', [a, b, bias], sum!.dtype, sum!.shape, gemm.attributes).source;
    }
  }
}
