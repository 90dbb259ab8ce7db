import { platform } from '#platform';
import { openSession } from './open.js';
import type { DeviceOptions, Feeds } from './types.js';

/** Where onnxruntime ran one node of a graph. */
export interface NodePlacement {
  readonly node: string;
  readonly operator: string;
  /** `cpu`, `cuda`, `webgpu` ... */
  readonly device: string;
}

/** Entry of onnxruntime's profile for a node that ran. */
interface ProfileEvent {
  readonly cat?: string;
  readonly name?: string;
  readonly args?: { readonly op_name?: string; readonly provider?: string };
}

/**
 * Runs a graph once and tells where each node ran, in the order of execution and after onnxruntime's rewriting. A node
 * without a kernel for the device falls back to the CPU, unseen and at the price of copies (`Memcpy` nodes).
 */
export async function nodePlacements(
  model: Uint8Array,
  feeds: Feeds,
  options: DeviceOptions = {},
): Promise<NodePlacement[]> {
  const profile = await platform.withTemporaryFile(async (prefix) => {
    await using session = await openSession(model, { ...options, profile: prefix });
    await session.run(feeds);
  });
  return (JSON.parse(profile) as ProfileEvent[])
    .filter(({ cat, name }) => cat === 'Node' && name?.endsWith('_kernel_time'))
    .map(({ name, args }) => ({
      node: (name ?? '').replace(/_kernel_time$/, ''),
      operator: args?.op_name ?? '',
      device: (args?.provider ?? '').replace(/ExecutionProvider$/, '').toLowerCase(),
    }));
}
