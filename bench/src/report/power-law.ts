/** y = factor x^exponent. */
export interface PowerLaw {
  readonly exponent: number;
  readonly factor: number;
}

/**
 * The line of least squares through the logarithms.
 *
 * @throws TypeError for fewer than two different x, or numbers that are not above 0
 */
export function powerLaw(points: readonly { readonly x: number; readonly y: number }[]): PowerLaw {
  const logs = points.map(({ x, y }) => [Math.log(x), Math.log(y)] as const);
  if (!logs.flat().every(Number.isFinite)) throw new TypeError('a power law is of positive numbers');
  const mean = (of: 0 | 1): number => logs.reduce((sum, log) => sum + log[of], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const spread = logs.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
  if (!(spread > 0)) throw new TypeError('a power law takes two different sizes at least');
  const exponent = logs.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0) / spread;
  return { exponent, factor: Math.exp(y - exponent * x) };
}
