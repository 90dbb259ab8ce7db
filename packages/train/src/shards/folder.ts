import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type AnyManifest, type ExampleRange, InputError, type LogLikelihood } from '@onnx-forge/infer';
import { readRegularFile } from '@onnx-forge/infer/node-files';
import { issueLine } from '@onnx-forge/infer/value-rule';
import { z } from 'zod';
import type { DataReference, SplitName } from '../data/data-set.js';
import { TrainError } from '../errors.js';
import { writeAtomically } from '../run/atomic.js';
import { RunFolder } from '../run/folder.js';

/** Facts that the shards of one estimate share; with another plan they are other shards. */
export interface ShardPlan {
  readonly split: SplitName;
  /** Examples in all, at equal distances in the split. */
  readonly examples: number;
  /** Importance samples per example. */
  readonly samples: number;
  readonly seed: number;
  readonly shards: number;
  /** Of other data than the run's own. */
  readonly data?: string | DataReference | undefined;
}

type Estimates = 'values' | 'effectiveSampleSizes' | 'paretoKs' | 'bounds' | 'errors';
const ESTIMATES: readonly Estimates[] = ['values', 'effectiveSampleSizes', 'paretoKs', 'bounds', 'errors'];

/** Of float64 numbers, little-endian, as base64: JSON has neither NaN nor infinity. */
const numbers = z.base64().transform((text, context): Float64Array => {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length % 8 > 0)
    context.addIssue({ code: 'custom', message: `${bytes.length} bytes are no float64 numbers` });
  return Float64Array.from({ length: bytes.length >> 3 }, (_, i) => bytes.readDoubleLE(i * 8));
});

const shardSchema = z.object({
  mean: z.number(),
  values: numbers,
  effectiveSampleSizes: numbers,
  paretoKs: numbers,
  bounds: numbers,
  errors: numbers,
});

/** `07`, as wide as the last one's number, so that names sort. */
export function shardName(shard: number, { shards }: Pick<ShardPlan, 'shards'>): string {
  return `${shard}`.padStart(`${shards - 1}`.length, '0');
}

/**
 * The examples of a shard: `shards` ranges whose sizes differ by one at most.
 *
 * @throws InputError when there are more shards than examples, or no such shard
 */
export function shardRange(shard: number, { shards, examples }: Pick<ShardPlan, 'shards' | 'examples'>): ExampleRange {
  if (shards > examples) {
    throw new InputError(`${examples} examples can't be split into ${shards} shards`, { examples, shards });
  }
  if (!(Number.isSafeInteger(shard) && shard >= 0 && shard < shards)) {
    throw new InputError(`of ${shards} shards there are 0 to ${shards - 1}, not ${shard}`, { shard, shards });
  }
  const end = (index: number) => Math.floor((index * examples) / shards);
  return { from: end(shard), to: end(shard + 1) };
}

/**
 * Results of shards in `RUN/shards/KEY`, one file each, written atomically: what a killed evaluation leaves. The key is a
 * hash of the plan, the run's graphs and its data.
 */
export class ShardFolder {
  readonly path: string;

  constructor(
    run: string,
    { graphs, data }: Pick<AnyManifest, 'graphs' | 'data'>,
    readonly plan: ShardPlan,
  ) {
    const key = createHash('sha256')
      .update(JSON.stringify([plan, graphs, data]))
      .digest('hex')
      .slice(0, 12);
    this.path = new RunFolder(run).file('shards', key);
  }

  /** Shards without a result; those that failed only when `failed` says so. */
  async open({ failed }: { readonly failed: boolean }): Promise<number[]> {
    const names = new Set(await readdir(this.path).catch(() => []));
    const all = Array.from({ length: this.plan.shards }, (_, shard) => shard);
    return all.filter((shard) => !names.has(this.#name(shard)) && (failed || !names.has(this.#failure(shard))));
  }

  async write(shard: number, result: LogLikelihood): Promise<void> {
    const arrays = ESTIMATES.map((name) => {
      const { buffer, byteOffset, byteLength } = result[name];
      return [name, Buffer.from(buffer, byteOffset, byteLength).toString('base64')];
    });
    await mkdir(this.path, { recursive: true });
    const text = JSON.stringify({ mean: result.mean, ...Object.fromEntries(arrays) });
    await writeAtomically(join(this.path, this.#name(shard)), `${text}\n`);
    await rm(join(this.path, this.#failure(shard)), { force: true });
  }

  /** Writes down why a shard has no result. */
  async writeFailure(shard: number, reason: string): Promise<void> {
    await mkdir(this.path, { recursive: true });
    await writeAtomically(join(this.path, this.#failure(shard)), `${reason}\n`);
  }

  /** Why a shard failed; undefined: it did not, or could not say. */
  async failure(shard: number): Promise<string | undefined> {
    const text = await readRegularFile(join(this.path, this.#failure(shard))).catch(() => undefined);
    return text?.toString('utf8').trim();
  }

  /** Forgets failures: these shards may be tried again. */
  async forgetFailures(): Promise<void> {
    for (const shard of await this.open({ failed: true })) {
      await rm(join(this.path, this.#failure(shard)), { force: true });
    }
  }

  /** @throws TrainError (`shard-invalid`) when the file is not what a shard writes */
  async read(shard: number): Promise<LogLikelihood> {
    const file = join(this.path, this.#name(shard));
    const { samples, seed } = this.plan;
    const refuse = (fault: string, cause?: unknown) =>
      new TrainError(
        'shard-invalid',
        `${file} is no result of a shard (${fault}): delete it`,
        { path: file },
        { cause },
      );
    const text = (await readRegularFile(file)).toString('utf8');
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (error) {
      throw refuse('it is not JSON', error);
    }
    const parsed = shardSchema.safeParse(json);
    if (!parsed.success) throw refuse(issueLine(parsed.error.issues[0]!, json), parsed.error);
    const { mean, ...estimates } = parsed.data;
    const { from, to } = shardRange(shard, this.plan);
    const short = ESTIMATES.find((name) => estimates[name].length !== to - from);
    if (short !== undefined) throw refuse(`${short} has ${estimates[short].length} examples and not ${to - from}`);
    // Of all examples together they are made by combineLogLikelihoods.
    const unused = { standardError: Number.NaN, bound: Number.NaN };
    return { ...estimates, mean, ...unused, samples, seed, estimator: 'importance' };
  }

  /** Removes the results, when they have been combined. */
  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
    // Other plans may have results there.
    await rmdir(dirname(this.path)).catch(() => {});
  }

  #name(shard: number): string {
    return `${shardName(shard, this.plan)}.json`;
  }

  #failure(shard: number): string {
    return `${shardName(shard, this.plan)}.failed`;
  }
}
