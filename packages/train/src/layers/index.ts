export { dropout } from './dropout.js';
export {
  type BiasInitializerFactory,
  type Initializer,
  type InitializerFactory,
  type Initializers,
  seededInitializers,
} from './initializers.js';
export { leakyRelu, leakyReluLayer } from './leakyRelu.js';
export { type MlpOptions, mlp } from './mlp.js';
export { Network, type NetworkWeight, sequential } from './network.js';
export { type Pooling, poolOverTime } from './poolOverTime.js';
