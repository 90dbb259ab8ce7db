/** Operations on files, as they are counted: one name for all of Node's ways to do it. */
export type Operation =
  | 'open'
  | 'write'
  | 'sync'
  | 'rename'
  | 'make'
  | 'remove'
  | 'truncate'
  | 'read'
  | 'list'
  | 'stat';

/** The errors that a disk, a full one, permissions and limits give. */
export type FaultCode = 'EIO' | 'ENOSPC' | 'EACCES' | 'EMFILE' | 'short';

export interface Fault {
  readonly operation: Operation;
  readonly at: number;
  readonly code: FaultCode;
  readonly onward: boolean;
}

/** Faults for the operations of a process below a folder. */
export interface Plan {
  readonly root: string;
  /** Operations are counted from 1. The process is killed (SIGKILL) before this one. */
  readonly killAt?: number;
  /** Number `at` of its kind, from 1, fails; with `onward` all later ones of the kind do so, too. */
  readonly fault?: Fault;
  /** The operations are appended to this file, one a line. */
  readonly record?: string;
}

/** Name of the environment variable that holds the plan as JSON. */
export const PLAN = 'ONNX_FORGE_CAMPAIGN_PLAN';

/** The errors that an operation can meet. */
export const FAULTS: Readonly<Record<Operation, readonly FaultCode[]>> = {
  open: ['EACCES', 'EMFILE', 'ENOSPC'],
  write: ['ENOSPC', 'EIO', 'short'],
  sync: ['EIO', 'ENOSPC'],
  rename: ['EIO', 'ENOSPC', 'EACCES'],
  make: ['ENOSPC', 'EACCES'],
  remove: ['EACCES', 'EIO'],
  truncate: ['EIO'],
  read: ['EIO'],
  list: ['EACCES', 'EMFILE'],
  stat: ['EIO', 'EACCES'],
};
