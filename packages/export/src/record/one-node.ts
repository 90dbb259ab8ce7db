import { ops } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { tf } from '../tfjs.js';
import type { OneNode } from './one-node-description.js';
import { RecordingBackend } from './recorder.js';
import type { TraceContext } from './trace.js';

/**
 * The recording of a function that is exported, where an ONNX operator may stand for tfjs code; undefined elsewhere: eagerly, in
 * compiled steps, and where a gradient is taken, which needs the code.
 */
export function exportBeingRecorded(): RecordingBackend | undefined {
  const backend = tf.backend();
  const isExport = backend instanceof RecordingBackend && backend.recordNode !== undefined;
  return isExport && tf.engine().state.gradientDepth === 0 ? backend : undefined;
}

/** Records one operator in place of tfjs code, of which only dtypes and shapes are taken. */
export function recordNode(context: TraceContext, { op, inputs, attributes, types: typesOf }: OneNode): tf.Tensor[] {
  const types = tf.tidy(() => context.unnoted(typesOf).map(({ dtype, shape }) => ({ dtype, shape: [...shape] })));
  const values = ops(op, inputs, types as { dtype: Value['dtype']; shape: number[] }[], attributes);
  context.note(
    op,
    inputs.filter((value) => value !== undefined),
    values,
  );
  return values.map((value) => context.tensor(value));
}
