import { TrainError } from '../errors.js';
import {
  boolean,
  count,
  described,
  fraction,
  nonNegative,
  type OptionSchema,
  type OptionValues,
  oneOf,
  positive,
  schemaOf,
} from './option.js';

/**
 * Options that every recipe has beside its own: how it is trained, not what. A recipe that its paper trains otherwise
 * gives another default under the same name.
 */
export const TRAINING_OPTIONS: OptionSchema = schemaOf({
  shuffle: described(
    boolean(true),
    'A new order of the examples in every epoch; false: their order in the file, always',
  ),
  schedule: described(
    oneOf('constant', 'cosine', 'step'),
    "Course of the learning rate: the recipe's throughout, falling to 0 as half a cosine, or multiplied by decayRate after every decayEpochs",
  ),
  warmupSteps: described(count(0, 0), 'Iterations over which the learning rate rises linearly at first'),
  decayEpochs: described(count(10), 'Epochs between two steps of the schedule step'),
  decayRate: described(positive(0.1), 'Factor of the learning rate at each step of the schedule step'),
  clipNorm: described(
    nonNegative(0),
    "Above 0: the gradients of a step are scaled down to at most this norm, taken over all its weights together; 0: to the recipe's own limit, if it has one",
  ),
  averaging: described(
    fraction(0),
    'Above 0: the exported weights are running averages that keep this fraction of themselves in every iteration',
  ),
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
 * Factor of the recipe's learning rates in the next iteration.
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
