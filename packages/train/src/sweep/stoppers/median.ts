import { median } from '../../measures/median.js';
import type { Stopper, TrialReport } from './stopper.js';

export interface MedianOptions {
  /** Other trials that must have come as far before any is stopped. Default 5. */
  readonly startup?: number | undefined;
  /** Epochs that every trial gets. Default 1. */
  readonly warmup?: number | undefined;
}

/**
 * Stops a trial whose best loss so far is above the median of the other trials' mean losses up to the same epoch (the median
 * stopping rule of Golovin et al. 2017, section 3.2.2).
 */
export function medianStopper({ startup = 5, warmup = 1 }: MedianOptions = {}): Stopper {
  return {
    name: 'median',
    asksAt: (resource) => resource >= warmup,
    stops({ trial, resource }, reports) {
      const sofar = reports.filter((report) => report.resource <= resource);
      const byTrial = new Map<number, TrialReport[]>();
      for (const report of sofar) byTrial.set(report.trial, [...(byTrial.get(report.trial) ?? []), report]);
      const own = byTrial.get(trial) ?? [];
      const means = [...byTrial]
        .filter(([other, list]) => other !== trial && list.some((report) => report.resource === resource))
        .map(([, list]) => list.reduce((sum, { loss }) => sum + loss, 0) / list.length);
      if (own.length === 0 || means.length < startup) return false;
      return Math.min(...own.map(({ loss }) => loss)) > median(means);
    },
  };
}
