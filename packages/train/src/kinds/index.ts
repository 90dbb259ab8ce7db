/**
 * The kinds of models: the graphs that each exports, its measures and figures.
 *
 * @module @onnx-forge/train/kinds
 */

export { mistakes } from './classifier/figures/mistakes.js';
export { classification } from './classifier/measures/classification.js';
export { type ClassifierModelOptions, classifierModel } from './classifier/model.js';
export { classGrid, classStrip } from './conditional/figures/classes.js';
export { type ConditionalModelOptions, conditionalModel } from './conditional/model.js';
export { type NeighboursOptions, neighbours } from './embedding/figures/neighbours.js';
export { pairRows, separation } from './embedding/figures/verification.js';
export {
  embeddingQuality,
  type NeighbourOptions,
  type RepresentationOptions,
  representation,
  representationMonitor,
} from './embedding/measures/representation.js';
export { embedSplit, type IdentityFields, verification } from './embedding/measures/verification.js';
export { type EmbeddingModelOptions, embeddingModel } from './embedding/model.js';
export { type AffineMap, withinClassWhitening } from './embedding/within-class-whitening.js';
export { interpolation, perturbation } from './generative/figures/latent-space.js';
export { grids, progress, samples, snapshots } from './generative/figures/samples.js';
export { Judge, type JudgeRequest } from './generative/judge.js';
export { type Exhibits, type JudgedImages, judged, judgeImages } from './generative/measures/judged.js';
export { adversarialLosses, beliefs } from './generator/figures/adversarial.js';
export { criticEstimate, interpolationSharpness } from './generator/measures/critic.js';
export { discriminatorAccuracy } from './generator/measures/discriminator.js';
export { type GeneratorModelOptions, generatorModel } from './generator/model.js';
export {
  type Graph,
  type GraphCode,
  type GraphInput,
  type GraphRunner,
  type GraphShape,
  graph,
  type IntegerInput,
  type Tensors,
} from './graph.js';
export { gradientsByDepth, gradientsInTraining } from './language-model/figures/gradients.js';
export { writtenText } from './language-model/figures/written-text.js';
export {
  GRADIENT_GRAPH,
  GRADIENT_METRICS,
  type GradientFlowOptions,
  type GradientPath,
  gradientFlow,
  gradientGraph,
  gradientMonitor,
  gradientNorms,
} from './language-model/measures/gradient-norms.js';
export { textLikelihood } from './language-model/measures/text-likelihood.js';
export { type LanguageModelOptions, languageModel } from './language-model/model.js';
export { boundCurves, elboCurves, likelihoodGap } from './latent/figures/bounds.js';
export { classInterpolation } from './latent/figures/class-interpolation.js';
export { dataSpace } from './latent/figures/data-space.js';
export { estimatorsByDimension, estimatorsBySamples, type SampleCountOptions } from './latent/figures/estimators.js';
export { latentScatter, manifold, normalQuantiles } from './latent/figures/latent-plane.js';
export { reconstructions } from './latent/figures/reconstructions.js';
export { type LatentNetworks, latentGraphs, type PosteriorDraws } from './latent/graphs.js';
export {
  type LinearGaussian,
  linearGaussianLogLikelihood,
  linearGaussianWeights,
  sampleLinearGaussian,
} from './latent/linear-gaussian.js';
export type { LikelihoodTracking } from './latent/measures/bounds.js';
export { type CertificateOptions, type CertifiedMeasurement, certificate } from './latent/measures/certificate.js';
export { firstBatchElbo } from './latent/measures/first-batch.js';
export { latentNeighbours } from './latent/measures/latent-neighbours.js';
export { type LikelihoodOptions, likelihood } from './latent/measures/likelihood.js';
export { weightsReliability } from './latent/measures/weights-reliability.js';
export { type LatentModelOptions, latentModel, type TwoLayerModelOptions, twoLayerModel } from './latent/model.js';
export { type TwoLayers, type TwoLayersAsOne, twoLayersAsOne } from './latent/two-layers.js';
export type { Monitor } from './monitor.js';
export { graphsOf, type Served, type ServedWithFacts } from './served.js';
export { textMistakes } from './text-classifier/figures/text-mistakes.js';
export { labelsOf, textClassification, tokenRows } from './text-classifier/measures/text-classification.js';
export { type TextClassifierModelOptions, textClassifierModel } from './text-classifier/model.js';
export { attentionMaps, attentionOnMarks, bleuByLength } from './translator/figures/translation.js';
export {
  attentionOn,
  bleuOf,
  LENGTH_GROUPS,
  type PaidAttention,
  type TranslatedSentence,
  translateSplit,
  translation,
  translationTogether,
} from './translator/measures/translation.js';
export { type TranslatorModelOptions, translatorModel } from './translator/model.js';
