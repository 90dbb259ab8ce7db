/**
 * A histogram as TensorBoard stores it: [k, 3], the left edge, right edge and count of each bucket.
 *
 * Buckets are of equal width from the smallest to the largest value. There are `count` of them; none without data, and a
 * single one, half a unit to either side, if all values are equal.
 */
export function histogramBuckets(values: ArrayLike<number>, count: number): Float32Array {
  if (values.length === 0) return new Float32Array(0);
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]!);
    high = Math.max(high, values[i]!);
  }
  if (low === high) return Float32Array.of(low - 0.5, low + 0.5, values.length);
  const edge = (i: number): number => (i === count ? high : low + ((high - low) * i) / count);
  const buckets = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) buckets.set([edge(i), edge(i + 1)], 3 * i);
  for (let i = 0; i < values.length; i++) {
    const bucket = Math.min(count - 1, Math.floor(((values[i]! - low) / (high - low)) * count));
    buckets[3 * bucket + 2]! += 1;
  }
  return buckets;
}
