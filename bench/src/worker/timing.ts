import { median } from '../report/summary.js';

/** A first call slower than this is not repeated. */
const SLOW_MS = 3000;

export interface Timing {
  /** Median milliseconds of a call. */
  readonly ms: number;
  /** The first call took so long that it is the only one. */
  readonly slow: boolean;
}

/** Times calls one by one for about `budgetMs` (at least 3), after warming up: compilers, caches, clocks. */
export async function timeCalls(
  call: () => Promise<unknown>,
  { budgetMs, warmUpMs }: { budgetMs: number; warmUpMs: number },
): Promise<Timing> {
  const first = await clock(call);
  if (first > SLOW_MS) return { ms: first, slow: true };
  for (let spent = first; spent < warmUpMs; ) spent += await clock(call);
  const times: number[] = [];
  for (let spent = 0; spent < budgetMs || times.length < 3; ) {
    const ms = await clock(call);
    times.push(ms);
    spent += ms;
  }
  return { ms: median(times), slow: false };
}

/** Milliseconds of one call. */
export async function clock(call: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await call();
  return performance.now() - start;
}
