import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeSafetensors, encodeSafetensors, Random, type RandomState } from '@onnx-forge/infer';
import { z } from 'zod';
import type { BatchPosition } from './data/batches.js';
import type { EngineName, EngineState } from './engine/engine.js';
import { TrainError } from './errors.js';
import type { OptionValues } from './options.js';
import { writeAtomically } from './run/atomic.js';
import type { MeterState } from './run/meters.js';

/** What a run was started with: a resumed run must be the same. */
export interface RunIdentity {
  readonly recipe: string;
  readonly options: OptionValues;
  readonly dataSet: string;
  readonly seed: number;
  readonly engine: EngineName;
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
});

/** Under this key the file's metadata hold the progress as JSON. */
const METADATA_KEY = 'onnx-forge-checkpoint-1';

/** A checkpoint is one file, so that it is replaced as a whole or not at all. */
export function checkpointPath(run: string): string {
  return join(run, 'checkpoint', 'state.safetensors');
}

/** Replaces the run's checkpoint; a kill at any moment leaves the old one or the new one. Returns its path. */
export async function saveCheckpoint(run: string, { state, ...progress }: Checkpoint): Promise<string> {
  const path = checkpointPath(run);
  await mkdir(join(run, 'checkpoint'), { recursive: true });
  const metadata = { [METADATA_KEY]: JSON.stringify(progress) };
  await writeAtomically(path, encodeSafetensors({ arrays: state, metadata }));
  return path;
}

/**
 * The run's checkpoint, or undefined when it has none.
 *
 * @throws TrainError (`checkpoint-invalid`) when the file is damaged or not ours
 */
export async function loadCheckpoint(run: string): Promise<Checkpoint | undefined> {
  const path = checkpointPath(run);
  const refuse = (reason: string, cause: unknown) =>
    new TrainError('checkpoint-invalid', `${path} ${reason}; start again with --force`, { path }, { cause });
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw refuse(`can't be read: ${error.message}`, error);
  });
  if (bytes === undefined) return undefined;
  try {
    const { arrays, metadata } = decodeSafetensors(bytes);
    const progress = schema.parse(JSON.parse(metadata[METADATA_KEY] ?? 'null'));
    Random.fromState(progress.random);
    return { ...progress, state: arrays };
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw refuse(`is no usable checkpoint: ${reason}`, error);
  }
}
