import { input, op, unary } from '../../graph/build.js';
import { usersOf } from '../../graph/users.js';
import { nodeOf, ownOutput, type Value } from '../../graph/value.js';
import { step } from '../../idioms/formulas.js';
import type { Rewrite } from '../rebuild.js';
import type { RewriteRule } from '../rule.js';

const x = input('x', 'float32', [2, 3]);

/** Steps at 0 of the relu that is computed anyway, so that its input need not be kept. */
export const steps: RewriteRule = {
  name: 'steps',
  says: 'A step at 0 (the gradient of relu: a HardSigmoid of a huge slope) takes relu(x) if that is computed anyway: it is above 0 where x is, and NaN where x is. x need not be kept then.',
  prepare: stepped,
  cases: [
    {
      name: 'a relu and its gradient',
      build: () => [unary('Relu', x), step(x, 0)],
      becomes: ['Relu(x)', 'HardSigmoid(Relu(x))'],
    },
    { name: 'a step without a relu', build: () => [unary('Tanh', x), step(x, 0)] },
    {
      name: 'a sigmoid that is no step at 0',
      build: () => [unary('Relu', x), unary('HardSigmoid', x, { alpha: { float: 0.2 }, beta: { float: 0.5 } })],
    },
  ],
};

function stepped(outputs: readonly Value[]): Rewrite {
  const rectified = new Set<Value>();
  for (const [value, users] of usersOf(outputs)) {
    if (users.some(({ outputs: [output] }) => nodeOf(output!, 'Relu'))) rectified.add(value);
  }
  return ({ inputs, attributes }, original) => {
    const [x] = inputs as [Value];
    const source = nodeOf(original, 'HardSigmoid')?.inputs[0];
    const { beta } = attributes as { beta?: { float: number } };
    if (!source || beta?.float !== 0 || !rectified.has(ownOutput(source))) return undefined;
    return op('HardSigmoid', [unary('Relu', x)], 'float32', original.shape, attributes);
  };
}
