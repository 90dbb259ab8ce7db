/** Batches small enough for an engine that takes a minute for a whole one. */
export const SMALL_BATCHES = [2, 6] as const;

/** The time at `size` on the straight line through two measured ones: a step's work is some constant plus so much an example. */
export function project(
  [small, large]: readonly [number, number],
  [smallMs, largeMs]: readonly [number, number],
  size: number,
): number {
  const perExample = (largeMs - smallMs) / (large - small);
  return largeMs + Math.max(0, perExample) * (size - large);
}
