import type { Value } from '../graph/value.js';
import { type MatMulAttributes, matMul } from '../idioms/mat-mul.js';
import { tf } from '../tfjs.js';
import { activate, type FusedAttributes } from './activation.js';
import { type Lowering, lowering } from './lowering.js';

export const linear: readonly Lowering[] = [
  lowering<{ a: Value; b: Value }, MatMulAttributes>('BatchMatMul', ({ a, b }, attrs) => matMul(a, b, attrs), [
    {
      name: 'matrices',
      inputs: { a: { shape: [3, 4] }, b: { shape: [4, 5] } },
      run: ({ a, b }) => tf.matMul(a!, b!),
      gradient: true,
    },
    {
      name: 'transposed',
      inputs: { a: { shape: [4, 3] }, b: { shape: [5, 4] } },
      run: ({ a, b }) => tf.matMul(a!, b!, true, true),
      gradient: true,
    },
    {
      name: 'batch, broadcast',
      inputs: { a: { shape: [2, 3, 4] }, b: { shape: [1, 5, 4] } },
      run: ({ a, b }) => tf.matMul(a!, b!, false, true),
    },
    {
      name: 'a batch of one',
      inputs: { a: { shape: [1, 4, 3] }, b: { shape: [1, 4, 5] } },
      run: ({ a, b }) => tf.matMul(a!, b!, true, false),
      gradient: true,
    },
  ]),
  lowering<{ a: Value; b: Value; bias?: Value; preluActivationWeights?: Value }, MatMulAttributes & FusedAttributes>(
    '_FusedMatMul',
    ({ a, b, bias, preluActivationWeights }, attrs) =>
      activate(matMul(a, b, attrs, bias), attrs, preluActivationWeights),
    [
      {
        name: 'bias and relu',
        inputs: { a: { shape: [3, 4] }, b: { shape: [4, 5] }, c: { shape: [5] } },
        run: ({ a, b, c }) => tf.fused.matMul({ a: a!, b: b!, bias: c!, activation: 'relu' }),
        gradient: true,
      },
      {
        name: 'bias alone',
        inputs: { a: { shape: [4, 3] }, b: { shape: [5, 4] }, c: { shape: [5] } },
        run: ({ a, b, c }) =>
          tf.fused.matMul({ a: a!, b: b!, transposeA: true, transposeB: true, bias: c!, activation: 'linear' }),
        gradient: true,
      },
    ],
  ),
];
