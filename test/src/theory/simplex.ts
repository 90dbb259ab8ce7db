import { type Distribution, sum } from './distributions.js';

/**
 * Maximises a smooth f over distributions by projected gradient ascent: a numeric gradient, projected on sum = 0 by
 * taking its mean out, and a step that halves until f rises and every probability stays positive. It knows nothing
 * about f's maximiser.
 */
export function maximizeOnSimplex(f: (p: Distribution) => number, start: Distribution): Distribution {
  let p = start;
  let value = f(p);
  let step = 1e-2;
  for (let iteration = 0; iteration < 5000 && step > 1e-12; iteration++) {
    const direction = tangent(gradient(f, p));
    const next = p.map((probability, i) => probability + step * direction[i]!);
    const nextValue = next.every((probability) => probability > 0) ? f(next) : Number.NEGATIVE_INFINITY;
    if (nextValue > value) {
      p = next;
      value = nextValue;
      step *= 1.5;
    } else {
      step /= 2;
    }
  }
  return p;
}

function gradient(f: (p: Distribution) => number, p: Distribution): number[] {
  return p.map((probability, i) => {
    const difference = 1e-4 * probability;
    const moved = (by: number) => f(p.map((other, j) => (j === i ? other + by : other)));
    return (moved(difference) - moved(-difference)) / (2 * difference);
  });
}

function tangent(vector: readonly number[]): number[] {
  const mean = sum(vector) / vector.length;
  return vector.map((component) => component - mean);
}
