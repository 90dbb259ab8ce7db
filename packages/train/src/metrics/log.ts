import { readRegularFile } from '@onnx-forge/infer/node-files';
import { issueLine } from '@onnx-forge/infer/value-rule';
import { z } from 'zod';
import { TrainError } from '../errors.js';

/** One line of `metrics.jsonl`. */
export interface LogLine {
  /** `train`: means over the iterations since the last such line; `validation`: means over the split's examples. */
  readonly kind: 'train' | 'validation';
  /** Iterations done. */
  readonly step: number;
  /** Epochs done, with the fraction of the one under way. */
  readonly epoch: number;
  /** Named `STEP/METRIC` (train) or `METRIC` (validation). */
  readonly metrics: Readonly<Record<string, number>>;
}

const lineSchema: z.ZodType<LogLine> = z.object({
  kind: z.enum(['train', 'validation']),
  step: z.int().nonnegative(),
  epoch: z.number().nonnegative(),
  metrics: z.record(z.string(), z.number()),
});

async function readIfThere(path: string): Promise<Buffer> {
  return readRegularFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw new TrainError('log-invalid', `${path} can't be read: ${error.message}`, { path }, { cause: error });
  });
}

/**
 * All whole lines of a log, none if it is not there; a last line without its end was cut off by a kill and does not count.
 *
 * @throws TrainError (`log-invalid`) naming the first line that is damaged
 */
export async function readLog(path: string): Promise<LogLine[]> {
  const lines = (await readIfThere(path)).toString('utf8').split('\n').slice(0, -1);
  return lines.map((text, index) => parseLine(text, path, index + 1));
}

/** @throws TrainError (`log-invalid`) */
export function parseLine(text: string, path: string, line: number): LogLine {
  const refuse = (reason: string, cause?: unknown): TrainError => {
    const message = `${path} is damaged at line ${line} (${reason}): delete that line`;
    return new TrainError('log-invalid', message, { path, line }, { cause });
  };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw refuse('it is no JSON', error);
  }
  const { success, data, error } = lineSchema.safeParse(json);
  if (success) return data;
  throw refuse(issueLine(error.issues[0]!, json));
}
