import { createHash } from 'node:crypto';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeSafetensors, encodeSafetensors, Random, type RandomState } from '@onnx-forge/infer';
import { z } from 'zod';
import type { BatchPosition } from '../data/batches.js';
import type { DataReference } from '../data/data-set.js';
import { readRegularFile } from '../data/read-file.js';
import type { EngineName, EngineState } from '../engine/engine.js';
import { DIVERGED, TrainError } from '../errors.js';
import type { MeterState } from '../metrics/meter.js';
import type { OptionValues } from '../options/option.js';
import { unwritable } from '../unwritable.js';
import { writeAtomically } from './atomic.js';

/** Settings that a run was started with; a resumed run must have the same. */
export interface RunIdentity {
  readonly recipe: string;
  readonly options: OptionValues;
  readonly dataSet: string;
  readonly seed: number;
  readonly engine: EngineName;
  /** Of data of a user's own. */
  readonly reference?: DataReference | undefined;
}

/** Where a run stands, but for the arrays. */
export interface Progress extends RunIdentity {
  /** Iterations done. */
  readonly step: number;
  /** Of the next batch. */
  readonly position: BatchPosition;
  /** The stream that the steps draw from. */
  readonly random: RandomState;
  /** Length of metrics.jsonl now: what follows belongs to iterations that will be done again. */
  readonly logBytes: number;
  /** Training metrics since the last line of the log, and since the epoch began. */
  readonly meters: { readonly line: MeterState; readonly epoch: MeterState };
  /** Seconds of training so far. */
  readonly seconds: number;
  /** Iterations that the training was to have; those of older versions do not say. */
  readonly steps?: number | undefined;
}

export interface Checkpoint extends Progress {
  readonly state: EngineState;
}

const count = z.int().nonnegative();
const meter = z.record(z.string(), z.object({ sum: z.number(), count }));

const schema: z.ZodType<Progress> = z.object({
  recipe: z.string(),
  options: z.record(z.string(), z.union([z.number(), z.boolean(), z.string()])),
  dataSet: z.string(),
  seed: z.int(),
  engine: z.enum(['eager', 'compiled']),
  step: count,
  position: z.object({ epoch: count, index: count }),
  random: z.object({ algorithm: z.literal('xoshiro128**'), words: z.array(count) }),
  logBytes: count,
  meters: z.object({ line: meter, epoch: meter }),
  seconds: z.number().nonnegative(),
  steps: count.optional(),
  reference: z
    .object({
      format: z.string(),
      path: z.string(),
      options: z.record(z.string(), z.union([z.number(), z.boolean(), z.string()])).optional(),
      sha256: z.string().optional(),
    })
    .optional(),
});

/** Under this key the file's metadata hold the progress as JSON. */
const METADATA_KEY = 'onnx-forge-checkpoint-1';

/** Under this key they hold the hash of progress and arrays; files of older versions have none. */
const HASH_KEY = 'sha256';

/** A checkpoint is one file, so that it is replaced as a whole or not at all. */
export function checkpointPath(run: string): string {
  return join(run, 'checkpoint', 'state.safetensors');
}

/** The checkpoint before: it stands in for one that was damaged later. */
function previousPath(run: string): string {
  return join(run, 'checkpoint', 'previous.safetensors');
}

/**
 * Replaces the run's checkpoint, which becomes the previous one; a kill at any moment leaves a whole one. Returns its path.
 *
 * @throws TrainError (`not-finite`) when a number is not finite: the checkpoint that is there stays
 */
export async function saveCheckpoint(run: string, { state, ...progress }: Checkpoint): Promise<string> {
  requireFiniteState(state, progress.step);
  const path = checkpointPath(run);
  await mkdir(join(run, 'checkpoint'), { recursive: true }).catch((error: unknown) => {
    throw unwritable(path, error);
  });
  const text = JSON.stringify(progress);
  const metadata = { [METADATA_KEY]: text, [HASH_KEY]: hashOf(text, state) };
  const parts = encodeSafetensors({ arrays: state, metadata });
  await writeAtomically(path, parts, () => keepPrevious(run));
  return path;
}

async function keepPrevious(run: string): Promise<void> {
  await rename(checkpointPath(run), previousPath(run)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

function requireFiniteState(state: EngineState, step: number): void {
  for (const [name, { data }] of Object.entries(state)) {
    if (data instanceof Int32Array || data.every(Number.isFinite)) continue;
    const message = `'${name}' holds numbers that are not finite after iteration ${step}: ${DIVERGED}`;
    throw new TrainError('not-finite', message, { name, iteration: step });
  }
}

function hashOf(progress: string, state: EngineState): string {
  const hash = createHash('sha256').update(progress);
  for (const [name, { data }] of Object.entries(state)) {
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

/**
 * The run's checkpoint, or undefined when it has none. If it is damaged, the one before is given: `onNotice` says so.
 *
 * @throws TrainError (`checkpoint-invalid`) when no whole one is left
 */
export async function loadCheckpoint(
  run: string,
  onNotice: (text: string) => void = () => {},
): Promise<Checkpoint | undefined> {
  try {
    return (await readCheckpoint(checkpointPath(run))) ?? (await readCheckpoint(previousPath(run)));
  } catch (error) {
    const previous = await readCheckpoint(previousPath(run)).catch(() => undefined);
    if (previous === undefined) throw error;
    onNotice(`${(error as TrainError).data.reason}: the checkpoint before it is used, of iteration ${previous.step}`);
    return previous;
  }
}

async function readCheckpoint(path: string): Promise<Checkpoint | undefined> {
  const refuse = (problem: string, cause: unknown) => {
    const reason = `${path} ${problem}`;
    return new TrainError('checkpoint-invalid', `${reason}; start again with --force`, { path, reason }, { cause });
  };
  const bytes = await readRegularFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw refuse(`can't be read: ${error.message}`, error);
  });
  if (bytes === undefined) return undefined;
  try {
    const { arrays, metadata } = decodeSafetensors(bytes);
    const text = metadata[METADATA_KEY] ?? 'null';
    const progress = schema.parse(JSON.parse(text));
    const hash = metadata[HASH_KEY];
    if (hash !== undefined && hash !== hashOf(text, arrays)) throw new SyntaxError('its hash is that of other numbers');
    Random.fromState(progress.random);
    return { ...progress, state: arrays };
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw refuse(`is no usable checkpoint: ${reason}`, error);
  }
}
