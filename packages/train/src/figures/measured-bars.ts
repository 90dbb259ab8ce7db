import { barChart, svgToPng } from '@onnx-forge/viz';
import type { FigureImage } from './figure.js';

/** Numbers that were measured on one run, in the order of the chart's categories. */
export interface BarRun {
  readonly name: string;
  readonly values: readonly number[];
  /** 0 where none is known. */
  readonly standardErrors: readonly number[];
}

/** Measured numbers of several runs side by side: a group of bars for each number, a bar for each run. */
export function measuredBars(
  runs: readonly BarRun[],
  text: {
    readonly title: string;
    readonly subtitle: string;
    readonly numbers: readonly string[];
    readonly unit: string;
  },
): FigureImage {
  const withErrors = runs.some(({ standardErrors }) => standardErrors.some((error) => error > 0));
  const { svg } = barChart({
    title: text.title,
    subtitle: text.subtitle,
    x: { categories: text.numbers },
    y: { label: text.unit },
    series: runs.map(({ name, values, standardErrors }) => ({
      name,
      values,
      ...(withErrors && { errors: standardErrors }),
    })),
  });
  return { svg, png: svgToPng(svg) };
}
