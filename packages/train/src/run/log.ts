/** One line of `metrics.jsonl`. */
export interface LogLine {
  /** `train`: means over the iterations since the last such line; `validation`: means over the split's examples. */
  readonly kind: 'train' | 'validation';
  /** Iterations done. */
  readonly step: number;
  /** Epochs done, with the part of the one under way. */
  readonly epoch: number;
  /** Named `STEP/METRIC` (train) or `METRIC` (validation). */
  readonly metrics: Readonly<Record<string, number>>;
}
