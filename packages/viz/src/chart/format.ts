/**
 * One way of writing all of these numbers: with as many decimals as give the largest `digits` significant digits (none
 * when all are integers), thousands grouped, a true minus sign.
 *
 * @param least a small value gets more decimals than the others, so that it shows at least so many significant digits
 */
export function numberFormat(values: readonly number[], digits = 4, least = 2): (value: number) => string {
  const magnitude = (value: number) => (value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value))));
  const largest = values.reduce((most, value) => Math.max(most, magnitude(value)), -Infinity);
  const common = values.every(Number.isInteger) ? 0 : digits - 1 - largest;
  return (value) => {
    const decimals = Math.min(12, Math.max(0, common, Number.isInteger(value) ? 0 : least - 1 - magnitude(value)));
    const text = value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    return text.replace('-', '\u2212');
  };
}

/** 10 to an integer power: 0.001 .. 10,000 as they are, others as 10⁻⁷ (all of a scale alike, if `plain` says so). */
export function powerOfTen(exponent: number, plain: boolean): string {
  if (plain) return (10 ** exponent).toLocaleString('en-US', { maximumFractionDigits: 12 });
  const raised = (sign: string) => (sign === '-' ? '\u207b' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(sign)]!);
  return `10${String(exponent).replace(/[-\d]/g, raised)}`;
}
