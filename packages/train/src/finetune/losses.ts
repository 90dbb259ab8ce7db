/** Losses that a file can be fine-tuned by. */
export type FineTuningLoss = 'cross-entropy' | 'contrastive' | 'mse';

export const FINE_TUNING_LOSSES: readonly FineTuningLoss[] = ['cross-entropy', 'contrastive', 'mse'];
