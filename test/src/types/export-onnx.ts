import { exportOnnx, type OnnxExport, type Signature, tf } from '@onnx-forge/export';
import { expectTypeOf } from 'expect-type';

/** Compiled, never run: the compiler is the test. */
export function exportsFunctionsAndModels(model: tf.LayersModel, graph: tf.GraphModel): void {
  const signature = { inputs: { x: { shape: ['batch', 3] } } } as const;
  expectTypeOf(signature).toExtend<Signature>();
  const exported = exportOnnx(({ x }) => ({ y: tf.relu(x!) }), signature);
  expectTypeOf(exported).toEqualTypeOf<OnnxExport>();
  expectTypeOf(exported.bytes).toEqualTypeOf<Uint8Array>();
  expectTypeOf(exported.inputs).toExtend<Readonly<Record<string, { readonly shape: readonly (number | string)[] }>>>();
  expectTypeOf(exported.states).toEqualTypeOf<Readonly<Record<string, string>> | undefined>();
  expectTypeOf(exportOnnx(model)).toEqualTypeOf<OnnxExport>();
  expectTypeOf(exportOnnx(graph, signature, { traces: 'few' })).toEqualTypeOf<OnnxExport>();
  // @ts-expect-error: a function needs a signature
  exportOnnx(({ x }) => ({ y: tf.relu(x!) }));
  // @ts-expect-error: outputs have names
  exportOnnx(({ x }) => tf.relu(x!), signature);
  // @ts-expect-error: a graph is recorded synchronously
  exportOnnx(async ({ x }) => ({ y: tf.relu(x!) }), signature);
  // @ts-expect-error: int64 is for graphs that lowerings write, not for callers
  exportOnnx(({ x }) => ({ y: x! }), { inputs: { x: { shape: [2], dtype: 'int64' } } });
}
