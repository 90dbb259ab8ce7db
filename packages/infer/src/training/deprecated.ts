import type { BatchArrays, BatchSpec } from '../arrays/batch.js';

/** @deprecated Renamed {@link BatchSpec}. */
export type BatchEntry = BatchSpec;

/** @deprecated Renamed {@link BatchArrays}. */
export type StepBatch = BatchArrays;
