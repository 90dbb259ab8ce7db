import { constantData, Value } from '../graph/value.js';
import { exportBeingRecorded } from '../record/one-node.js';
import { tf } from '../tfjs.js';
import { type Adapter, mergedNumbers } from './adapters.js';

/** An adapted weight as the constant of a graph that is exported, under the weight's own name; undefined elsewhere. */
export function mergedConstant(adapter: Adapter, name: string): tf.Tensor | undefined {
  const recorder = exportBeingRecorded();
  if (!recorder) return undefined;
  const [weight, a, b] = [adapter.weight, adapter.a, adapter.b].map((variable) =>
    constantData(recorder.recorded(variable)),
  );
  if (!weight || !a || !b) return undefined;
  const numbers = (data: typeof weight): ArrayLike<number> => data as Float32Array;
  const merged = mergedNumbers(adapter, [numbers(weight), numbers(a), numbers(b)]);
  const known = recorder.nameOf?.(adapter.weight) ?? name;
  const value = new Value('float32', adapter.weight.shape, { kind: 'constant', data: () => merged, name: known });
  return tf.engine().makeTensorFromTensorInfo(recorder.adopt(value));
}
