import { HostKernelError } from '../errors.js';
import { constant } from '../graph/build.js';
import { type Content, Strings } from '../graph/content.js';
import { type ConstantData, type DType, storedData, Value } from '../graph/value.js';
import { tf } from '../tfjs.js';

/** Kernels on strings, which onnxruntime never sees. Any other kernel that meets a string joins them. */
const STRING_KERNELS = ['StaticRegexReplace', 'StringNGrams', 'StringSplit', 'StringToHashBucketFast'] as const;

/** Kernels whose output shapes depend on their inputs' values: no graph of fixed shapes can hold them. */
const VALUE_SHAPED_KERNELS = [
  'NonMaxSuppressionV3',
  'NonMaxSuppressionV4',
  'NonMaxSuppressionV5',
  'RaggedGather',
  'RaggedRange',
  'RaggedTensorToTensor',
  'SparseFillEmptyRows',
  'SparseReshape',
  'SparseSegmentMean',
  'SparseSegmentSum',
  'Unique',
] as const;

/** Kernels that draw random numbers themselves; frozen into a graph they would no longer be random. */
const RANDOM_KERNELS = ['Multinomial'] as const;

/** Kernels that the evaluating backend leaves to tfjs's cpu backend, as tfjs's WebGL and WebGPU backends do. */
export const HOST_KERNELS: readonly string[] = [...STRING_KERNELS, ...VALUE_SHAPED_KERNELS, ...RANDOM_KERNELS];

/** Some kernels take lists of tensors beside tensors. */
export type HostInputs = Readonly<Record<string, Content | readonly Content[]>>;

/**
 * Runs a kernel on tfjs's cpu backend. Every input must be known: uploaded, or computed and read before.
 * @throws HostKernelError when an input is still to be computed.
 */
export function runOnHost(kernelName: string, inputs: HostInputs, attrs: tf.NamedAttrMap): Content | Content[] {
  const kernel = tf.getKernel(kernelName, 'cpu');
  if (!kernel) throw new Error(`tfjs's cpu backend has no kernel ${kernelName}`);
  const cpu = tf.findBackend('cpu') as tf.KernelBackend;
  const upload = (name: string, content: Content): tf.TensorInfo => {
    const values = content instanceof Strings ? content.values : content instanceof Value && storedData(content);
    if (!values) throw new HostKernelError(kernelName, name);
    const shape = [...content.shape];
    const dtype = content.dtype as tf.DataType;
    return { dataId: cpu.write(values as tf.backend_util.BackendValues, shape, dtype), shape, dtype };
  };
  const entries = Object.entries(inputs).map(([name, input]) => {
    return [name, isList(input) ? input.map((content) => upload(name, content)) : upload(name, input)] as const;
  });
  // A kernel of nothing but a list of tensors gets an array.
  const uploaded = '0' in inputs ? entries.map(([, info]) => info) : Object.fromEntries(entries);
  const outputs = kernel.kernelFunc({ inputs: uploaded as tf.NamedTensorInfoMap, backend: cpu, attrs });
  const results = [outputs].flat().map(({ dataId, shape, dtype }): Content => {
    const values = cpu.readSync(dataId);
    return dtype === 'string'
      ? new Strings(values as Uint8Array[], shape)
      : constant(values as ConstantData, dtype as DType, shape);
  });
  for (const { dataId } of [...Object.values(uploaded), outputs].flat()) cpu.disposeData(dataId);
  return Array.isArray(outputs) ? results : results[0]!;
}

function isList(input: Content | readonly Content[]): input is readonly Content[] {
  return Array.isArray(input);
}
