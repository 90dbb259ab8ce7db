/**
 * The only import of TensorFlow.js: all code of this repository that uses tfjs imports `tf` from here.
 *
 * @module @onnx-forge/export/tfjs
 */

// `@tensorflow/tfjs`, with declarations that a strict app can check (scripts/tfjs-types.mjs). The referenced file gives
// them to imports of `@tensorflow/tfjs` and its parts too: a program has one `tf.Tensor`, whoever imports it.
/// <reference path="../dist/tfjs-modules.d.ts" preserve="true" />
import * as tf from '#tfjs';

// Production mode: no greeting on the console, no NaN check after every kernel.
tf.enableProdMode();

export * from '#tfjs';
export { tf };
