export { attend, causalMask, joinHeads, type KeysAndValues, type SequenceSize, splitHeads } from './causalAttention.js';
export {
  CausalTransformer,
  type CausalTransformerOptions,
  type TransformerContext,
  type TransformerOutput,
} from './causalTransformer.js';
export { dropout } from './dropout.js';
export { fittedAffine, setAffine } from './fittedAffine.js';
export { gruStep } from './gru.js';
export {
  type BiasInitializerFactory,
  type Initializer,
  type InitializerFactory,
  type Initializers,
  seededInitializers,
} from './initializers.js';
export { layerNorm } from './layerNorm.js';
export { leakyRelu, leakyReluLayer } from './leakyRelu.js';
export { type MlpOptions, mlp } from './mlp.js';
export { Network, type NetworkWeight, sequential } from './network.js';
export { type Pooling, poolOverTime } from './poolOverTime.js';
export { reflectionPad2d } from './reflectionPad2d.js';
export {
  type BlockContext,
  type BlockOutput,
  type Normalisation,
  TransformerBlock,
  type TransformerBlockOptions,
} from './transformerBlock.js';
export { wordDropout } from './wordDropout.js';
