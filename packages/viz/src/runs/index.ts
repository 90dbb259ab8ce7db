/**
 * Lists of runs: what is known of a run, conditions on it, and its order. Without dependencies: the command line and the explorer's page
 * filter by the same rules.
 *
 * @module @onnx-forge/viz/runs
 */

export { keyNumber, type ListedRun, onMostExamples, type RunNumber } from './listed-run.js';
export { type Condition, factOf, fits, namesOf, parseCondition, sortedBy } from './query.js';
