/** The one door to TensorFlow.js: everything in this repository that speaks tfjs imports `tf` from here. */
import * as tf from '@tensorflow/tfjs';

// Production mode: no greeting on the console, no NaN check after every kernel.
tf.enableProdMode();

export { tf };
