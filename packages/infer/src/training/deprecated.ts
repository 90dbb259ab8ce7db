import type { BatchArrays, BatchSpec } from '../arrays/batch.js';
import type { StateArray } from '../arrays/state.js';

/** @deprecated Renamed {@link BatchSpec}. */
export type BatchEntry = BatchSpec;

/** @deprecated Renamed {@link BatchArrays}. */
export type StepBatch = BatchArrays;

/** @deprecated Renamed {@link StateArray}. */
export type StateEntry = StateArray;
