import type { Random } from '@onnx-forge/infer';
import type { OptionValues } from '../../options/option.js';
import type { Space } from '../space.js';

/** A trial that has ended, as samplers see it. Lower losses are better, whatever the target's direction. */
export interface PastTrial {
  readonly number: number;
  readonly settings: OptionValues;
  /** The target (its negative when it is maximised); undefined: the trial failed. */
  readonly loss: number | undefined;
  /** Ended early, having used this much of its resource (epochs). */
  readonly stoppedAt?: number | undefined;
}

export interface SampleRequest {
  readonly space: Space;
  /** Of the trial to draw, from 0. */
  readonly number: number;
  /** Trials that the sampler may learn from, in the order of their numbers. */
  readonly past: readonly PastTrial[];
  /** Depends on the sweep's seed and the trial's number only. */
  readonly random: Random;
}

/** Chooses settings: a pure function of its request. */
export interface Sampler {
  readonly name: string;
  /** Whether `past` matters: then trials can't all be drawn beforehand. */
  readonly learns: boolean;
  /** How many trials there are at most; undefined: as many as one likes. */
  size?(space: Space): number;
  settings(request: SampleRequest): OptionValues;
}
