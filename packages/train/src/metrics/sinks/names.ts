/** The sinks that have names: those of `--log`. */
export type SinkName = 'jsonl' | 'csv' | 'tensorboard';

export const SINK_NAMES: readonly SinkName[] = ['jsonl', 'csv', 'tensorboard'];
