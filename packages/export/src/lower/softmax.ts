import { op } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { tf } from '../tfjs.js';
import { type Lowering, lowering } from './lowering.js';

/** tfjs writes log-softmax with other kernels. */
export const softmax: readonly Lowering[] = [
  lowering<{ logits: Value }, { dim: number }>(
    'Softmax',
    ({ logits }, { dim }) => op('Softmax', [logits], logits.dtype, logits.shape, { axis: dim }),
    [
      {
        name: 'rows',
        inputs: { x: { shape: [3, 4], low: -5, high: 5 } },
        run: ({ x }) => tf.softmax(x!),
        gradient: true,
      },
      { name: 'large logits', inputs: { x: { shape: [2, 3], low: 500, high: 1000 } }, run: ({ x }) => tf.softmax(x!) },
    ],
  ),
];
