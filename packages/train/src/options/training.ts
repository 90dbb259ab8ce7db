import { TrainError } from '../errors.js';
import { count, fraction, type OptionSchema, type OptionValues, oneOf, positive, schemaOf } from './option.js';

/**
 * Options that every recipe has beside its own: how it is trained, not what. A recipe that its paper trains otherwise
 * gives another default under the same name.
 */
export const TRAINING_OPTIONS: OptionSchema = schemaOf({
  /** A new order of the examples in every epoch; without it their order in the file, always. */
  shuffle: true,
  /** How the learning rate goes on from the recipe's: see {@link learningRateFactor}. */
  schedule: oneOf('constant', 'cosine', 'step'),
  /** The learning rate rises linearly over so many iterations. */
  warmupSteps: count(0, 0),
  /** `step`: after every so many epochs the learning rate is multiplied by `decayRate`. */
  decayEpochs: count(10),
  decayRate: positive(0.1),
  /** Above 0, the exported weights are running averages that keep this part of themselves in every iteration. */
  averaging: fraction(0),
});

/** Where training stands, and its planned end. */
export interface TrainingTime {
  /** Iterations done. */
  readonly step: number;
  /** Iterations in all. */
  readonly steps: number;
  readonly stepsPerEpoch: number;
}

/**
 * What the recipe's learning rates are multiplied by in the next iteration.
 *
 * - constant: 1
 * - cosine: (1 + cos(pi t / T)) / 2, from 1 to 0 over the whole training (Loshchilov & Hutter 2017, without restarts)
 * - step: decayRate ^ floor(epochs done / decayEpochs)
 *
 * times (t + 1) / warmupSteps while that is below 1.
 */
export function learningRateFactor(options: OptionValues, { step, steps, stepsPerEpoch }: TrainingTime): number {
  const { schedule, warmupSteps, decayEpochs, decayRate } = options as unknown as {
    readonly schedule: 'constant' | 'cosine' | 'step';
    readonly warmupSteps: number;
    readonly decayEpochs: number;
    readonly decayRate: number;
  };
  const warmup = warmupSteps > 0 ? Math.min(1, (step + 1) / warmupSteps) : 1;
  switch (schedule) {
    case 'constant':
      return warmup;
    case 'cosine':
      return (warmup * (1 + Math.cos((Math.PI * step) / steps))) / 2;
    case 'step':
      return warmup * decayRate ** Math.floor(step / stepsPerEpoch / decayEpochs);
    default:
      throw new TrainError('option-invalid', `there is no learning-rate schedule '${schedule}'`, { schedule });
  }
}
