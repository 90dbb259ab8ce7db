/** The one door to TensorFlow.js: everything in this repository that speaks tfjs imports `tf` from here. */
import * as tf from '@tensorflow/tfjs';

export { tf };
