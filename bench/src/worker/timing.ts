import { median } from '../report/summary.js';

/** A first call slower than this is not repeated. */
const SLOW_MS = 3000;

/** `wall`: the time that passes; `cpu`: processor time of this process, all its threads together. */
export type Clock = 'wall' | 'cpu';

export interface Timing {
  /** Median milliseconds of a call. */
  readonly ms: number;
  /** The first call took so long that it is the only one. */
  readonly slow: boolean;
}

/** Times calls one by one for about `budgetMs` (at least 3), after warming up: compilers, caches, clocks. */
export async function timeCalls(
  call: () => Promise<unknown>,
  { budgetMs, warmUpMs, clock: by }: { budgetMs: number; warmUpMs: number; clock?: Clock | undefined },
): Promise<Timing> {
  const first = await clock(call, by);
  if (first > SLOW_MS) return { ms: first, slow: true };
  for (let spent = first; spent < warmUpMs; ) spent += await clock(call, by);
  const times: number[] = [];
  for (let spent = 0; spent < budgetMs || times.length < 3; ) {
    const ms = await clock(call, by);
    times.push(ms);
    spent += ms;
  }
  return { ms: median(times), slow: false };
}

/** Milliseconds of each of the calls that `budgetMs` allows, `least` at least, after warming up; one only if that is slow. */
export async function timesOf(
  call: () => Promise<unknown>,
  {
    budgetMs,
    warmUpMs,
    least,
    clock: by,
  }: { budgetMs: number; warmUpMs: number; least: number; clock?: Clock | undefined },
): Promise<number[]> {
  const first = await clock(call, by);
  if (first > SLOW_MS) return [first];
  for (let spent = first; spent < warmUpMs; ) spent += await clock(call, by);
  const times: number[] = [];
  for (let spent = 0; spent < budgetMs || times.length < least; spent += times.at(-1)!) {
    times.push(await clock(call, by));
  }
  return times;
}

/** Milliseconds of one call. */
export async function clock(call: () => Promise<unknown>, by: Clock = 'wall'): Promise<number> {
  const read = (): number => {
    if (by === 'wall') return performance.now();
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  const start = read();
  await call();
  return read() - start;
}
