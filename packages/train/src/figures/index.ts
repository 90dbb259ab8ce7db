/**
 * Figures that no kind of model owns: curves, comparisons, grids of images, bars of measurements.
 *
 * @module @onnx-forge/train/figures
 */

export { aboutRun } from './about-run.js';
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
export type { Figure, FigureContext, FigureImage, FigurePart, Snapshot } from './figure.js';
export { imageGrid, type Mosaic, mosaic, rowsOf } from './images.js';
