import { resolve } from 'node:path';
import { InputError } from '@onnx-forge/infer';
import { tf } from '../../tfjs.js';
import { histogramBuckets } from './buckets.js';
import { histogramEvent, scalarEvent } from './event.js';
import { EventFile } from './event-file.js';

/** Writes what TensorBoard shows of one folder. Each value is in the file when the call returns. */
export class SummaryFileWriter {
  readonly #file: EventFile;

  constructor(file: EventFile) {
    this.#file = file;
  }

  /**
   * Adds a point to the curve of that name.
   * @param value a number, or a tensor of rank 0
   * @param step a whole number; it should rise from call to call
   * @param description not supported, as in tfjs-node
   * @throws InputError
   */
  scalar(name: string, value: tf.Scalar | number, step: number, description?: string): void {
    if (description !== undefined && description !== null) {
      throw new InputError('scalar() does not support description yet');
    }
    requireStep(step);
    this.#file.append(scalarEvent(now(), step, name, numberOf(value)));
  }

  /**
   * Adds a histogram of a tensor's values to those of that name.
   * @param data numbers, of any shape
   * @param step a whole number; it should rise from call to call
   * @param buckets how many, of equal width from the smallest to the largest value
   * @param description Markdown that TensorBoard shows
   * @throws InputError also if a value is not finite
   */
  histogram(name: string, data: tf.Tensor, step: number, buckets = 30, description?: string): void {
    requireStep(step);
    if (!Number.isInteger(buckets) || buckets <= 0) {
      throw new InputError(`Expected bucket count to be a strictly positive integer, but it was ${buckets}`);
    }
    if (data.dtype === 'string' || data.dtype === 'complex64') {
      throw new InputError(`histogram '${name}' must be of numbers, but got a ${data.dtype} tensor`);
    }
    const values = data.dataSync();
    const stray = values.find((value) => !Number.isFinite(value));
    if (stray !== undefined) throw new InputError(`histogram '${name}' of step ${step} has a value that is ${stray}`);
    this.#file.append(histogramEvent(now(), step, name, histogramBuckets(values, buckets), description));
  }

  /** Has the operating system put what was written on the disk. */
  flush(): void {
    this.#file.flush();
  }
}

/** One writer a folder: TensorBoard follows only one file of a folder at a time. */
export class SummaryWriters {
  readonly #writers = new Map<string, SummaryFileWriter>();

  /**
   * The writer of a folder, which is made if there is none.
   * @param suffix end of the file's name
   * @throws InputError `logdir` is empty
   */
  at(logdir: string, suffix: string): SummaryFileWriter {
    if (typeof logdir !== 'string' || logdir === '') {
      throw new InputError(`Invalid logdir: ${logdir}. Expected a non-empty string for logdir.`);
    }
    const folder = resolve(logdir);
    const found = this.#writers.get(folder);
    if (found) return found;
    const writer = new SummaryFileWriter(new EventFile(folder, this.#writers.size, suffix));
    this.#writers.set(folder, writer);
    return writer;
  }
}

const now = (): number => Date.now() / 1000;

function requireStep(step: number): void {
  if (!Number.isSafeInteger(step)) {
    throw new InputError(`step is expected to be an integer, but is instead ${step}`);
  }
}

function numberOf(value: tf.Scalar | number): number {
  if (!(value instanceof tf.Tensor)) return value;
  if (value.rank !== 0) throw new InputError(`a scalar summary needs a tensor of rank 0, but got rank ${value.rank}`);
  return value.dataSync()[0]!;
}
