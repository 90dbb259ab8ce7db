/**
 * Layers and networks as tfjs functions of named variables.
 *
 * @module @onnx-forge/train/layers
 */

export { type BatchNormalisationOptions, batchNormalisation } from './batch-normalisation.js';
export {
  attend,
  causalMask,
  joinHeads,
  type KeysAndValues,
  type SequenceSize,
  splitHeads,
} from './causal-attention.js';
export {
  CausalTransformer,
  type CausalTransformerOptions,
  type TransformerContext,
  type TransformerOutput,
} from './causal-transformer.js';
export { dropout } from './dropout.js';
export { fittedAffine, setAffine } from './fitted-affine.js';
export { gruStep } from './gru.js';
export {
  type BiasInitializerFactory,
  type Initializer,
  type InitializerFactory,
  type Initializers,
  seededInitializers,
} from './initializers.js';
export { layerNorm } from './layer-norm.js';
export { leakyRelu, leakyReluLayer } from './leaky-relu.js';
export { type MlpOptions, mlp } from './mlp.js';
export { Network, type Networks, type NetworkWeight, networkWeights, sequential } from './network.js';
export { type Pooling, poolOverTime } from './pool-over-time.js';
export { reflectionPad2d } from './reflection-pad2d.js';
export {
  type BlockContext,
  type BlockOutput,
  type Normalisation,
  TransformerBlock,
  type TransformerBlockOptions,
} from './transformer-block.js';
export { wordDropout } from './word-dropout.js';
