import { input, reshape, transpose, unary } from '../../graph/build.js';
import { type GraphNode, nodeOf, type Value } from '../../graph/value.js';
import { permute } from '../../idioms/layout.js';
import type { RewriteRule } from '../rule.js';

const x = input('x', 'float32', [2, 3, 4]);

/** One reshape in place of two, one transpose in place of two. */
export const straighten: RewriteRule = {
  name: 'straighten',
  says: 'A Reshape of a Reshape is one Reshape, and a Transpose of a Transpose is one Transpose; none where the second takes back the first.',
  prepare: () => straightened,
  cases: [
    {
      name: 'reshapes in a row',
      build: () => [reshape(reshape(reshape(x, [6, 4]), [24]), [4, 6])],
      becomes: ['Reshape(x, [4, 6])'],
    },
    {
      name: 'transposes in a row',
      build: () => [transpose(transpose(x, [2, 0, 1]), [1, 0, 2])],
      becomes: ['Transpose(x, [0, 2, 1])'],
    },
    {
      name: 'a reshape that is taken back',
      build: () => [unary('Relu', reshape(reshape(x, [24]), [2, 3, 4]))],
      becomes: ['Relu(x)'],
    },
    {
      name: 'a transpose that is taken back',
      build: () => [unary('Relu', transpose(transpose(x, [2, 0, 1]), [1, 2, 0]))],
      becomes: ['Relu(x)'],
    },
    { name: 'a reshape of a transpose', build: () => [reshape(transpose(x, [2, 0, 1]), [4, 6])] },
  ],
};

/** The value of a Reshape or Transpose whose input is another one. */
export function straightened(node: GraphNode): Value | undefined {
  const [output] = node.outputs as [Value];
  if (node.domain !== '') return undefined;
  if (node.op === 'Reshape') {
    const inner = nodeOf(node.inputs[0]!, 'Reshape');
    return inner ? reshape(inner.inputs[0]!, output.shape) : undefined;
  }
  if (node.op === 'Transpose' && nodeOf(node.inputs[0]!, 'Transpose')) {
    return permute(node.inputs[0]!, node.attributes.perm as readonly number[]);
  }
  return undefined;
}
