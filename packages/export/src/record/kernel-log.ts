/** What tfjs dispatched while a function was traced, in order. */
import type { Content } from '../content.js';

/** One kernel: its inputs and outputs as they were recorded. */
export interface KernelCall {
  readonly kernel: string;
  readonly inputs: Readonly<Record<string, Content | readonly Content[]>>;
  readonly outputs: readonly Content[];
  /** The layer that was being applied. */
  readonly layer: string | undefined;
}

export type KernelLog = readonly KernelCall[];
