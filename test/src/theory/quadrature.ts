/** Nodes and weights of the 5-point Gauss-Legendre rule on [-1, 1]. */
const LEGENDRE: readonly (readonly [node: number, weight: number])[] = [-1, 1].flatMap((sign) => [
  [(sign / 3) * Math.sqrt(5 - 2 * Math.sqrt(10 / 7)), (322 + 13 * Math.sqrt(70)) / 900] as const,
  [(sign / 3) * Math.sqrt(5 + 2 * Math.sqrt(10 / 7)), (322 - 13 * Math.sqrt(70)) / 900] as const,
  [0, 64 / 225] as const, // the middle node, in two halves
]);

/**
 * Integral of f over [from, to] by the Gauss-Legendre rule on each of `panels` equal panels. Exact for a polynomial of
 * degree 9 on each panel; put jumps of f on panel borders.
 */
export function integrate(f: (x: number) => number, from: number, to: number, panels = 64): number {
  const half = (to - from) / panels / 2;
  let sum = 0;
  for (let panel = 0; panel < panels; panel++) {
    const middle = from + (2 * panel + 1) * half;
    for (const [node, weight] of LEGENDRE) sum += weight * f(middle + half * node);
  }
  return sum * half;
}

/**
 * E f(z) for z ~ N(mean, variance), by the trapezoidal rule over 12 standard deviations either side: it converges
 * geometrically for a function that is analytic near the real line, here to float64 rounding.
 */
export function gaussianExpectation(f: (z: number) => number, mean = 0, variance = 1): number {
  const step = 1 / 8;
  const deviation = Math.sqrt(variance);
  let sum = 0;
  for (let t = -12; t <= 12; t += step) sum += Math.exp(-0.5 * t * t) * f(mean + deviation * t);
  return (sum * step) / Math.sqrt(2 * Math.PI);
}

/** df/dx by a central difference; error about 1e-9 for a smooth f of order one. */
export function derivative(f: (x: number) => number, x: number): number {
  const step = 1e-4;
  return (8 * (f(x + step) - f(x - step)) - (f(x + 2 * step) - f(x - 2 * step))) / (12 * step);
}
