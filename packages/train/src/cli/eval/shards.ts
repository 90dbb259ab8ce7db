import { resolve } from 'node:path';
import type { EvaluateRequest } from '../../actions/evaluate.js';
import type { DataReference } from '../../data/data-set.js';
import type { Measurement } from '../../measures/measure.js';
import { estimateShards, requireLikelihood } from '../../shards/estimate.js';
import { evaluateInShards, type ShardedEvaluation } from '../../shards/evaluate.js';
import { ShardFolder, shardRange } from '../../shards/folder.js';
import { messageOf, UsageError } from '../errors.js';
import type { TrainedRun } from '../inputs/runs.js';
import type { LaunchArguments } from '../sweep/launching.js';
import { localLauncher, requireHeeded, slurmLauncher, slurmOptions } from '../sweep/launching.js';

/** Options of the command line on shards, and how to say the others again to a job. */
export interface ShardArguments extends Omit<LaunchArguments, 'print' | 'detach' | 'probe'> {
  readonly shards: number | undefined;
  readonly shard: number | undefined;
  /** Words of the command line for the run's recipe, its data and the device. */
  readonly words: readonly string[];
}

type Request = Omit<EvaluateRequest, 'data' | 'logLikelihood'> & { readonly data?: string | DataReference };

/** @throws UsageError when the options do not belong together */
export function requireShardOptions({ shards, shard, words: _, ...launch }: ShardArguments, runs: number): void {
  // Threads are heeded without a launcher, too.
  requireHeeded({ ...launch, cpus: undefined, print: undefined, detach: undefined, probe: undefined });
  if (shards === undefined) {
    const [name] = [shard !== undefined && '--shard', launch.launcher !== undefined && '--launcher'].filter(Boolean);
    if (name) throw new UsageError(`${name} needs --shards: into how many parts log p(x) is split`);
  }
  if (shard !== undefined && runs !== 1) throw new UsageError('--shard estimates a shard of one run', { runs });
  if (shard !== undefined && launch.launcher !== undefined)
    throw new UsageError('--shard runs in this process: without --launcher');
}

/** Options as the words of a command line. */
export function optionWords(options: Readonly<Record<string, string | boolean | undefined>>): readonly string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    return value === true ? [`--${name}`] : [`--${name}`, value];
  });
}

/** Evaluates a run whose log p(x) is split into shards. */
export async function evaluateSharded(
  request: Request,
  shards: number,
  args: ShardArguments,
): Promise<readonly Measurement[]> {
  return evaluateInShards({ ...request, shards, launch: shardLaunch(request, args) });
}

function shardLaunch({ run }: Request, args: ShardArguments): ShardedEvaluation['launch'] {
  if (args.launcher === undefined) return undefined;
  const launch = { ...args, print: undefined, detach: undefined, probe: undefined };
  const threads = args.cpus ?? 1;
  return async (out) => ({
    launcher: args.launcher === 'local' ? localLauncher(launch, out) : await slurmLauncher(slurmOptions(launch, out)),
    job: ({ split, samples, examples, seed, shards }, shard) => ({
      argv: [
        ...[process.execPath, process.argv[1]!, 'eval', resolve(run), '--shards', `${shards}`, '--shard', `${shard}`],
        ...['--split', split, '--samples', `${samples}`, '--examples', `${examples}`, '--seed', `${seed}`],
        ...['--cpus', `${threads}`, ...args.words],
      ],
      folder: process.cwd(),
      needs: { threads, memoryMb: args.memory },
    }),
  });
}

/** Estimates one shard and writes its result, or why there is none, into the run folder: the work of every job. */
export async function estimateOneShard(
  { recipe, manifest }: TrainedRun,
  { split, samples, examples, seed = 1, run, data, ...request }: Request,
  { shards, shard }: Pick<ShardArguments, 'shards' | 'shard'>,
): Promise<void> {
  if (split === undefined || samples === undefined || examples === undefined) {
    throw new UsageError('--shard needs --split, --samples and --examples: a part of which estimate?');
  }
  const plan = { split, examples, samples, seed, shards: shards!, ...(data !== undefined && { data }) };
  requireLikelihood(run, manifest);
  shardRange(shard!, plan);
  try {
    await estimateShards({ ...request, ...(data !== undefined && { data }), recipe, run, plan }, [shard!]);
  } catch (error) {
    if (!request.signal?.aborted) await new ShardFolder(run, manifest, plan).writeFailure(shard!, messageOf(error));
    throw error;
  }
}
