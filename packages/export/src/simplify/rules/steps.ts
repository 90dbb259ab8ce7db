import { op, unary } from '../../graph/build.js';
import { nodeOf, ownOutput, type Value } from '../../graph/value.js';
import { type Rule, usersOf } from '../rebuild.js';

/**
 * relu(x) is above 0 where x is, and NaN where x is: a step at 0 takes the one that is computed anyway, so that x need
 * not be kept.
 */
export function steps(outputs: readonly Value[]): Rule {
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
