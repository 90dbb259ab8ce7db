export { mistakes } from '../kinds/classifier/figures/mistakes.js';
export { classGrid, classStrip } from '../kinds/conditional/figures/classes.js';
export { type NeighboursOptions, neighbours } from '../kinds/embedding/figures/neighbours.js';
export { pairRows, separation } from '../kinds/embedding/figures/verification.js';
export { interpolation, perturbation } from '../kinds/generative/figures/latent-space.js';
export { progress, samples, snapshots } from '../kinds/generative/figures/samples.js';
export { adversarialLosses, beliefs } from '../kinds/generator/figures/adversarial.js';
export { gradientsByDepth, gradientsInTraining } from '../kinds/language-model/figures/gradients.js';
export { writtenText } from '../kinds/language-model/figures/written-text.js';
export { elboCurves, likelihoodGap } from '../kinds/latent/figures/bounds.js';
export { classInterpolation } from '../kinds/latent/figures/class-interpolation.js';
export { dataSpace } from '../kinds/latent/figures/data-space.js';
export {
  estimatorsByDimension,
  estimatorsBySamples,
  type SampleCountOptions,
} from '../kinds/latent/figures/estimators.js';
export { latentScatter, manifold, normalQuantiles } from '../kinds/latent/figures/latent-plane.js';
export { reconstructions } from '../kinds/latent/figures/reconstructions.js';
export { textMistakes } from '../kinds/text-classifier/figures/text-mistakes.js';
export { attentionMaps, attentionOnMarks, bleuByLength } from '../kinds/translator/figures/translation.js';
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
} from './cross-table.js';
export { type Curve, type CurvesOptions, curves } from './curves.js';
export { imageGrid, rowsOf } from './images.js';
