import type { Stopper } from './stopper.js';

export interface AshaOptions {
  /** Of the trials at a rung one in `eta` goes on. Default 3. */
  readonly eta?: number | undefined;
  /** Epochs up to the first rung. Default 1. */
  readonly min?: number | undefined;
}

/**
 * Asynchronous successive halving (Li et al. 2020), in the form that stops trials instead of pausing them: at the rungs min,
 * min eta, min eta^2, ... epochs a trial goes on if it is among the best 1 / eta of those that have come to the rung so far;
 * of fewer than eta the best does.
 */
export function ashaStopper({ eta = 3, min = 1 }: AshaOptions = {}): Stopper {
  const isRung = (resource: number): boolean => {
    let rung = min;
    while (rung < resource) rung *= eta;
    return rung === resource;
  };
  return {
    name: 'asha',
    asksAt: isRung,
    stops({ trial, resource, loss }, reports) {
      const others = reports.filter((report) => report.resource === resource && report.trial !== trial);
      const goOn = Math.max(1, Math.floor((others.length + 1) / eta));
      const better = others.filter((other) => other.loss < loss).length;
      return better >= goOn;
    },
  };
}
