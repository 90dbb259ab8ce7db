export interface Trend {
  /** Medians of the first and of the last third, of readings after the warm-up. */
  readonly first: number;
  readonly last: number;
  /** Median distance of neighbouring readings. */
  readonly noise: number;
}

/** Where readings went; the first fifth is the warm-up. */
export function trendOf(readings: readonly number[]): Trend {
  const settled = readings.slice(Math.floor(readings.length / 5));
  const third = Math.max(1, Math.floor(settled.length / 3));
  const steps = settled.slice(1).map((reading, i) => Math.abs(reading - settled[i]!));
  return { first: median(settled.slice(0, third)), last: median(settled.slice(-third)), noise: median(steps) };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0
    ? 0
    : (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
}
