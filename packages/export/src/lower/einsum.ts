import { op } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { tensorInfo } from '../idioms/shapes.js';
import { tf } from '../tfjs.js';
import { type KernelInputs, type Lowering, listOf, lowering } from './lowering.js';

/** ONNX's Einsum reads the same equations; tfjs's own parser checks them first. */
function einsum(values: readonly Value[], equation: string): Value {
  const { allDims, idDims } = tf.backend_util.decodeEinsumEquation(equation, values.length);
  const tensors = values.map((value) => tensorInfo(value) as tf.Tensor);
  tf.backend_util.checkEinsumDimSizes(allDims.length, idDims, tensors);
  const written = equation.replace(/\s/g, '');
  const [terms, result] = written.split('->') as [string, string];
  const sizes = new Map(
    terms.split(',').flatMap((term, i) => [...term].map((d, axis) => [d, values[i]!.shape[axis]!])),
  );
  const shape = [...result].map((dimension) => sizes.get(dimension)!);
  return op('Einsum', values, values[0]!.dtype, shape, { equation: written });
}

export const contraction: readonly Lowering[] = [
  lowering<KernelInputs, { equation: string }>('Einsum', (inputs, { equation }) => einsum(listOf(inputs), equation), [
    {
      name: 'matrix product',
      inputs: { a: { shape: [2, 3] }, b: { shape: [3, 4] } },
      run: ({ a, b }) => tf.einsum('ij,jk->ik', a!, b!),
    },
    {
      name: 'batch, reordered',
      inputs: { a: { shape: [2, 3, 4] }, b: { shape: [2, 4, 5] } },
      run: ({ a, b }) => tf.einsum('bij, bjk -> kbi', a!, b!),
    },
    { name: 'sum', inputs: { a: { shape: [2, 3] } }, run: ({ a }) => tf.einsum('ij->', a!) },
  ]),
];
