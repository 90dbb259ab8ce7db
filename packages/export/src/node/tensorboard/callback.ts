import { join } from 'node:path';
import { InputError } from '@onnx-forge/infer';
import { tf } from '../../tfjs.js';
import type { SummaryFileWriter } from './summary-writer.js';

/** Settings of {@link TensorBoardCallback}. */
export interface TensorBoardCallbackArgs {
  /** `epoch`: losses and metrics after each epoch (default); `batch`: after each batch as well, which takes time. */
  readonly updateFreq?: 'batch' | 'epoch';
  /** Histograms of the weights every so many epochs; 0 (default): none. */
  readonly histogramFreq?: number;
}

/** Values of one batch that are no metrics. */
const SIZES = ['batch', 'size', 'num_steps'];

/**
 * Writes losses and metrics of `model.fit` and `model.fitDataset` for TensorBoard: `epoch_loss` and the like, those of the
 * validation below `val`, all others below `train`.
 */
export class TensorBoardCallback extends tf.CustomCallback {
  readonly #writerAt: (folder: string) => SummaryFileWriter;
  readonly #used = new Set<SummaryFileWriter>();
  readonly #logdir: string;
  #model: tf.LayersModel | undefined;
  #batches = 0;

  constructor(
    logdir: string,
    { updateFreq = 'epoch', histogramFreq = 0 }: TensorBoardCallbackArgs,
    writerAt: (folder: string) => SummaryFileWriter,
  ) {
    if (updateFreq !== 'batch' && updateFreq !== 'epoch') {
      throw new InputError(`Expected updateFreq to be 'batch' or 'epoch', but got ${updateFreq}`);
    }
    if (!Number.isInteger(histogramFreq) || histogramFreq < 0) {
      throw new InputError(`Expected histogramFreq to be a positive integer, but got ${histogramFreq}`);
    }
    super({
      onBatchEnd: async (_batch, logs) => {
        this.#batches++;
        if (updateFreq === 'batch') this.#logMetrics(logs, 'batch_', this.#batches);
      },
      onEpochEnd: async (epoch, logs) => {
        this.#logMetrics(logs, 'epoch_', epoch + 1);
        if (histogramFreq > 0 && epoch % histogramFreq === 0) this.#logWeights(epoch);
      },
      onTrainEnd: async () => {
        for (const writer of this.#used) writer.flush();
      },
    });
    this.#logdir = logdir;
    this.#writerAt = writerAt;
  }

  override setModel(model: Parameters<tf.CustomCallback['setModel']>[0]): void {
    this.#model = model as tf.LayersModel;
  }

  #logMetrics(logs: tf.Logs | undefined, prefix: string, step: number): void {
    for (const [name, value] of Object.entries(logs ?? {})) {
      if (SIZES.includes(name)) continue;
      const [folder, metric] = name.startsWith('val_') ? ['val', name.slice('val_'.length)] : ['train', name];
      this.#writer(folder).scalar(`${prefix}${metric}`, value, step);
    }
  }

  #logWeights(step: number): void {
    for (const weight of this.#model!.weights) this.#writer('train').histogram(weight.name, weight.read(), step);
  }

  #writer(folder: string): SummaryFileWriter {
    const writer = this.#writerAt(join(this.#logdir, folder));
    this.#used.add(writer);
    return writer;
  }
}
