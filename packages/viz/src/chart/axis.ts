import type { TextWidth } from '../rasterise.js';
import { type Axis, extent, type Series } from './data.js';
import { powerOfTen } from './format.js';
import { wrapLabel } from './render.js';

/** How one of a chart's two numeric axes looks. */
export interface AxisStyle {
  /** Ends at round numbers, not at the data's own ends. */
  readonly nice: boolean;
  /** About one tick per so many pixels. */
  readonly pixelsPerTick: number;
  /** Further properties of the vega-lite axis. */
  readonly look?: object;
}

/** A numeric axis that knows its data. */
export interface NumericAxis {
  /** Whether data lie outside. Marks are clipped only then: else one at the edge would lose its half. */
  readonly cut: boolean;
  /** The vega-lite channel for an axis of the given length in pixels. */
  channel(length: number, ruler: TextWidth): object;
}

export function numericAxis(field: 'x' | 'y', axis: Axis, series: readonly Series[], style: AxisStyle): NumericAxis {
  const values = series.map((one) => one[field]);
  const [low, high] = extent(values);
  const log = axis.scale === 'log';
  const domain = axis.domain ?? (low < high ? undefined : around(low, log));
  const integers = values.every((list) => Array.prototype.every.call(list, Number.isInteger));
  return {
    cut: domain !== undefined && (low < domain[0] || high > domain[1]),
    channel: (length, ruler) => ({
      field,
      type: 'quantitative',
      // Round ends of a log scale would be powers of ten, far from the data.
      scale: log
        ? { type: 'log', nice: false, ...(domain ? { domain } : {}) }
        : { type: 'linear', zero: false, nice: domain ? false : style.nice, ...(domain ? { domain } : {}) },
      axis: {
        title: wrapLabel(axis.label, length, ruler),
        ...(log ? logTicks(domain ?? [low, high], length / style.pixelsPerTick) : {}),
        ...(log ? {} : { tickCount: Math.max(2, Math.round(length / style.pixelsPerTick)) }),
        // There is no epoch 1.5.
        ...(integers && !log ? { tickMinStep: 1 } : {}),
        ...style.look,
      },
    }),
  };
}

/** A domain for data that are all the same. */
function around(value: number, log: boolean): [number, number] {
  if (log) return [value / 10, value * 10];
  const reach = value === 0 ? 1 : Math.abs(value) / 10;
  return [value - reach, value + reach];
}

/**
 * Over at least two decades the powers of ten, thinned to about `count`; vega would draw a grid line at each multiple,
 * and mix 0.000001 with 1e-7.
 */
function logTicks([low, high]: readonly [number, number], count: number): object {
  const [from, to] = [Math.log10(low), Math.log10(high)];
  if (to - from < 2) return { tickCount: Math.max(2, Math.round(count)), format: ',~g' };
  const stride = Math.max(1, Math.round((to - from) / Math.max(2, count)));
  const exponents: number[] = [];
  // The margin keeps an end that is a power of ten but for rounding.
  for (let e = Math.ceil((from - 1e-9) / stride) * stride; e <= to + 1e-9; e += stride) exponents.push(e);
  const plain = from > -3.5 && to < 4.5;
  const labels = Object.fromEntries(exponents.map((e) => [10 ** e, powerOfTen(e, plain)]));
  return { values: exponents.map((e) => 10 ** e), labelExpr: `${JSON.stringify(labels)}[datum.value]` };
}
