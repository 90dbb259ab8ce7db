import { input } from '../graph/build.js';
import { equalGraphs } from '../graph/equal.js';
import type { Value } from '../graph/value.js';
import { tf } from '../tfjs.js';
import type { TraceContext } from './trace.js';

/** Notes in a trace's log around what the body of a node computes. */
export const BODY_BEGINS = 'BodyBegins';
export const BODY_ENDS = 'BodyEnds';

/** A value that a body is given at every step. */
export function bodyInput(dtype: Value['dtype'], shape: readonly number[]): Value {
  return input('step', dtype, shape);
}

/** Records a body; undefined if it does not compute the same each time: code may count its calls, or draw at random. */
export function recordBody(context: TraceContext, step: () => readonly tf.Tensor[]): readonly Value[] | undefined {
  const record = (): readonly Value[] => {
    let values: readonly Value[] = [];
    tf.tidy(() => {
      values = step().map((tensor) => context.recorded(tensor));
    });
    return values;
  };
  const outcome = record();
  return equalGraphs(outcome, record()) ? outcome : undefined;
}
