import * as files from '@onnx-forge/infer/node-files';
import { unwritable } from '../unwritable.js';

export { removeLeftoversOf } from '@onnx-forge/infer/node-files';

/**
 * Writes a file of a run whole or not at all: see infer's function of the same name.
 *
 * @param beforeRename runs when the new content is on the disk and the old one still has the name
 * @throws TrainError (`run-unwritable`)
 */
export async function writeAtomically(
  path: string,
  parts: string | Uint8Array | readonly Uint8Array[],
  beforeRename?: () => Promise<void>,
): Promise<void> {
  try {
    await files.writeAtomically(path, parts, beforeRename);
  } catch (error) {
    throw unwritable(path, error);
  }
}
