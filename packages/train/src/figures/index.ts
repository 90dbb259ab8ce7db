export { adversarialLosses, beliefs } from './adversarial.js';
export { elboCurves, likelihoodGap } from './bounds.js';
export { classInterpolation } from './class-interpolation.js';
export { classGrid, classStrip } from './classes.js';
export {
  type ComparedRun,
  type ComparisonOptions,
  comparison,
  type LoggedValue,
  loggedValues,
} from './comparison.js';
export {
  type CrossTable,
  type CrossTableCell,
  crossTable,
  crossTableChart,
  type MeasuredRun,
} from './crossTable.js';
export { type Curve, type CurvesOptions, curves } from './curves.js';
export { dataSpace } from './data-space.js';
export { estimatorsByDimension, estimatorsBySamples, type SampleCountOptions } from './estimators.js';
export { gradientsByDepth, gradientsInTraining } from './gradients.js';
export { imageGrid, rowsOf } from './images.js';
export { latentScatter, manifold, normalQuantiles } from './latent-plane.js';
export { interpolation, perturbation } from './latent-space.js';
export { mistakes } from './mistakes.js';
export { type NeighboursOptions, neighbours } from './neighbours.js';
export { reconstructions } from './reconstructions.js';
export { progress, samples, snapshots } from './samples.js';
export { textMistakes } from './textMistakes.js';
export { attentionMaps, attentionOnMarks, bleuByLength } from './translation.js';
export { pairRows, separation } from './verification.js';
export { writtenText } from './writtenText.js';
