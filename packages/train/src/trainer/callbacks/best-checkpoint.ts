import type { Direction } from '../../metrics/direction.js';
import { type Callback, defineCallback } from './callback.js';
import { EpochMonitor, type MonitorOptions } from './monitor.js';

export interface BestCheckpointState {
  /** The metric that the rest is about, and its direction. */
  readonly monitor: string;
  readonly direction: Direction;
  /** Its best value, null before the first. */
  readonly best: number | null;
}

/** Keeps the weights of the epoch with the best value of a metric, the first of equal ones; they are exported. */
export function bestCheckpoint(options: MonitorOptions): Callback<BestCheckpointState> {
  const monitor = new EpochMonitor(options);
  const { name, direction } = monitor;
  const initial: BestCheckpointState = { monitor: name, direction, best: null };
  return defineCallback({
    name: 'best-checkpoint',
    initial,
    settings: { monitor: name, direction },
    onEpoch(event, control, before) {
      // A resumed run may watch another metric.
      const state = monitor.watches(before) ? before : initial;
      const value = monitor.value(event);
      if (!monitor.improves(value, state.best)) return state;
      control.keep('best', { monitor: name, value });
      return { ...initial, best: value };
    },
  });
}
