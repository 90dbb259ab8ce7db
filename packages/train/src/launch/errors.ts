import { type ErrorCatalogue, ForgeError } from '@onnx-forge/infer';

/** Codes of {@link LaunchError}. */
export type LaunchErrorCode = 'launch-refused' | 'launch-unreachable' | 'launch-unshared';

/** Jobs can't be handed to a queue, or the queue can't be asked for them. */
export class LaunchError extends ForgeError<LaunchErrorCode> {
  static override readonly name: string = 'LaunchError';
}

/** Meaning and remedy of each code of {@link LaunchError}. */
export const LAUNCH_ERRORS: ErrorCatalogue<LaunchErrorCode> = {
  'launch-refused': {
    error: 'LaunchError',
    means: 'The queue does not take the jobs; the message ends with its own words.',
    mend: 'Ask for less or for something else: another --partition, fewer --cpus, a shorter --time.',
  },
  'launch-unreachable': {
    error: 'LaunchError',
    means: 'The queue has not answered for minutes. Jobs that it was given go on.',
    mend: 'Wait for them with sweep attach when it answers again.',
  },
  'launch-unshared': {
    error: 'LaunchError',
    means:
      'A task on a node does not see the folder of the jobs, the working folder, Node.js or this package where they are here.',
    mend: 'Put what the message names on a file system that all nodes share, under the same path.',
  },
};
