/**
 * Figures as pure functions: data in, PNG or SVG out.
 *
 * @module @onnx-forge/viz
 */

export { type BarChartSpec, type BarSeries, barChart } from './chart/bar.js';
export type { Axis, Series, Size } from './chart/data.js';
export { type HeatMapSpec, heatMap } from './chart/heatmap.js';
export { type LineChartSpec, type LineSeries, lineChart } from './chart/line.js';
export { type ParallelAxis, type ParallelChartSpec, parallelChart } from './chart/parallel.js';
export type { ReferenceLine } from './chart/reference.js';
export type { Chart, Heading } from './chart/render.js';
export { type ScatterPlotSpec, scatterPlot } from './chart/scatter.js';
export { type StackOptions, stackCharts } from './chart/stack.js';
export { FIGURE_ERRORS, FigureError, type FigureErrorCode } from './errors.js';
export { explorerFolder } from './explorer.js';
export { type GridOptions, grid } from './grid.js';
export type { GridText } from './grid-text.js';
export { svgToPng } from './rasterise.js';
export { type TextColumn, type TextPageSpec, textPage } from './text-page.js';
