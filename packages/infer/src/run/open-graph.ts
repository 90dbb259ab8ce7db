import { describe, type TensorSpec } from '../arrays/tensor.js';
import type { ComputeDevice, Session } from '../device/types.js';
import { GraphError } from '../errors.js';
import type { GraphEntry, ValueEntry } from '../manifest/base.js';

/** Throws GraphError unless the bytes are a graph with the inputs and outputs of its entry. */
export async function openGraph(
  location: string,
  entry: GraphEntry,
  bytes: Uint8Array,
  device: ComputeDevice,
  externalData?: Readonly<Record<string, Uint8Array>>,
): Promise<Session> {
  const name = `${location}: ${entry.file}`;
  const session = await device.open(bytes, { name, externalData });
  checkSignature(name, 'input', session.inputs, entry.inputs);
  checkSignature(name, 'output', session.outputs, entry.outputs);
  return session;
}

/** Free dimensions may differ in name; a graph's output may leave free what the manifest knows. */
function checkSignature(
  name: string,
  role: 'input' | 'output',
  found: Readonly<Record<string, TensorSpec>>,
  expected: Readonly<Record<string, ValueEntry>>,
): void {
  for (const [value, { dtype, shape }] of Object.entries(expected)) {
    const spec = found[value];
    const fits =
      spec?.dtype === dtype &&
      spec.shape.length === shape.length &&
      spec.shape.every((size, axis) =>
        typeof size === 'string' ? role === 'output' || typeof shape[axis] === 'string' : size === shape[axis],
      );
    if (fits) continue;
    const actual = spec ? describe(spec.dtype, spec.shape) : 'missing';
    throw new GraphError(
      'graph-signature',
      `${name}: ${role} '${value}' is ${actual}, but the manifest says ${describe(dtype, shape)}`,
      { value, expected: { dtype, shape }, found: spec },
    );
  }
}
