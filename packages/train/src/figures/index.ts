export { elboCurves, likelihoodGap } from './bounds.js';
export { type Curve, type CurvesOptions, curves } from './curves.js';
export { estimatorsByDimension, estimatorsBySamples, type SampleCountOptions } from './estimators.js';
export { imageGrid, rowsOf } from './images.js';
export { interpolation, perturbation } from './latent-space.js';
export { mistakes } from './mistakes.js';
export { reconstructions } from './reconstructions.js';
export { progress, samples, snapshots } from './samples.js';
