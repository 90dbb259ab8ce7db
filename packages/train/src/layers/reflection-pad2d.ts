import { tf } from '@onnx-forge/export';

type Shape = tf.Shape;

/** Surrounds images with one pixel more on every side, the mirror image of the pixels beside the border's (PyTorch's ReflectionPad2d(1)). */
class ReflectionPad2d extends tf.layers.Layer {
  static readonly className = 'ReflectionPad2d';

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const [batch, height, width, channels] = inputShape as Shape;
    return [batch!, height! + 2, width! + 2, channels!];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    // Slices rather than tf.mirrorPad, which has no gradient.
    return tf.tidy(() => mirrored(mirrored(x, 1), 2));
  }
}

function mirrored(x: tf.Tensor, axis: number): tf.Tensor {
  const line = (at: number) => {
    const [begin, size] = [x.shape.map(() => 0), x.shape.map(() => -1)];
    begin[axis] = at;
    size[axis] = 1;
    return x.slice(begin, size);
  };
  return tf.concat([line(1), x, line(x.shape[axis]! - 2)], axis);
}

/** Pads images [batch, height, width, channels] of at least 2 x 2 pixels by reflection; one pixel on every side. */
export function reflectionPad2d(): tf.layers.Layer {
  return new ReflectionPad2d({});
}
