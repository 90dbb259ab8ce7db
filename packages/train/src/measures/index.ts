export { classification } from '../kinds/classifier/measures/classification.js';
export {
  type NeighbourOptions,
  type RepresentationOptions,
  representation,
  representationMonitor,
} from '../kinds/embedding/measures/representation.js';
export { embedSplit, verification } from '../kinds/embedding/measures/verification.js';
export { type Exhibits, judged, judgeImages } from '../kinds/generative/measures/judged.js';
export { criticEstimate, interpolationSharpness } from '../kinds/generator/measures/critic.js';
export { discriminatorAccuracy } from '../kinds/generator/measures/discriminator.js';
export {
  GRADIENT_GRAPH,
  GRADIENT_METRICS,
  type GradientPath,
  gradientGraph,
  gradientMonitor,
  gradientNorms,
} from '../kinds/language-model/measures/gradient-norms.js';
export { textLikelihood } from '../kinds/language-model/measures/text-likelihood.js';
export {
  type LinearGaussian,
  linearGaussianLogLikelihood,
  linearGaussianWeights,
  sampleLinearGaussian,
} from '../kinds/latent/linear-gaussian.js';
export { firstBatchElbo } from '../kinds/latent/measures/first-batch.js';
export { latentNeighbours } from '../kinds/latent/measures/latent-neighbours.js';
export { type LikelihoodOptions, likelihood } from '../kinds/latent/measures/likelihood.js';
export { labelsOf, textClassification, tokenRows } from '../kinds/text-classifier/measures/text-classification.js';
export {
  attentionOn,
  bleuOf,
  LENGTH_GROUPS,
  type PaidAttention,
  type TranslatedSentence,
  translateSplit,
  translation,
} from '../kinds/translator/measures/translation.js';
export { type Bleu, corpusBleu } from './bleu.js';
export { evaluateAll } from './evaluate-all.js';
export { type FeatureStatistics, featureStatistics, frechetDistance, squareRoot } from './frechet-distance.js';
export { knnAccuracy, knnLabels, type LabelledVectors, type NeighbourVote } from './knn.js';
export { nearestLabels } from './nearest-neighbours.js';
export { allPairs, type BalancedPairs, balancedPairs, ofPairs, type Pair, type PairDissimilarities } from './pairs.js';
export { type PrecisionRecall, precisionRecall } from './precision-recall.js';
export { bestThreshold, equalErrorRate, falseRejectAt, type Roc, rocCurve } from './roc.js';
export { type Eigen, symmetricEigen } from './symmetric-eigen.js';
