/**
 * Runs command lines on this machine or through a queue.
 *
 * @module @onnx-forge/train/launch
 */

export { LAUNCH_ERRORS, LaunchError, type LaunchErrorCode } from './errors.js';
export { JobFiles } from './job-files.js';
export type { Job, JobId, JobNeeds, JobState, Launcher } from './launcher.js';
export { isOver } from './launcher.js';
export { LocalLauncher, type LocalOptions } from './local.js';
export { shellQuoted } from './shell-quoted.js';
export { SlurmLauncher, type SlurmOptions } from './slurm.js';
export type { Probe } from './slurm-probe.js';
