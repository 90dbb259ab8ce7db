/** The standard normal distribution function, to 1e-15 (Hart 1968 as given by West 2005). */
export function normalCdf(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude > 37) return x > 0 ? 1 : 0;
  const density = Math.exp((-magnitude * magnitude) / 2);
  const tail = magnitude < 7.07106781186547 ? density * ratio(magnitude) : density / fraction(magnitude) / SQRT_2_PI;
  return x > 0 ? 1 - tail : tail;
}

const SQRT_2_PI = 2.506628274631;

function ratio(x: number): number {
  const above = horner(
    x,
    [
      3.52624965998911e-2, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871, 221.213596169931,
      220.206867912376,
    ],
  );
  const below = horner(
    x,
    [
      8.83883476483184e-2, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674, 637.333633378831,
      793.826512519948, 440.413735824752,
    ],
  );
  return above / below;
}

function fraction(x: number): number {
  return x + 1 / (x + 2 / (x + 3 / (x + 4 / (x + 0.65))));
}

/** The standard normal quantile, by Newton's method on the distribution function from a start within 4.5e-4 (Abramowitz and Stegun 26.2.23). */
export function normalQuantile(p: number): number {
  if (p === 0) return Number.NEGATIVE_INFINITY;
  if (p === 1) return Number.POSITIVE_INFINITY;
  if (p > 0.5) return -normalQuantile(1 - p);
  const t = Math.sqrt(-2 * Math.log(p));
  let x = (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3) - t;
  for (let step = 0; step < 4; step++) {
    const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
    x -= (normalCdf(x) - p) / density;
  }
  return x;
}

function horner(x: number, coefficients: readonly number[]): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
}
