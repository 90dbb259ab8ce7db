import { requireCount, requireFinite, requireInterval, requireSome } from '../check.js';
import { extent } from './data.js';
import { numberFormat } from './format.js';
import { type Chart, type Heading, renderPlot, wrapLabel } from './render.js';
import { INK, LABEL_SIZE } from './theme.js';

/** Longest side of the map, and the sizes of a cell, in CSS pixels. */
const LONGEST_SIDE = 520;
const CELL = { least: 14, most: 56 } as const;
/** Slanted labels of narrower columns would overlap; they stand upright. */
const UPRIGHT_BELOW = 20;
/** A cell this large has room for its value. */
const VALUED_CELL = 36;

/** ColorBrewer's Blues; vega's own scheme of that name leaves out the lightest, and zero would not look like nothing. */
const BLUES = ['#f7fbff', '#deebf7', '#c6dbef', '#9ecae1', '#6baed6', '#4292c6', '#2171b5', '#08519c', '#08306b'];

export interface HeatMapSpec extends Heading {
  /** `values[row][column]`; row 0 is drawn at the top. */
  readonly values: readonly ArrayLike<number>[];
  /** Labels of the columns and rows: tokens, class names. The same token may occur many times. */
  readonly x: { readonly label?: string; readonly ticks: readonly string[] };
  readonly y: { readonly label?: string; readonly ticks: readonly string[] };
  /** Label of the colours with the unit, and the values at the ends of the colour scale (default: the data's own). */
  readonly color: { readonly label: string; readonly domain?: readonly [number, number] };
}

/**
 * A matrix as colours: attention weights between tokens, a confusion matrix, similarities. Values of one sign go from
 * light to dark; when there are both signs, white is zero and the two hues mirror each other.
 *
 * @throws FigureError `bad-shape`, `not-finite`, `bad-option`
 */
export function heatMap(spec: HeatMapSpec): Chart {
  const { values, x, y, color } = spec;
  requireSome(values.length, 'values');
  requireSome(values[0]!.length, 'values[0]');
  requireCount(y.ticks.length, values.length, 'y.ticks', 'row');
  values.forEach((row, i) => {
    requireCount(row.length, x.ticks.length, `values[${i}]`, 'x tick');
    requireFinite(row, `values[${i}]`);
  });
  if (color.domain) requireInterval(color.domain, 'color.domain');

  const [least, most] = extent(values);
  // A constant map gets a colour scale that still has two ends.
  const [low, high] = color.domain ?? [least, most > least ? most : least + 1];
  const format = numberFormat(
    values.flatMap((row) => Array.from(row)),
    3,
    -Infinity,
  );
  const bothSigns = low < 0 && high > 0;
  const reach = Math.max(-low, high);
  const domain: [number, number] = bothSigns ? [-reach, reach] : [low, high];
  // 0: as light as the colour scale gets, 1: as dark.
  const shade = (value: number) => (bothSigns ? Math.abs(value) / reach : (value - low) / (high - low));
  const cells = values.flatMap((row, j) =>
    Array.from({ length: row.length }, (_, i) => {
      const value = row[i]!;
      return { i, j, value, text: format(value), dark: shade(value) > 0.6 };
    }),
  );
  const [columns, rows] = [x.ticks.length, y.ticks.length];
  const cell = Math.round(Math.min(CELL.most, Math.max(CELL.least, LONGEST_SIDE / Math.max(columns, rows))));
  const plot = { width: cell * columns, height: cell * rows };

  return renderPlot(spec, plot, (_, ruler) => {
    const turned = x.ticks.some((tick) => ruler(tick, LABEL_SIZE) > cell - 4);
    const valued = cell >= VALUED_CELL && cells.every(({ text }) => ruler(text, 11) <= cell - 6);
    // Positions are indices, so that a token may repeat; the labels come from a list beside the data.
    const axis = (name: string, label: string | undefined, length: number) => ({
      title: label === undefined ? null : wrapLabel(label, length, ruler),
      labelExpr: `${name}[datum.value]`,
      domain: false,
      ticks: false,
      labelOverlap: false,
    });
    const index = (length: number) => ({ domain: Array.from({ length }, (_, i) => i), padding: 0 });
    return {
      view: { stroke: '#d0d0d0' },
      params: [
        { name: 'columnLabels', value: x.ticks },
        { name: 'rowLabels', value: y.ticks },
      ],
      data: { values: cells },
      encoding: {
        x: {
          field: 'i',
          type: 'ordinal',
          scale: index(columns),
          axis: {
            ...axis('columnLabels', x.label, plot.width),
            ...(turned
              ? { labelAngle: cell < UPRIGHT_BELOW ? -90 : -45, labelAlign: 'right', labelBaseline: 'middle' }
              : { labelAngle: 0 }),
          },
        },
        y: { field: 'j', type: 'ordinal', scale: index(rows), axis: axis('rowLabels', y.label, plot.height) },
      },
      layer: [
        {
          mark: { type: 'rect', stroke: 'white', strokeWidth: cell > 20 ? 1 : 0 },
          encoding: {
            color: {
              field: 'value',
              type: 'quantitative',
              scale: { domain, clamp: true, ...(bothSigns ? { scheme: 'blueorange' } : { range: BLUES }) },
              legend: {
                title: color.label,
                orient: 'right',
                offset: 16,
                gradientLength: Math.min(200, Math.max(80, plot.height)),
                gradientThickness: 12,
                labelOffset: 5,
                tickCount: 5,
              },
            },
          },
        },
        ...(valued
          ? [
              {
                mark: { type: 'text', fontSize: 11 },
                encoding: {
                  text: { field: 'text', type: 'nominal' },
                  color: { condition: { test: 'datum.dark', value: 'white' }, value: INK },
                },
              },
            ]
          : []),
      ],
    };
  });
}
