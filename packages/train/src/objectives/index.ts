/**
 * Losses and bounds, in nats, as tfjs functions.
 *
 * @module @onnx-forge/train/objectives
 */

export { bceLoss, discriminatorLoss, generatorLoss, meanProbability } from './adversarial.js';
export { type BinarisationOptions, binarisationOptions, binaryImages } from './binary-images.js';
export { contrastiveLoss } from './contrastive-loss.js';
export { accuracy, crossEntropy } from './cross-entropy.js';
export { detached } from './detached.js';
export { type DoublyReparameterised, doublyReparameterised } from './doubly-reparameterised.js';
export { type ElboInput, elbo, negativeElbo } from './elbo.js';
export { type Gaussian, type GaussianParameters, gaussian, gaussianOf } from './gaussian.js';
export {
  effectiveSampleSize,
  type ImportanceInput,
  importanceLogWeights,
  iwaeBound,
  logWeights,
} from './importance-weights.js';
export { klGaussianGaussianAnalytic, klGaussianGaussianMc } from './kl-gaussian-gaussian.js';
export { logLikelihoodBernoulli, logLikelihoodBernoulliFromLogits } from './log-likelihood-bernoulli.js';
export { logLikelihoodBernoulliSamples } from './log-likelihood-bernoulli-samples.js';
export { type LabelScores, labelScores, logLikelihoodCategorical } from './log-likelihood-categorical.js';
export { logLikelihoodNormal, logLikelihoodStandardNormal } from './log-likelihood-normal.js';
export { logMeanExp } from './log-mean-exp.js';
export { nextTokenLoss } from './next-token-loss.js';
export { type PairwiseContrastiveLoss, pairwiseContrastiveLoss } from './pairwise-contrastive-loss.js';
export { sampleBernoulli } from './sample-bernoulli.js';
export {
  collapseStd,
  cosineSimilarity,
  knnClassify,
  negativeCosineSimilarity,
  stopGradient,
} from './self-supervision.js';
export { stopWeights } from './stop-weights.js';
export { sumOverEvent } from './sum-over-event.js';
export { type TokenScores, tokenCrossEntropy } from './token-cross-entropy.js';
export { type TwoLayerInput, type TwoLayerNetworks, type TwoLayerOptions, twoLayerLoss } from './two-layer-loss.js';
export {
  repeatRows,
  type VariationalInput,
  type VariationalObjective,
  type VariationalOptions,
  variationalLoss,
  variationalOptions,
} from './variational.js';
export { type Critic, criticGradientNorm, lipschitzPenalty, wassersteinDistance } from './wasserstein.js';
export { weightDecay } from './weight-decay.js';
