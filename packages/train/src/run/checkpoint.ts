import { createHash } from 'node:crypto';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { FormTable } from '@onnx-forge/export';
import { decodeSafetensors, encodeSafetensors, Random, type RandomState, type TrainingState } from '@onnx-forge/infer';
import { readRegularFile } from '@onnx-forge/infer/node-files';
import { z } from 'zod';
import type { BatchPosition } from '../data/batches.js';
import type { DataReference } from '../data/data-set.js';
import type { EngineName } from '../engine/engine.js';
import { DIVERGED, TrainError } from '../errors.js';
import type { SinkMarks } from '../metrics/logs.js';
import type { MeterState } from '../metrics/meter.js';
import type { Json } from '../metrics/sinks/sink.js';
import { isNestedTooDeeply } from '../nesting.js';
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
  /** The run whose weights this one began with. */
  readonly from?: Origin | undefined;
  /** Where it went on to another length, and so on another course of its schedule than one training of that length. */
  readonly extended?: readonly Extension[] | undefined;
  /** Forms of the compiled steps' operations that have several; runs of older versions do not say. */
  readonly forms?: FormTable | undefined;
}

/** The run that another one took its first weights from. */
export interface Origin {
  /** Its folder, absolute. */
  readonly run: string;
  readonly recipe: string;
  /** Its iterations then. */
  readonly step: number;
  /** Of the weights taken: of each, in the order of the names, the name in UTF-8 and the values, little-endian. */
  readonly sha256: string;
  /** Names of the weights that began anew. */
  readonly anew: readonly string[];
}

/** A run that was trained on to another length, which its schedule depends on. */
export interface Extension {
  /** Iterations done then. */
  readonly after: number;
  /** Iterations that it was to have before, and that it was to have from then on. */
  readonly from: number;
  readonly to: number;
  /** Factors of the recipe's learning rates in the last iteration before, and in the first one after. */
  readonly last: number;
  readonly next: number;
}

/** States of callbacks by their names, with the settings that their decisions depend on. */
export type CallbackStates = Readonly<Record<string, { readonly state: Json; readonly settings?: Json | undefined }>>;

/** A callback's decision to end the training. */
export interface Stop {
  /** Name of the callback. */
  readonly by: string;
  readonly reason: string;
}

/** Facts about the checkpoint that a callback kept as the best. */
export interface BestCheckpoint {
  /** Name of the callback. */
  readonly by: string;
  /** Iterations done. */
  readonly step: number;
  readonly epoch: number;
  /** The metric that was the best, and its value. */
  readonly monitor?: string | undefined;
  readonly value?: number | undefined;
}

/** Where a run stands, but for the arrays. */
export interface Progress extends RunIdentity {
  /** Iterations done. */
  readonly step: number;
  /** Of the next batch. */
  readonly position: BatchPosition;
  /** The stream that the steps draw from. */
  readonly random: RandomState;
  /** How far each sink had written: what follows belongs to iterations that will be done again. */
  readonly sinks: SinkMarks;
  readonly callbacks: CallbackStates;
  readonly stopped?: Stop | undefined;
  readonly best?: BestCheckpoint | undefined;
  /** Training metrics since the last line of the log, and since the epoch began. */
  readonly meters: { readonly line: MeterState; readonly epoch: MeterState };
  /** Seconds of training so far. */
  readonly seconds: number;
  /** Iterations that the training was to have; those of older versions do not say. */
  readonly steps?: number | undefined;
}

export interface Checkpoint extends Progress {
  readonly state: TrainingState;
}

const count = z.int().nonnegative();
const meter = z.record(z.string(), z.object({ sum: z.number(), count }));

const common = {
  recipe: z.string(),
  options: z.record(z.string(), z.union([z.number(), z.boolean(), z.string()])),
  dataSet: z.string(),
  seed: z.int(),
  engine: z.enum(['eager', 'compiled']),
  step: count,
  position: z.object({ epoch: count, index: count }),
  random: z.object({ algorithm: z.literal('xoshiro128**'), words: z.array(count) }),
  meters: z.object({ line: meter, epoch: meter }),
  seconds: z.number().nonnegative(),
  steps: count.optional(),
  reference: z
    .object({
      format: z.string(),
      path: z.string(),
      options: z.record(z.string(), z.union([z.number(), z.boolean(), z.string()])).optional(),
      splitRule: z.string().optional(),
      sha256: z.string().optional(),
    })
    .optional(),
  from: z
    .object({ run: z.string(), recipe: z.string(), step: count, sha256: z.string(), anew: z.array(z.string()) })
    .optional(),
  extended: z.array(z.object({ after: count, from: count, to: count, last: z.number(), next: z.number() })).optional(),
  forms: z.record(z.string(), z.string()).optional(),
};

/** A file's metadata hold the progress as JSON under this and the number of its format. */
const METADATA_KEY = 'onnx-forge-checkpoint-';

/** The format that is written. */
const FORMAT = 2;

/** How each format is read. The first had metrics.jsonl as its only sink. */
const FORMATS: Readonly<Record<number, z.ZodType<Progress>>> = {
  1: z.object({ ...common, logBytes: count }).transform(({ logBytes, ...progress }) => {
    return { ...progress, sinks: { jsonl: { bytes: logBytes } }, callbacks: {} };
  }),
  2: z.object({
    ...common,
    sinks: z.record(z.string(), z.json()),
    callbacks: z.record(z.string(), z.object({ state: z.json(), settings: z.json().optional() })),
    stopped: z.object({ by: z.string(), reason: z.string() }).optional(),
    best: z
      .object({
        ...{ by: z.string(), step: count, epoch: z.number().nonnegative() },
        ...{ monitor: z.string().optional(), value: z.number().optional() },
      })
      .optional(),
  }),
};

/** Under this key they hold the hash of progress and arrays; files of older versions have none. */
const HASH_KEY = 'sha256';

/** Of the last iteration, or the one that a callback kept as the best. */
export type CheckpointName = 'last' | 'best';

const FILES: Readonly<Record<CheckpointName, string>> = { last: 'state.safetensors', best: 'best.safetensors' };

/** A checkpoint is one file, so that it is replaced as a whole or not at all. */
export function checkpointPath(run: string, name: CheckpointName = 'last'): string {
  return join(run, 'checkpoint', FILES[name]);
}

const PREVIOUS: Readonly<Record<CheckpointName, string>> = {
  last: 'previous.safetensors',
  best: 'best-previous.safetensors',
};

/**
 * The checkpoint before. That of the last one stands in for it when it was damaged; that of the best one when the training was killed
 * after it had kept a better one and before the last one told of it.
 */
function previousPath(run: string, name: CheckpointName = 'last'): string {
  return join(run, 'checkpoint', PREVIOUS[name]);
}

/**
 * Replaces the run's checkpoint; a kill at any moment leaves a whole one. The one that was there becomes the previous one. Returns its path.
 *
 * @throws TrainError (`not-finite`) when a number is not finite: the checkpoint that is there stays
 */
export async function saveCheckpoint(
  run: string,
  { state, ...progress }: Checkpoint,
  name: CheckpointName = 'last',
): Promise<string> {
  requireFiniteState(state, progress.step);
  const path = checkpointPath(run, name);
  await mkdir(join(run, 'checkpoint'), { recursive: true }).catch((error: unknown) => {
    throw unwritable(path, error);
  });
  const text = JSON.stringify(progress);
  const metadata = { [`${METADATA_KEY}${FORMAT}`]: text, [HASH_KEY]: hashOf(text, state) };
  const parts = encodeSafetensors({ arrays: state, metadata });
  await writeAtomically(path, parts, () => keepPrevious(run, name));
  return path;
}

async function keepPrevious(run: string, name: CheckpointName): Promise<void> {
  await rename(checkpointPath(run, name), previousPath(run, name)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

function requireFiniteState(state: TrainingState, step: number): void {
  for (const [name, { data }] of Object.entries(state)) {
    if (data instanceof Int32Array || data.every(Number.isFinite)) continue;
    const message = `'${name}' holds numbers that are not finite after iteration ${step}: ${DIVERGED}`;
    throw new TrainError('not-finite', message, { name, iteration: step });
  }
}

function hashOf(progress: string, state: TrainingState): string {
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

/**
 * The checkpoint that was kept as the best at this iteration, though a better one may have followed that no checkpoint tells of.
 *
 * @throws TrainError (`checkpoint-invalid`) when it is missing, damaged or of another iteration
 */
export async function loadBest(run: string, { step }: Pick<BestCheckpoint, 'step'>): Promise<Checkpoint> {
  const path = checkpointPath(run, 'best');
  const [best, previous] = await Promise.all([
    readCheckpoint(path).catch((error: Error) => error),
    readCheckpoint(previousPath(run, 'best')).catch(() => undefined),
  ]);
  if (previous?.step === step && (best instanceof Error || best?.step !== step)) return previous;
  if (best instanceof Error) throw best;
  if (best?.step === step) return best;
  const reason = `${path} ${best ? `is of iteration ${best.step}, not ${step}` : 'is missing'}`;
  const message = `${reason}; go on with --resume --monitor none to export the last weights`;
  throw new TrainError('checkpoint-invalid', message, { path, reason });
}

/**
 * Before a training goes on from a checkpoint: the best one that it tells of is again the one that is kept.
 *
 * @throws TrainError (`run-unwritable`)
 */
export async function settleBest(run: string, { step }: Pick<BestCheckpoint, 'step'>): Promise<void> {
  const [best, previous] = [checkpointPath(run, 'best'), previousPath(run, 'best')];
  if ((await readCheckpoint(best).catch(() => undefined))?.step === step) return;
  if ((await readCheckpoint(previous).catch(() => undefined))?.step !== step) return;
  await rename(previous, best).catch((error: unknown) => {
    throw unwritable(best, error);
  });
}

/** @throws SyntaxError when the file is no checkpoint, or of a format that this version does not read */
function formatOf(metadata: Readonly<Record<string, string>>): { readonly format: number; readonly text: string } {
  const key = Object.keys(metadata).find((name) => name.startsWith(METADATA_KEY));
  if (key === undefined) throw new SyntaxError('it says nothing of a training');
  const format = Number(key.slice(METADATA_KEY.length));
  if (!Object.hasOwn(FORMATS, format)) {
    throw new SyntaxError(`it is of format ${format}, and this version reads up to ${FORMAT}: update onnx-forge`);
  }
  return { format, text: metadata[key]! };
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
    const { format, text } = formatOf(metadata);
    if (isNestedTooDeeply(text)) throw new SyntaxError('it is nested too deeply');
    const progress = FORMATS[format]!.parse(JSON.parse(text));
    const hash = metadata[HASH_KEY];
    if (hash !== undefined && hash !== hashOf(text, arrays)) throw new SyntaxError('its hash is that of other numbers');
    Random.fromState(progress.random);
    return { ...progress, state: arrays };
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw refuse(`is no usable checkpoint: ${reason}`, error);
  }
}
