import os from 'node:os';
import type { Calibration } from './report/result.js';
import { median } from './report/summary.js';

const TIMES = 7;
const SIZE = 160;

/** Products of matrices in JavaScript, some 10 ms each: the same work whenever it is asked for. */
export function calibrate(): Calibration {
  const [a, b, c] = [0, 1, 2].map((seed) =>
    new Float64Array(SIZE * SIZE).map((_, i) => ((i * 7919 + seed) % 101) / 101),
  );
  multiply(a!, b!, c!);
  const runs = Array.from({ length: TIMES }, () => {
    const [start, used] = [performance.now(), process.cpuUsage()];
    multiply(a!, b!, c!);
    const { user, system } = process.cpuUsage(used);
    return { cpuMs: (user + system) / 1000, ms: performance.now() - start };
  });
  const total = (of: 'cpuMs' | 'ms') => runs.reduce((sum, run) => sum + run[of], 0);
  return {
    cpuMs: median(runs.map(({ cpuMs }) => cpuMs)),
    share: Math.min(1, total('cpuMs') / total('ms')),
    load: os.loadavg()[0] ?? 0,
  };
}

function multiply(a: Float64Array, b: Float64Array, c: Float64Array): void {
  for (let i = 0; i < SIZE; i++) {
    for (let j = 0; j < SIZE; j++) {
      let sum = 0;
      for (let k = 0; k < SIZE; k++) sum += a[i * SIZE + k]! * b[k * SIZE + j]!;
      c[i * SIZE + j] = sum;
    }
  }
}
