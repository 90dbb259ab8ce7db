export { bceLoss, discriminatorLoss, generatorLoss, meanProbability } from './adversarial.js';
export { contrastiveLoss } from './contrastiveLoss.js';
export { accuracy, crossEntropy } from './crossEntropy.js';
export { detached } from './detached.js';
export { type ElboInput, elbo, negativeElbo } from './elbo.js';
export { type Gaussian, type GaussianParameters, gaussian, gaussianOf } from './gaussian.js';
export {
  effectiveSampleSize,
  type ImportanceInput,
  importanceLogWeights,
  iwaeBound,
  logWeights,
} from './importanceWeights.js';
export { klGaussianGaussianAnalytic, klGaussianGaussianMc } from './klGaussianGaussian.js';
export { logLikelihoodBernoulli, logLikelihoodBernoulliFromLogits } from './logLikelihoodBernoulli.js';
export { logLikelihoodBernoulliSamples } from './logLikelihoodBernoulliSamples.js';
export { type LabelScores, labelScores, logLikelihoodCategorical } from './logLikelihoodCategorical.js';
export { logLikelihoodNormal, logLikelihoodStandardNormal } from './logLikelihoodNormal.js';
export { logMeanExp } from './logMeanExp.js';
export { nextTokenLoss } from './nextTokenLoss.js';
export { type PairwiseContrastiveLoss, pairwiseContrastiveLoss } from './pairwiseContrastiveLoss.js';
export { sampleBernoulli } from './sampleBernoulli.js';
export {
  collapseStd,
  cosineSimilarity,
  knnClassify,
  negativeCosineSimilarity,
  stopGradient,
} from './selfSupervision.js';
export { sumOverEvent } from './sumOverEvent.js';
export { type TokenScores, tokenCrossEntropy } from './tokenCrossEntropy.js';
export {
  repeatRows,
  type VariationalInput,
  type VariationalObjective,
  type VariationalOptions,
  variationalLoss,
  variationalOptions,
} from './variational.js';
export { type Critic, criticGradientNorm, lipschitzPenalty, wassersteinDistance } from './wasserstein.js';
export { weightDecay } from './weightDecay.js';
