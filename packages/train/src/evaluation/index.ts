export { discriminatorAccuracy } from './discriminator.js';
export { type LikelihoodOptions, likelihood } from './likelihood.js';
