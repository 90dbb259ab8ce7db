import { tf } from '@onnx-forge/export';
import type { Random } from '@onnx-forge/infer';

/** Initializer of a tf layer, as `kernelInitializer` takes it. */
export type Initializer = ReturnType<typeof tf.initializers.varianceScaling>;

/** Makes the initialiser of one weight, with a seed of its own. */
export type InitializerFactory = () => Initializer;

/** Makes the initialiser of one bias, whose shape does not tell the layer's fan-in. */
export type BiasInitializerFactory = (fanIn: number) => Initializer;

/**
 * Seeded initialisers for the weights of one run: the same seed and the same order of calls give the same weights.
 * Each factory is called once per weight: `kernelInitializer: init.glorotUniform()`.
 */
export interface Initializers {
  /** U(-b, b), b = sqrt(6 / (fanIn + fanOut)): Glorot & Bengio 2010, also called Xavier. */
  readonly glorotUniform: InitializerFactory;
  /** U(-b, b), b = sqrt(6 / fanIn): He et al. 2015, also called Kaiming. */
  readonly heUniform: InitializerFactory;
  /** U(-b, b), b = 1 / sqrt(fanIn): what PyTorch gives Linear and Conv layers when nothing is said. */
  readonly fanInUniform: InitializerFactory;
  /** U(-b, b), b = 1 / sqrt(fanIn): PyTorch's biases. */
  readonly fanInUniformBias: BiasInitializerFactory;
  /** N(0, s^2): embeddings. */
  readonly normal: (standardDeviation: number) => Initializer;
  /** U(-bound, bound): embeddings. */
  readonly uniform: (bound: number) => Initializer;
}

/** Initialisers whose seeds are drawn, one per weight, from `random`. */
export function seededInitializers(random: Random): Initializers {
  const uniform = (scale: number, mode: 'fanIn' | 'fanAvg') => () =>
    tf.initializers.varianceScaling({ scale, mode, distribution: 'uniform', seed: random.uint32() });
  return {
    // varianceScaling draws from U(-b, b) with b = sqrt(3 scale / fan).
    glorotUniform: uniform(1, 'fanAvg'),
    heUniform: uniform(2, 'fanIn'),
    fanInUniform: uniform(1 / 3, 'fanIn'),
    uniform: (bound) => tf.initializers.randomUniform({ minval: -bound, maxval: bound, seed: random.uint32() }),
    normal: (standardDeviation) =>
      tf.initializers.randomNormal({ mean: 0, stddev: standardDeviation, seed: random.uint32() }),
    fanInUniformBias(fanIn) {
      const bound = 1 / Math.sqrt(fanIn);
      return tf.initializers.randomUniform({ minval: -bound, maxval: bound, seed: random.uint32() });
    },
  };
}
