import { VERSION } from '@onnx-forge/infer';
import { tf } from '../tfjs.js';

/** The versions of tfjs's parts; `tfjs-node` is the one whose surface this is, `onnx-forge` ours. */
export const version: Readonly<Record<keyof typeof tf.version | 'tfjs-node' | 'onnx-forge', string>> = {
  ...tf.version,
  'tfjs-node': tf.version.tfjs,
  'onnx-forge': VERSION,
};
