/**
 * Measures, and the statistics that they are made from.
 *
 * @module @onnx-forge/train/measures
 */

export { type Bleu, corpusBleu } from './bleu.js';
export { fractionRight, meanCrossEntropy, worstFractionRight } from './classified.js';
export { evaluateAll } from './evaluate-all.js';
export { type FeatureStatistics, featureStatistics, frechetDistance, squareRoot } from './frechet-distance.js';
export { knnAccuracy, knnLabels, type LabelledVectors, type NeighbourVote } from './knn.js';
export type { Evaluate, EvaluationRequest, LikelihoodWork, Measure, Measurement, MeasureRequest } from './measure.js';
export { measuredFraction } from './measured-fraction.js';
export { nearestLabels } from './nearest-neighbours.js';
export { allPairs, type BalancedPairs, balancedPairs, ofPairs, type Pair, type PairDissimilarities } from './pairs.js';
export { type PrecisionRecall, precisionRecall } from './precision-recall.js';
export { bestThreshold, equalErrorRate, falseRejectAt, type Roc, rocCurve } from './roc.js';
export { type Eigen, symmetricEigen } from './symmetric-eigen.js';
