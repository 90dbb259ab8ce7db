import { tf } from '../../tfjs.js';

/** ONNX's images have their channels first, tfjs's last. Channels go from axis 1 to the end. */
export function channelsLast(x: tf.Tensor): tf.Tensor {
  const spatial = x.shape.map((_, axis) => axis).slice(2);
  return tf.transpose(x, [0, ...spatial, 1]);
}

/** Channels go from the end to axis 1. */
export function channelsFirst(x: tf.Tensor): tf.Tensor {
  const spatial = x.shape.map((_, axis) => axis).slice(1, -1);
  return tf.transpose(x, [0, x.rank - 1, ...spatial]);
}

/** A row of numbers as an image of height 1 (channels first). */
export function asImage(x: tf.Tensor): tf.Tensor {
  return tf.expandDims(x, 2);
}
