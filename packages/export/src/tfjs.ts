/** The one door to TensorFlow.js: everything in this repository that speaks tfjs imports `tf` from here. */
// `@tensorflow/tfjs`, with declarations that a strict app can check: see scripts/tfjs-types.mjs.
import * as tf from '#tfjs';

// Production mode: no greeting on the console, no NaN check after every kernel.
tf.enableProdMode();

export { tf };
