export { type BestCheckpointState, bestCheckpoint } from './best-checkpoint.js';
export { type Callback, defineCallback, type Handlers, type Monitored, type TrainingControl } from './callback.js';
export { type EarlyStoppingOptions, type EarlyStoppingState, earlyStopping } from './early-stopping.js';
export type { MonitorOptions } from './monitor.js';
