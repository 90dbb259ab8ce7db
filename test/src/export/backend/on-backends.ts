import { tf } from '@onnx-forge/export';

/** Runs tfjs code on a backend; what it leaves of tensors and variables is disposed. */
export async function onBackend<T>(name: string, run: () => Promise<T> | T): Promise<T> {
  await tf.setBackend(name);
  const { state } = tf.engine();
  const others = new Set(Object.values(state.registeredVariables));
  tf.engine().startScope();
  try {
    return await run();
  } finally {
    tf.engine().endScope();
    for (const variable of Object.values(state.registeredVariables)) if (!others.has(variable)) variable.dispose();
  }
}

export type Outcome = { readonly dtype: string; readonly shape: number[]; readonly values: number[] }[] | string;

/** The tensors that code gives, or the first line of its error. */
export async function outcomeOn(name: string, run: () => tf.Tensor | tf.Tensor[]): Promise<Outcome> {
  return onBackend(name, async () => {
    try {
      const tensors = [run()].flat();
      const read = async (t: tf.Tensor) => ({ dtype: t.dtype, shape: t.shape, values: Array.from(await t.data()) });
      return await Promise.all(tensors.map(read));
    } catch (error) {
      return (error as Error).message.split('\n')[0]!;
    }
  });
}
