import { combineLogLikelihoods, type LogLikelihood, loadManifest } from '@onnx-forge/infer';
import { type EvaluateRequest, evaluateRun } from '../actions/evaluate.js';
import { TrainError } from '../errors.js';
import type { Job, Launcher } from '../launch/launcher.js';
import type { LikelihoodWork, Measurement } from '../measures/measure.js';
import { launchJobs } from '../sweep/jobs.js';
import { estimateShards, requireLikelihood } from './estimate.js';
import { ShardFolder, type ShardPlan, shardName, shardRange } from './folder.js';

/** Where shards are estimated, when not in this process. */
export interface ShardLaunch {
  readonly launcher: Launcher;
  /** The command line that estimates one shard (see {@link estimateShards}), and what it needs. */
  job(plan: ShardPlan, shard: number): Pick<Job, 'argv' | 'folder' | 'needs'>;
}

export interface ShardedEvaluation extends Omit<EvaluateRequest, 'logLikelihood'> {
  /** Into how many parts the examples of log p(x) are split. */
  readonly shards: number;
  /** @param folder for the jobs' files: it goes when all shards are combined */
  readonly launch?: ((folder: string) => Promise<ShardLaunch>) | undefined;
}

/**
 * Evaluates a run as `evaluateRun` does, log p(x) in shards: in this process one after the other, or each as a job of a
 * launcher. A shard's result is kept in the run folder until all are combined, so that the same call goes on after a kill and
 * repeats none. On one kind of processor, with the same number of threads, the numbers are bit by bit those of `evaluateRun`.
 *
 * @throws TrainError (`shard-failed`) naming the first shard that failed and why; (`no-likelihood`)
 */
export async function evaluateInShards(request: ShardedEvaluation): Promise<readonly Measurement[]> {
  const { run, shards, launch: _, ...evaluation } = request;
  const manifest = await loadManifest(run, { kinds: 'any' });
  requireLikelihood(run, manifest);
  let folder: ShardFolder | undefined;
  const logLikelihood = async ({ split, examples, samples, seed }: LikelihoodWork): Promise<LogLikelihood> => {
    const { data } = request;
    const named = typeof data === 'object' && 'splits' in data ? data.name : data;
    const plan = { split, examples, samples, seed, shards, ...(named !== undefined && { data: named }) };
    // Refuses a split that can't be.
    shardRange(0, plan);
    folder = new ShardFolder(run, manifest, plan);
    return estimated(request, folder);
  };
  const measurements = await evaluateRun({ ...evaluation, run, logLikelihood });
  if (folder === undefined) {
    const message = `${run}: the evaluation of ${manifest.model} asks for no log p(x) that could be split into shards`;
    throw new TrainError('no-likelihood', message, { run });
  }
  await folder.remove();
  return measurements;
}

/** The combined estimate, once every shard has its result. */
async function estimated(request: ShardedEvaluation, folder: ShardFolder): Promise<LogLikelihood> {
  const { plan } = folder;
  await folder.forgetFailures();
  if (request.launch) await launched(request, await request.launch(folder.path), folder);
  else await inProcess(request, folder);
  request.signal?.throwIfAborted();
  const results: LogLikelihood[] = [];
  for (let shard = 0; shard < plan.shards; shard += 1) results.push(await folder.read(shard));
  return combineLogLikelihoods(results);
}

async function inProcess({ onEvent = () => {}, ...request }: ShardedEvaluation, folder: ShardFolder): Promise<void> {
  const { plan } = folder;
  const open = await folder.open({ failed: true });
  if (open.length === 0) return;
  const onProgress = (shard: number, fraction: number) => {
    const done = plan.shards - open.length + open.indexOf(shard) + fraction;
    onEvent({ type: 'phase', phase: 'evaluate', detail: 'log-likelihood in shards', fraction: done / plan.shards });
  };
  await estimateShards({ ...request, plan, onProgress }, open);
}

async function launched(
  request: ShardedEvaluation,
  { launcher, job }: ShardLaunch,
  folder: ShardFolder,
): Promise<void> {
  const { signal, onEvent = () => {} } = request;
  const { plan } = folder;
  const reasons = new Map<number, string>();
  let done = plan.shards - (await folder.open({ failed: true })).length;
  const left = await launchJobs({
    ...{ launcher, signal },
    job: (shard) => ({ name: `shard-${shardName(shard, plan)}`, ...job(plan, shard) }),
    open: () => folder.open({ failed: false }),
    onAgain: (count) => onEvent({ type: 'notice', text: `${count} shards did not end: launching them again` }),
    async onOver(shard, state) {
      if (state.state === 'finished') done += 1;
      else reasons.set(shard, state.state === 'failed' ? state.reason : state.state);
      onEvent({ type: 'phase', phase: 'evaluate', detail: 'log-likelihood in shards', fraction: done / plan.shards });
    },
  });
  signal?.throwIfAborted();
  const failed = [...new Set([...left, ...(await folder.open({ failed: true }))])];
  const [first] = failed;
  if (first === undefined) return;
  const why = [await folder.failure(first), reasons.get(first)].filter(Boolean).join('; ');
  const others = failed.length === 1 ? '' : `, and ${failed.length - 1} others`;
  const message = `${request.run}: shard ${first} of ${plan.shards} failed: ${why || 'it ended without a result'}${others}; the same command goes on with what is missing`;
  throw new TrainError('shard-failed', message, { run: request.run, shards: failed });
}
