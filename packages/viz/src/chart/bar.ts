import { requireCount, requireDistinct, requireFinite, requireSome } from '../check.js';
import { extent, type Size } from './data.js';
import { numberFormat } from './format.js';
import { topLegend } from './legend.js';
import { palette } from './palette.js';
import { type Chart, type Heading, renderFitted, wrapLabel } from './render.js';
import { INK, LABEL_SIZE } from './theme.js';

/** Up to this many bars carry their value. */
const VALUED_BARS = 24;

export interface BarSeries {
  readonly name: string;
  /** One per category. */
  readonly values: ArrayLike<number>;
  /** Half the length of the error bars, one per category: standard errors, say. */
  readonly errors?: ArrayLike<number>;
}

export interface BarChartSpec extends Heading, Size {
  readonly x: { readonly label?: string; readonly categories: readonly string[] };
  readonly y: { readonly label: string };
  /** One bar per category each; several stand side by side. */
  readonly series: readonly BarSeries[];
}

/**
 * Bars from zero, one per category and series, with their values and optional error bars.
 *
 * @throws FigureError `bad-shape`, `not-finite`, `bad-option`
 */
export function barChart(spec: BarChartSpec): Chart {
  const { series, x, y, width = 680, height = 400 } = spec;
  const { categories } = x;
  const names = series.map(({ name }) => name);
  requireSome(categories.length, 'x.categories');
  requireSome(series.length, 'series');
  requireDistinct(categories, 'x.categories');
  requireDistinct(names, 'series');
  for (const { name, values, errors } of series) {
    requireCount(values.length, categories.length, `series '${name}': values`, 'category');
    requireFinite(values, `series '${name}': values`);
    if (!errors) continue;
    requireCount(errors.length, categories.length, `series '${name}': errors`, 'category');
    requireFinite(errors, `series '${name}': errors`);
  }
  const format = numberFormat(series.flatMap(({ values }) => Array.from(values)));
  const bars = series.flatMap(({ name, values, errors }) =>
    categories.map((category, i) => {
      const value = values[i]!;
      const error = errors?.[i] ?? 0;
      // The value stands beyond the bar and its error bar, on the side away from zero.
      const tip = value < 0 ? value - error : value + error;
      return { name, category, value, low: value - error, high: value + error, tip, text: format(value) };
    }),
  );
  const [low, high] = extent([[0], bars.map(({ tip }) => tip)]);
  // Room for the values beyond the longest bars.
  const room = high > low ? 0.08 * (high - low) : 1;
  const ends = [low < 0 ? low - room : 0, high > 0 || low === 0 ? high + room : 0];
  const withErrors = series.some(({ errors }) => errors !== undefined);

  return renderFitted(spec, { width, height }, (plot, ruler) => {
    const step = plot.width / categories.length;
    const turned = categories.some((category) => ruler(category, LABEL_SIZE) > step - 6);
    const barWidth = (step * 0.8) / series.length;
    const valued = bars.length <= VALUED_BARS && bars.every(({ text }) => ruler(text, LABEL_SIZE) <= barWidth + 4);
    return {
      data: { values: bars },
      encoding: {
        x: {
          field: 'category',
          type: 'nominal',
          scale: { domain: categories, paddingInner: 0.2, paddingOuter: 0.1 },
          axis: {
            title: x.label === undefined ? null : wrapLabel(x.label, plot.width, ruler),
            ticks: false,
            domain: false,
            ...(turned ? { labelAngle: -40, labelAlign: 'right' } : { labelAngle: 0 }),
          },
        },
        xOffset: { field: 'name', type: 'nominal', scale: { domain: names } },
      },
      layer: [
        {
          mark: { type: 'bar' },
          encoding: {
            y: {
              field: 'value',
              type: 'quantitative',
              stack: null,
              scale: { domain: ends, nice: false },
              axis: {
                title: wrapLabel(y.label, plot.height, ruler),
                domain: false,
                ticks: false,
                tickCount: Math.max(2, Math.round(plot.height / 55)),
              },
            },
            color: {
              field: 'name',
              type: 'nominal',
              scale: { domain: names, range: palette(names.length) },
              legend: topLegend(names, 'square', plot.width, ruler),
            },
          },
        },
        ZERO_LINE,
        ...(withErrors ? [ERROR_BARS] : []),
        ...(valued ? [VALUES] : []),
      ],
    };
  });
}

const ZERO_LINE = {
  data: { values: [{}] },
  mark: { type: 'rule', color: '#777777' },
  encoding: { x: null, xOffset: null, y: { datum: 0 } },
};

const ERROR_BARS = {
  mark: { type: 'rule', color: INK, strokeWidth: 1.5 },
  encoding: { y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' } },
};

const VALUES = {
  mark: {
    type: 'text',
    fontSize: LABEL_SIZE,
    color: INK,
    baseline: { expr: "datum.value < 0 ? 'top' : 'bottom'" },
    dy: { expr: 'datum.value < 0 ? 5 : -4' },
  },
  encoding: { y: { field: 'tip', type: 'quantitative' }, text: { field: 'text', type: 'nominal' } },
};
