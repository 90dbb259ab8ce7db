/**
 * The log-likelihood of many examples, split into shards: in one process or through a launcher.
 *
 * @module @onnx-forge/train/shards
 */

export { estimateShards, type ShardRequest } from './estimate.js';
export { evaluateInShards, type ShardedEvaluation, type ShardLaunch } from './evaluate.js';
export { type ShardPlan, shardName, shardRange } from './folder.js';
