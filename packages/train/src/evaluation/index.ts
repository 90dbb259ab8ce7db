export { classification } from './classification.js';
export { discriminatorAccuracy } from './discriminator.js';
export { type LikelihoodOptions, likelihood } from './likelihood.js';
export {
  type LinearGaussian,
  linearGaussianLogLikelihood,
  linearGaussianWeights,
  sampleLinearGaussian,
} from './linearGaussian.js';
