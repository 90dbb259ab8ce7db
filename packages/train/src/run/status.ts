import { stat } from 'node:fs/promises';
import { readRegularFile } from '@onnx-forge/infer/node-files';
import { z } from 'zod';
import type { OptionValues } from '../options/option.js';
import { writeAtomically } from './atomic.js';
import type { RunFolder } from './folder.js';
import { isLocked } from './lock.js';

/** States of a run. `interrupted`: it can go on by --resume, be it that it was stopped or killed. */
const RUN_STATES = ['running', 'finished', 'stopped early', 'interrupted', 'failed'] as const;
export type RunState = (typeof RUN_STATES)[number];

/** The file `status.json` of a run: how its last training stands, and what it is while there is no manifest yet. */
export interface RunStatus {
  readonly format: 1;
  /** `running` stays behind when the process is killed: lists of runs look for its lock, too. */
  readonly state: RunState;
  readonly recipe: string;
  readonly data: string;
  readonly options: OptionValues;
  readonly seed: number;
  readonly engine: string;
  /** Granted to the steps. */
  readonly device: string;
  /** Iterations that the training is to have, and of an epoch. */
  readonly steps: number;
  readonly stepsPerEpoch: number;
  /** ISO 8601. */
  readonly began: string;
  readonly ended?: string | undefined;
  /** Of the failure; with the state `finished` a failure after the training, such as in the evaluation. */
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

const count = z.int().nonnegative();

const schema: z.ZodType<RunStatus> = z.object({
  format: z.literal(1),
  state: z.enum(RUN_STATES),
  recipe: z.string(),
  data: z.string(),
  options: z.record(z.string(), z.union([z.number(), z.boolean(), z.string()])),
  seed: z.int(),
  engine: z.string(),
  device: z.string(),
  steps: count,
  stepsPerEpoch: count,
  began: z.iso.datetime(),
  ended: z.iso.datetime().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});

/** Keeps `status.json` while a run is trained; says nothing about one that did not begin. */
export class StatusRecord {
  #folder: RunFolder | undefined;
  #status: RunStatus | undefined;
  /** The run is whole: what fails now is no failure of the training. */
  trained = false;

  async begin(folder: RunFolder, about: Omit<RunStatus, 'format' | 'state' | 'began'>): Promise<void> {
    this.#folder = folder;
    this.#status = { format: 1, state: 'running', ...about, began: new Date().toISOString() };
    await this.#write();
  }

  async end(state: RunState, error?: unknown): Promise<void> {
    if (this.#status === undefined) return;
    const { code = 'unexpected', message = `${error}` } = (error ?? {}) as { code?: string; message?: string };
    const ended = new Date().toISOString();
    this.#status = { ...this.#status, state, ended, ...(error !== undefined && { error: { code, message } }) };
    await this.#write();
  }

  async #write(): Promise<void> {
    await writeAtomically(this.#folder!.file('status'), `${JSON.stringify(this.#status, undefined, 2)}\n`);
  }
}

/** A run's status; undefined for runs of older versions, and when the file can't be read. */
async function readStatus(folder: RunFolder): Promise<RunStatus | undefined> {
  try {
    return schema.parse(JSON.parse((await readRegularFile(folder.file('status'))).toString('utf8')));
  } catch {
    return undefined;
  }
}

/** How a run stands now: the status that its last training wrote, and whether a process still trains. */
export async function runStanding(folder: RunFolder): Promise<{ state: RunState; status: RunStatus | undefined }> {
  // The lock first: a training writes how it ended, then gives the lock back.
  const isRunning = await isLocked(folder.path);
  const status = await readStatus(folder);
  if (isRunning) return { state: 'running', status };
  // A process that was killed has not written how it ended.
  if (status !== undefined) return { state: status.state === 'running' ? 'interrupted' : status.state, status };
  const isWhole = await stat(folder.file('manifest')).then(Boolean, () => false);
  return { state: isWhole ? 'finished' : 'interrupted', status };
}
