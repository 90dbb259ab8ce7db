import type { Comparison } from './zoo-model.js';

export type Arrays = Readonly<Record<string, ArrayLike<number>>>;

/** The distance of outputs from the expected ones; NaN agrees with NaN alone, and another length is infinitely far. */
export function compare(actual: Arrays, expected: Arrays): Comparison {
  return Object.entries(expected)
    .map(([name, numbers]) => difference(actual[name] ?? [], numbers))
    .reduce(worse);
}

function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): Comparison {
  let magnitude = 0;
  for (let i = 0; i < expected.length; i++) {
    if (Number.isFinite(expected[i]!)) magnitude = Math.max(magnitude, Math.abs(expected[i]!));
  }
  let error = actual.length === expected.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i]!, expected[i]!];
    if (a === e || (Number.isNaN(a) && Number.isNaN(e))) continue;
    const apart = Math.abs(a - e) / (Math.abs(e) + magnitude + 1e-3);
    error = Math.max(error, Number.isFinite(apart) ? apart : Number.POSITIVE_INFINITY);
  }
  return { error, magnitude };
}

export function worse(a: Comparison, b: Comparison): Comparison {
  return { error: Math.max(a.error, b.error), magnitude: Math.max(a.magnitude, b.magnitude) };
}
