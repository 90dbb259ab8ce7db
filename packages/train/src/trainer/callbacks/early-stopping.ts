import { COUNT, checked, NON_NEGATIVE } from '@onnx-forge/infer/value-rule';
import type { Direction } from '../../metrics/direction.js';
import { type Callback, defineCallback } from './callback.js';
import { EpochMonitor, type MonitorOptions } from './monitor.js';

export interface EarlyStoppingOptions extends MonitorOptions {
  /** Epochs without an improvement after which the training ends. */
  readonly patience: number;
  /** The least change that is an improvement. Default 0: any. */
  readonly minDelta?: number;
}

export interface EarlyStoppingState {
  /** The metric that the rest is about, and its direction. */
  readonly monitor: string;
  readonly direction: Direction;
  /** Its best value, null before the first. */
  readonly best: number | null;
  /** Epochs since then. */
  readonly waited: number;
}

/** Ends a training whose metric has not improved for `patience` epochs. */
export function earlyStopping(options: EarlyStoppingOptions): Callback<EarlyStoppingState> {
  const { patience, minDelta = 0 } = options;
  const monitor = new EpochMonitor(options);
  checked('patience', patience, COUNT);
  checked('minDelta', minDelta, NON_NEGATIVE);
  const { name, direction } = monitor;
  const initial: EarlyStoppingState = { monitor: name, direction, best: null, waited: 0 };
  return defineCallback({
    name: 'early-stopping',
    initial,
    settings: { monitor: name, direction, patience, minDelta },
    onEpoch(event, control, before) {
      // A resumed run may watch another metric.
      const state = monitor.watches(before) ? before : initial;
      const value = monitor.value(event);
      if (monitor.improves(value, state.best, minDelta)) return { ...initial, best: value };
      const waited = state.waited + 1;
      if (waited >= patience) {
        const epochs = waited === 1 ? 'an epoch' : `${waited} epochs`;
        control.stop(`${name} has not improved on ${Number(state.best?.toPrecision(5))} for ${epochs}`);
      }
      return { ...state, waited };
    },
  });
}
