import type { AnyManifest, DeviceRequest, ModelOf } from '@onnx-forge/infer';
import { loadRun } from '../actions/load-run.js';
import { type RunDataRequest, runData } from '../actions/run-data.js';
import { requireExamples } from '../data/sound.js';
import { TrainError } from '../errors.js';
import { boundsOf, type LikelihoodKind } from '../kinds/latent/measures/bounds.js';
import type { Recipe } from '../recipe/recipe.js';
import { ShardFolder, type ShardPlan, shardRange } from './folder.js';

/** Shards of one run's log-likelihood, to be estimated by this process. */
export interface ShardRequest extends RunDataRequest {
  readonly recipe: Recipe;
  /** The run folder. */
  readonly run: string;
  readonly plan: ShardPlan;
  readonly device?: DeviceRequest;
  readonly threads?: number;
  /** @param fraction 0 .. 1 of the shard */
  readonly onProgress?: (shard: number, fraction: number) => void;
}

/**
 * Estimates some shards of log p(x) and writes their results into the run folder, for `evaluateInShards` to combine. A shard
 * that is done already is done again.
 *
 * @throws TrainError (`no-likelihood`); what loading the run and its data throws
 */
export async function estimateShards(request: ShardRequest, shards: readonly number[]): Promise<void> {
  const { recipe, run, plan, device = 'auto', threads, signal, onProgress } = request;
  await using model = await loadRun(recipe, run, { device, ...(threads !== undefined && { threads }) });
  requireLikelihood(run, model.manifest);
  const { data } = await runData(recipe, model.manifest, { ...request, split: plan.split });
  requireExamples(data, plan.split);
  const folder = new ShardFolder(run, model.manifest, plan);
  const { split, examples, samples, seed } = plan;
  const bounds = boundsOf(model as ModelOf<LikelihoodKind>, data.splits[split], examples);
  for (const shard of shards) {
    const range = shardRange(shard, plan);
    const progress = ({ done, total }: { done: number; total: number }) => onProgress?.(shard, done / total);
    await folder.write(shard, await bounds.logLikelihood({ samples, seed, range, signal, onProgress: progress }));
  }
}

/** @throws TrainError (`no-likelihood`) when nothing of the run's evaluation can be split into shards */
export function requireLikelihood(run: string, { kind, model, graphs }: AnyManifest): void {
  if ((kind === 'latent' || kind === 'conditional') && Object.hasOwn(graphs, 'logWeights')) return;
  const message = `${run}: the evaluation of ${model} has no importance-sampled log p(x), the one measure that is split into shards`;
  throw new TrainError('no-likelihood', message, { run, kind });
}
