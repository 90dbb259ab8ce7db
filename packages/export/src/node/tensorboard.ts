import { TensorBoardCallback, type TensorBoardCallbackArgs } from './tensorboard/callback.js';
import { type SummaryFileWriter, SummaryWriters } from './tensorboard/summary-writer.js';

/** The writers of this process. */
const writers = new SummaryWriters();

/**
 * A writer of scalars and histograms for TensorBoard; the same one for the same folder.
 *
 * @param logdir made if there is none
 * @param maxQueue has no effect, as every value is written at once
 * @param flushMillis has no effect, as every value is written at once
 * @param filenameSuffix end of the file's name
 * @throws InputError `logdir` is empty
 */
export function summaryFileWriter(
  logdir: string,
  _maxQueue = 10,
  _flushMillis = 120_000,
  filenameSuffix = '.v2',
): SummaryFileWriter {
  return writers.at(logdir, filenameSuffix);
}

/**
 * A callback for `model.fit` and `model.fitDataset` that logs to TensorBoard.
 * @throws InputError a setting is unusable
 */
export function tensorBoard(logdir = './logs', args: TensorBoardCallbackArgs = {}): TensorBoardCallback {
  return new TensorBoardCallback(logdir, args, summaryFileWriter);
}
