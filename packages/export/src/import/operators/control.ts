import { tf } from '../../tfjs.js';
import type { Call } from '../call.js';
import { type Datum, Known } from '../model/known.js';
import { type Operator, operator, type Result } from './operator.js';

/** The branch that sizes and constants choose. */
function branch(call: Call): readonly Result[] {
  const [then, otherwise] = [call.graph('then_branch'), call.graph('else_branch')];
  const condition = call.datum(0);
  if (!(condition instanceof Known))
    throw call.fault('depends on what the graph computes: only constant conditions are supported');
  return call.context.runGraph(condition.data[0] ? then : otherwise);
}

function constant(call: Call): Datum {
  const value = call.constant('value');
  if (value) return value;
  const { attributes } = call.node;
  for (const [name, type] of Object.entries({ value_float: 'float32', value_int: 'int32' } as const)) {
    if (attributes.has(name)) return Known.scalar(call.float(name, 0), type);
  }
  for (const [name, type] of Object.entries({ value_floats: 'float32', value_ints: 'int32' } as const)) {
    if (attributes.has(name)) return Known.list(call.ints(name)!, type);
  }
  throw call.fault('holds no numbers');
}

/** Elements that are kept are scaled by 1 / (1 - ratio); drawn only in files that were exported for training. */
function dropout(call: Call): Datum[] {
  const x = call.tensor(0);
  const ratio = call.opset < 12 ? call.float('ratio', 0.5) : (call.number(1) ?? 0.5);
  const training = call.opset >= 12 && call.has(2) && call.number(2) === 1;
  call.ignore('seed', 'is_test', 'ratio');
  const { uniform } = call.context;
  if (!training || !uniform || ratio === 0) return [x, tf.cast(tf.onesLike(x), 'bool')];
  const kept = tf.greaterEqual(uniform(x.shape), tf.scalar(ratio));
  return [tf.mul(tf.mul(x, tf.cast(kept, 'float32')), 1 / (1 - ratio)), kept];
}

/** Constants, conditions and dropout. */
export const control: readonly Operator[] = [
  operator('Constant', constant, { known: constant }),
  operator('If', branch),
  operator('Dropout', dropout, { constants: [1, 2] }),
];
