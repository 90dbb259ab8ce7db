export type { LikelihoodTracking } from './bounds.js';
export { type ClassifierModelOptions, classifierModel } from './classifier.js';
export { type ConditionalModelOptions, conditionalModel } from './conditional.js';
export type { Evaluate, EvaluationRequest, Measurement } from './evaluation.js';
export { type GeneratorModelOptions, generatorModel } from './generator.js';
export { type Graph, type GraphRunner, type GraphShape, graph } from './graph.js';
export type { GenerativeKind, ImageFacts, ModelKind, ModelOf, ServeFacts } from './kinds.js';
export { type LatentModelOptions, latentModel } from './latent.js';
export type { Served } from './served.js';
