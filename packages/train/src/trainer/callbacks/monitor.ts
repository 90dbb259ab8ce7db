import { InputError } from '@onnx-forge/infer';
import { TrainError } from '../../errors.js';
import { type Direction, directionOf } from '../../metrics/direction.js';
import { suggestionAndList } from '../../suggest.js';
import type { EpochEvent } from '../events.js';

/** The metric that a callback watches, and which values of it are better. */
export interface MonitorOptions {
  /** `validation.METRIC`, or `train.STEP/METRIC` for the mean over an epoch. */
  readonly monitor: string;
  /** Default: known from the metric's name. */
  readonly direction?: Direction;
}

/** Reads one metric after every epoch. */
export class EpochMonitor {
  readonly name: string;
  readonly direction: Direction;

  /** @throws InputError when the name has no such form, or nothing says which values are better */
  constructor({ monitor, direction }: MonitorOptions) {
    const metric = /^(?:validation|train)\.(.+)$/s.exec(monitor)?.[1];
    if (metric === undefined) {
      const message = `the monitored metric is validation.METRIC or train.STEP/METRIC, such as validation.elbo, not '${monitor}'`;
      throw new InputError(message, { monitor });
    }
    const known = direction ?? directionOf(metric);
    if (known === undefined) {
      const message = `which values of '${monitor}' are better is not known: give the direction, higher or lower`;
      throw new InputError(message, { monitor });
    }
    this.name = monitor;
    this.direction = known;
  }

  /** Whether a state is about this metric and direction. */
  watches({ monitor, direction }: { readonly monitor: string; readonly direction: Direction }): boolean {
    return monitor === this.name && direction === this.direction;
  }

  /** @throws TrainError (`metric-unknown`) that lists the metrics that are there */
  value({ train, validation }: EpochEvent): number {
    const values = new Map<string, number>(
      Object.entries({ validation, train }).flatMap(([kind, metrics]) =>
        Object.entries(metrics).map(([name, value]) => [`${kind}.${name}`, value] as const),
      ),
    );
    const value = values.get(this.name);
    if (value !== undefined) return value;
    const known = [...values.keys()];
    const message = `there is no metric '${this.name}' to monitor${suggestionAndList(this.name, known, 'metrics: ')}`;
    throw new TrainError('metric-unknown', message, { metric: this.name, known });
  }

  /** Whether `value` is better than `best` by more than `least`; anything is better than null. */
  improves(value: number, best: number | null, least = 0): boolean {
    if (best === null) return true;
    return this.direction === 'higher' ? value > best + least : value < best - least;
  }
}
