import { TraceMismatchError } from '../errors.js';
import { cast, ops, scalar } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import type { tf } from '../tfjs.js';
import { BODY_BEGINS, BODY_ENDS, bodyInput, recordBody } from './body.js';
import { checkedCondition, checkedStep } from './loop.js';
import type { Loop, LoopState } from './loop-description.js';
import type { TraceContext } from './trace.js';

/** Records a loop as one ONNX Loop, its body traced once. */
export function recordLoop(context: TraceContext, { state, most, step, goOn }: Loop): LoopState {
  const names = Object.keys(state);
  const before = names.map((name) => context.recorded(state[name]!));
  const index = bodyInput('int64', []);
  const going = bodyInput('bool', []);
  const count = cast(index, 'int32');
  const carried = before.map(({ dtype, shape }) => bodyInput(dtype, shape));
  context.note(BODY_BEGINS, before, [count, ...carried]);
  const byName = (values: readonly Value[]): Record<string, tf.Tensor> =>
    Object.fromEntries(names.map((name, i) => [name, context.tensor(values[i]!)]));
  const body = recordBody(context, () => {
    const given = byName(carried);
    const next = checkedStep(given, step(given, context.tensor(count)));
    const again = goOn ? [checkedCondition(goOn(next))] : [];
    return [...again, ...names.map((name) => next[name]!)];
  });
  if (!body) {
    throw new TraceMismatchError('whileLoop: the step does something else each time that it is called', {});
  }
  const after = body.slice(goOn ? 1 : 0);
  const results = ops(
    'Loop',
    [scalar(most, 'int64'), scalar(1, 'bool'), ...before],
    after.map(({ dtype, shape }) => ({ dtype, shape })),
    {},
    '',
    { inputs: [index, going, ...carried], outputs: [goOn ? body[0]! : scalar(1, 'bool'), ...after] },
  );
  context.note(BODY_ENDS, [...before, ...after], results);
  return byName(results);
}
