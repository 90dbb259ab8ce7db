import { tf } from '../tfjs.js';
import { givingTensors, type MadeTensor } from './made-tensors.js';

/** Random numbers that one of tfjs's functions has drawn in memory, from a seed of its own. */
export interface Draw extends MadeTensor {
  /** tfjs's functions at work, the one that draws last: `dropout`, `randomUniform`. */
  readonly ops: readonly string[];
}

/** The suffix that tfjs gives a function's name for the scope of its tensors. */
const OP = '__op';

/**
 * Runs `f`; random numbers that tfjs draws meanwhile become what `give` returns. Draws from a seed that the caller chose
 * are none: they are the same whenever they are drawn.
 *
 * @param stray told when anything else asks `Math.random`
 */
export function givingDraws<T>(give: (draw: Draw) => tf.Tensor, f: () => T, stray: () => void = () => {}): T {
  const { state } = tf.engine();
  const { random } = Math;
  // tfjs asks Math.random for a seed when it was given none, in the scope in which it then makes the tensor.
  let seeding: object | undefined;
  Math.random = () => {
    const ops = opsAtWork();
    if (ops.length > 0) seeding = state.activeScope;
    else stray();
    return random();
  };
  try {
    return givingTensors((made) => {
      const isDraw = seeding !== undefined && seeding === state.activeScope;
      seeding = undefined;
      return isDraw ? give({ ...made, ops: opsAtWork() }) : made.make();
    }, f);
  } finally {
    Math.random = random;
  }
}

/** Names of the innermost scopes that are functions of tfjs. */
function opsAtWork(): string[] {
  const names = tf.engine().state.scopeStack.map(({ name }) => name);
  const outside = names.findLastIndex((name) => !name.endsWith(OP));
  return names.slice(outside + 1).map((name) => name.slice(0, -OP.length));
}
