import type { BatchSpec } from '../arrays/batch.js';
import type { RandomState } from '../random.js';
import { type RunFile, runFile } from './run-file.js';
import { count, withoutEval, z } from './schema.js';
import type { StepGraph } from './step-graph.js';

/** A training step's graph file, of standard operators only. */
export interface StepEntry extends RunFile, StepGraph {
  readonly opset: number;
}

/**
 * Training step and state in a manifest, with which a run can be trained further: written by `train --save-step`,
 * read by `loadTrainable`.
 */
export interface TrainingEntry {
  /** Every variable's value when the run was written, in the safetensors format. */
  readonly state: RunFile;
  /** Type and shape of each array in the state's file. Older runs lack it: the file's header says the same. */
  readonly variables?: Readonly<Record<string, BatchSpec>>;
  /** Where the steps' random numbers stood. */
  readonly random: RandomState;
  /** In the order in which an iteration runs them. */
  readonly steps: Readonly<Record<string, StepEntry>>;
  /**
   * Where the inference graphs keep the weights: by graph, then by the variable's name in the state, the byte of the graph's
   * file at which its numbers begin (float32, little-endian, row-major).
   */
  readonly weights: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export const trainingEntry: z.ZodType<TrainingEntry> = withoutEval(() => {
  const shape = z.array(count);
  const spec = z.object({ dtype: z.enum(['float32', 'int32']), shape });
  const named = { name: z.string().min(1), shape };

  const hostInput = z.discriminatedUnion('kind', [
    z.object({ ...named, kind: z.literal('normal') }),
    z.object({ ...named, kind: z.literal('uniform'), low: z.number(), high: z.number() }),
    z.object({ ...named, kind: z.literal('learningRate'), value: z.number() }),
  ]);

  const step = z.object({
    ...runFile,
    opset: z.int().positive(),
    batch: z.record(z.string(), spec),
    hostInputs: z.array(hostInput),
    reads: z.array(z.string()),
    assigns: z.record(z.string(), z.string()),
    inPlace: z.array(z.string()).default([]),
    metrics: z.array(z.string()),
  });

  return z.object({
    state: z.object(runFile),
    variables: z.record(z.string(), spec).exactOptional(),
    random: z.object({ algorithm: z.literal('xoshiro128**'), words: z.array(count).length(8) }),
    steps: z.record(z.string(), step).refine((steps) => Object.keys(steps).length > 0, 'expected at least one step'),
    weights: z.record(z.string(), z.record(z.string(), count)),
  });
});
