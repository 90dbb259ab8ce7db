import { type ErrorCatalogue, ForgeError } from '@onnx-forge/infer';

/** Codes of {@link TrainError}. */
export type TrainErrorCode =
  | 'option-unknown'
  | 'option-invalid'
  | 'recipe-invalid'
  | 'data-mismatch'
  | 'no-gradient'
  | 'not-finite'
  | 'metric-unknown'
  | 'callback-invalid'
  | 'judge-unfit'
  | 'no-likelihood'
  | 'shard-failed'
  | 'shard-invalid'
  | 'run-exists'
  | 'run-unwritable'
  | 'run-locked'
  | 'run-undeletable'
  | 'log-invalid'
  | 'snapshot-invalid'
  | 'checkpoint-invalid'
  | 'checkpoint-mismatch'
  | 'weights-unfit'
  | 'graph-external'
  | 'graph-folds-weights'
  | 'port-in-use'
  | 'out-exists';

/** How messages about numbers that are not finite end. */
export const DIVERGED = 'training diverged; try a smaller learning rate (the last checkpoint is kept)';

/** A training run can't begin, go on or be resumed. */
export class TrainError extends ForgeError<TrainErrorCode> {}

/** Meaning and remedy of each {@link TrainError}. */
export const TRAIN_ERRORS: ErrorCatalogue<TrainErrorCode> = {
  'option-unknown': {
    error: 'TrainError',
    means: 'A recipe has no option of this name.',
    mend: 'Use the name that the message suggests; onnx-forge models NAME lists them.',
  },
  'option-invalid': {
    error: 'TrainError',
    means: "An option's value is not one that it accepts.",
    mend: 'Give a value as the message says; onnx-forge models NAME lists what each option accepts.',
  },
  'recipe-invalid': {
    error: 'TrainError',
    means: 'A recipe contradicts itself: a network without an optimizer, a name given twice, a missing part.',
    mend: 'Correct the recipe at the part that the message names.',
  },
  'data-mismatch': {
    error: 'TrainError',
    means: 'A data set lacks a field that the recipe needs, or has it in another shape or type.',
    mend: 'Train on another data set, or prepare the field in the recipe.',
  },
  'no-gradient': {
    error: 'TrainError',
    means: 'A loss does not depend on weights that its step should update.',
    mend: "Correct the loss, or take the network out of the step's updates.",
  },
  'not-finite': {
    error: 'TrainError',
    means:
      'A loss, metric, weight or measurement is NaN or infinite: the training diverged, or there is nothing to measure on.',
    mend: 'Use a smaller learning rate; the last checkpoint is kept.',
  },
  'metric-unknown': {
    error: 'TrainError',
    means: 'A metric of this name was not logged.',
    mend: 'Use a name that the message lists.',
  },
  'callback-invalid': {
    error: 'TrainError',
    means:
      "A callback's state is no plain JSON (NaN, infinite, undefined, a Map ...), so that it could not be resumed.",
    mend: 'Let the state consist of finite numbers, texts, booleans, null, lists and plain objects.',
  },
  'judge-unfit': {
    error: 'TrainError',
    means: "The run that should judge generated images isn't a classifier of such images.",
    mend: 'Name the run of a classifier that was trained on images of the same size and channels.',
  },
  'no-likelihood': {
    error: 'TrainError',
    means: "The run's evaluation estimates no log p(x) by importance sampling: nothing can be split into shards.",
    mend: 'Evaluate it without --shards.',
  },
  'shard-failed': {
    error: 'TrainError',
    means: 'A part of a log-likelihood was not estimated; the others are kept.',
    mend: 'Remove what the message names, then give the same command again: it goes on with what is missing.',
  },
  'shard-invalid': {
    error: 'TrainError',
    means: 'A file of a shard in the run folder is damaged.',
    mend: 'Delete the file that the message names, then give the same command again.',
  },
  'run-exists': {
    error: 'TrainError',
    means: 'There is a run in the folder already.',
    mend: 'Go on with it by --resume, replace it by --force, or give another folder.',
  },
  'run-unwritable': {
    error: 'TrainError',
    means: "A file of the run folder can't be written: the disk is full, or permissions are missing.",
    mend: 'Free space or give another folder, then go on with --resume.',
  },
  'run-locked': {
    error: 'TrainError',
    means: 'Another process is training in this run folder.',
    mend: 'Wait for it or stop it, or choose another --out.',
  },
  'run-undeletable': {
    error: 'TrainError',
    means: 'There is no run of this name to delete, or the folder is no run, or the name is a link.',
    mend: 'Name the run folder itself; other folders are deleted by hand.',
  },
  'log-invalid': {
    error: 'TrainError',
    means: "metrics.jsonl can't be read, or a line of it is damaged.",
    mend: 'Delete the line that the message names.',
  },
  'snapshot-invalid': {
    error: 'TrainError',
    means: "A saved snapshot of samples can't be read.",
    mend: 'Delete the file, and figures are drawn without it.',
  },
  'checkpoint-invalid': {
    error: 'TrainError',
    means: 'The checkpoint is damaged, or of a newer version.',
    mend: 'Start the run again with --force, or update the package.',
  },
  'checkpoint-mismatch': {
    error: 'TrainError',
    means: 'The run was started with other options, data or networks than it should go on with now.',
    mend: 'Resume it with the same settings, or start again with --force.',
  },
  'weights-unfit': {
    error: 'TrainError',
    means: '--from: the weights of the other run do not fit the networks of this one, or there are none.',
    mend: 'Give the settings of that run, or leave the weights that the message names out by --from-except.',
  },
  'graph-external': {
    error: 'TrainError',
    means: '--save-step: a graph keeps its weights in files beside it, so that further training could not change them.',
    mend: 'Leave --save-step out.',
  },
  'graph-folds-weights': {
    error: 'TrainError',
    means:
      '--save-step: a graph holds numbers computed from the weights, so that it could not follow further training.',
    mend: 'Leave --save-step out.',
  },
  'port-in-use': {
    error: 'TrainError',
    means: 'The port of the explorer is taken, or can not be opened.',
    mend: 'Give another one with --port.',
  },
  'out-exists': {
    error: 'TrainError',
    means: 'The folder to write the explorer to is not empty.',
    mend: 'Name a new folder, or empty it first.',
  },
};
