import { SignatureError } from '../errors.js';
import { tf } from '../tfjs.js';
import type { Loop, LoopState } from './loop-description.js';
import { RecordingBackend } from './recorder.js';

/**
 * Repeats a step until `goOn` is false, at most `most` times, and gives the state after the last one. It asks after every
 * step, so that one is always taken.
 *
 * In a function that is exported it becomes one ONNX Loop, whose body is the step, traced once: the number of steps follows
 * from the data when the graph runs. Elsewhere (eagerly, in compiled steps, under `tf.grad`) all `most` steps are computed,
 * and the state stays as it is once `goOn` is false; nothing is read.
 *
 * @throws SignatureError when `most` is no positive whole number, a step gives other names, dtypes or shapes than it got, or
 *   `goOn` is no bool scalar; TraceMismatchError when a step does something else when it is traced again
 */
export function whileLoop<State extends LoopState>(loop: Loop<State>): State {
  const { state, most } = loop;
  if (!(Number.isSafeInteger(most) && most >= 1)) {
    throw new SignatureError(`whileLoop: most must be a positive whole number, not ${most}`, { most });
  }
  if (Object.keys(state).length === 0) throw new SignatureError('whileLoop: there is no state to carry along');
  const backend = tf.backend();
  const record = backend instanceof RecordingBackend ? backend.recordLoop : undefined;
  // The names are those of `state`, as both check.
  return tf.tidy(() => (record ? record(loop as unknown as Loop) : unrolled(loop)) as State);
}

function unrolled<State extends LoopState>({ state, most, step, goOn }: Loop<State>): LoopState {
  let last = state;
  let going: tf.Tensor | undefined;
  for (let index = 0; index < most; index++) {
    const next = checkedStep(last, step(last, tf.scalar(index, 'int32')));
    last = going ? heldUnless(going, next, last) : next;
    if (!goOn || index === most - 1) continue;
    going = condition(goOn, last, going);
  }
  // What was given stays the caller's, who may dispose it.
  const given = new Set(Object.values(state));
  return Object.fromEntries(
    Object.entries(last).map(([name, tensor]) => [name, given.has(tensor) ? tensor.clone() : tensor]),
  );
}

/** Whether a further step counts; a constant to gradients, which tfjs would else try to follow. */
function condition<State extends LoopState>(
  goOn: NonNullable<Loop<State>['goOn']>,
  state: State,
  before: tf.Tensor | undefined,
): tf.Tensor {
  const ask = (): tf.Tensor => {
    const again = checkedCondition(goOn(state));
    return before ? tf.logicalAnd(before, again) : again;
  };
  // The tape sees one operation whose only input is a constant.
  return tf.customGrad((anchor) => ({ value: ask(), gradFunc: () => tf.zerosLike(anchor as tf.Tensor) }))(tf.scalar(0));
}

function heldUnless<State extends LoopState>(going: tf.Tensor, next: State, last: State): State {
  const entries = Object.keys(next).map((name) => {
    const [after, before] = [next[name]!, last[name]!];
    const condition = tf.broadcastTo(going.reshape(after.shape.map(() => 1)), [...after.shape] as [number]);
    return [name, tf.where(condition, after, before)];
  });
  return Object.fromEntries(entries) as State;
}

/** A step's state in the order of the one before it. @throws SignatureError unless it has the same names, dtypes and shapes */
export function checkedStep<State extends LoopState>(before: State, after: State): State {
  const names = Object.keys(before);
  const other = [...names, ...Object.keys(after)].find((name) => !(name in before && name in after));
  if (other !== undefined) {
    const what = other in before ? 'does not give' : 'gives more than it got:';
    throw new SignatureError(`whileLoop: the step ${what} '${other}'`, { name: other });
  }
  for (const name of names) {
    const [was, is] = [before[name]!, after[name]!].map(({ dtype, shape }) => `${dtype}[${shape.join(', ')}]`);
    if (was === is) continue;
    throw new SignatureError(`whileLoop: the step changes '${name}' from ${was} to ${is}`, { name });
  }
  return Object.fromEntries(names.map((name) => [name, after[name]!])) as State;
}

/** @throws SignatureError unless it is one truth value */
export function checkedCondition(goOn: tf.Tensor): tf.Tensor {
  if (goOn.dtype === 'bool' && goOn.rank === 0) return goOn;
  throw new SignatureError(`whileLoop: goOn must be bool[], not ${goOn.dtype}[${goOn.shape.join(', ')}]`);
}
