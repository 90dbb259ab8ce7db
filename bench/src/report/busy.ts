import type { Calibration, Report } from './result.js';

/** Below this part of a processor, others had it. */
const WHOLE = 0.95;
/** A processor whose speed changes by more is another one: its clock moves, or it is shared. */
const DRIFT = 0.1;

/** The machine as the calibrations show it, a line each; the second warns, where there is something to warn of. */
export function busyness({
  calibration,
  machine,
  threads,
}: Pick<Report, 'calibration' | 'machine' | 'threads'>): string[] {
  if (calibration === undefined) return [];
  const { before, after } = calibration;
  const both = after ? [before, after] : [before];
  const list = (of: (one: Calibration) => string): string => both.map(of).join(' and ');
  const facts =
    `${after ? 'before and after' : 'before'}, a loop of fixed work took ${list(({ cpuMs }) => cpuMs.toFixed(1))} ms of a ` +
    `processor and got ${list(({ share }) => `${Math.round(100 * share)} %`)} of one`;
  const drift = after ? Math.abs(after.cpuMs / before.cpuMs - 1) : 0;
  // At the end the load is the benchmark's own, too.
  const loaded = before.load > machine.cores / 4 || (after?.load ?? 0) > threads + machine.cores / 4;
  const reasons = [
    ...(both.every(({ share }) => share >= WHOLE) ? [] : ['other programs had the processor']),
    ...(loaded ? [`load average ${list(({ load }) => load.toFixed(1))}`] : []),
    ...(drift > DRIFT ? [`its speed changed by ${Math.round(100 * drift)} %`] : []),
  ];
  return reasons.length === 0 ? [facts] : [facts, `**busy: ${reasons.join(', ')}; do not trust these times**`];
}
