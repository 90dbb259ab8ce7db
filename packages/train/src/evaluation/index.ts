export { type Bleu, corpusBleu } from './bleu.js';
export { classification } from './classification.js';
export { criticEstimate, interpolationSharpness } from './critic.js';
export { discriminatorAccuracy } from './discriminator.js';
export { evaluateAll } from './evaluateAll.js';
export { firstBatchElbo } from './firstBatch.js';
export { type FeatureStatistics, featureStatistics, frechetDistance, squareRoot } from './frechetDistance.js';
export {
  GRADIENT_GRAPH,
  GRADIENT_METRICS,
  type GradientPath,
  gradientGraph,
  gradientMonitor,
  gradientNorms,
} from './gradientNorms.js';
export { type Exhibits, judged, judgeImages } from './judge.js';
export { knnAccuracy, knnLabels, type LabelledVectors, type NeighbourVote } from './knn.js';
export { latentNeighbours } from './latentNeighbours.js';
export { type LikelihoodOptions, likelihood } from './likelihood.js';
export {
  type LinearGaussian,
  linearGaussianLogLikelihood,
  linearGaussianWeights,
  sampleLinearGaussian,
} from './linearGaussian.js';
export { nearestLabels } from './nearestNeighbours.js';
export { allPairs, type BalancedPairs, balancedPairs, ofPairs, type Pair, type PairDissimilarities } from './pairs.js';
export { type PrecisionRecall, precisionRecall } from './precisionRecall.js';
export {
  type NeighbourOptions,
  type RepresentationOptions,
  representation,
  representationMonitor,
} from './representation.js';
export { bestThreshold, equalErrorRate, falseRejectAt, type Roc, rocCurve } from './roc.js';
export { type Eigen, symmetricEigen } from './symmetricEigen.js';
export { labelsOf, textClassification, tokenRows } from './text-classification.js';
export { textLikelihood } from './textLikelihood.js';
export {
  attentionOn,
  bleuOf,
  LENGTH_GROUPS,
  type PaidAttention,
  type TranslatedSentence,
  translateSplit,
  translation,
} from './translation.js';
export { embedSplit, verification } from './verification.js';
