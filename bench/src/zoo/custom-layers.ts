import { tf } from '@onnx-forge/export';

function onlyInput(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
  return Array.isArray(inputs) ? inputs[0]! : inputs;
}

/** Layers of the @upscalerjs packages, registered as their `getESRGANModelDefinition` does. */
export function registerUpscalerLayers(factor: number): void {
  class MultiplyBeta extends tf.layers.Layer {
    static className = 'MultiplyBeta';

    override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
      return tf.mul(onlyInput(inputs), 0.2);
    }
  }
  class PixelShuffle extends tf.layers.Layer {
    static className = `PixelShuffle${factor}x`;

    override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
      const [batch, height, width] = shape as tf.Shape;
      return [batch!, height!, width!, 3];
    }

    override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
      return tf.depthToSpace(onlyInput(inputs) as tf.Tensor4D, factor, 'NHWC');
    }
  }
  for (const layer of [MultiplyBeta, PixelShuffle]) tf.serialization.registerClass(layer);
}
