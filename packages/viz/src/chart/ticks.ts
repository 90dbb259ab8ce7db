import type { Axis } from './data.js';

/**
 * Ticks of a numeric axis: about `count` round numbers; on a log scale over at least two decades the powers of ten,
 * thinned to that count (vega would draw a grid line at each multiple and mix 0.000001 with 1e-7).
 */
export function ticks({ domain, scale }: Axis, data: readonly [number, number], count: number): object {
  const tickCount = Math.max(2, Math.round(count));
  if (scale !== 'log') return { tickCount };
  const [low, high] = domain ?? data;
  const [first, last] = [Math.floor(Math.log10(low) + 1e-9), Math.ceil(Math.log10(high) - 1e-9)];
  if (last - first < 2) return { tickCount, format: ',~g' };
  const stride = Math.ceil((last - first) / tickCount);
  const exponents = Array.from({ length: Math.floor((last - first) / stride) + 1 }, (_, i) => first + i * stride);
  const plain = first >= -3 && last <= 4;
  const labels = exponents.map((e) => [10 ** e, plain ? (10 ** e).toLocaleString('en-US') : `10${superscript(e)}`]);
  return {
    values: labels.map(([value]) => value),
    labelExpr: `${JSON.stringify(Object.fromEntries(labels))}[datum.value]`,
  };
}

function superscript(exponent: number): string {
  return String(exponent).replace(/[-\d]/g, (sign) => (sign === '-' ? '\u207b' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(sign)]!));
}

/** A tick count that leaves about `pixelsPerTick` between two ticks. */
export function tickCount(length: number, pixelsPerTick: number): number {
  return Math.max(2, Math.round(length / pixelsPerTick));
}

/**
 * One way of writing all of these numbers: with as many decimals as give the largest `digits` significant digits (none
 * when all are integers), thousands grouped, a true minus sign.
 *
 * @param least a small value gets more decimals than the others, so that it shows at least so many significant digits
 */
export function numberFormat(values: readonly number[], digits = 4, least = 2): (value: number) => string {
  const magnitude = (value: number) => (value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value))));
  const common = values.every(Number.isInteger) ? 0 : digits - 1 - Math.max(...values.map(magnitude));
  return (value) => {
    const decimals = Math.min(12, Math.max(0, common, Number.isInteger(value) ? 0 : least - 1 - magnitude(value)));
    const text = value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    return text.replace('-', '\u2212');
  };
}
