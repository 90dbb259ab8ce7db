/** The kernels that tfjs dispatched while a function was traced, in order. */
import type { Content } from '../graph/content.js';
import type { Place } from '../place.js';
import type { tf } from '../tfjs.js';

/** One kernel: its inputs and outputs as they were recorded. */
export interface KernelCall {
  readonly kernel: string;
  readonly inputs: Readonly<Record<string, Content | readonly Content[]>>;
  readonly attrs: tf.NamedAttrMap;
  readonly outputs: readonly Content[];
  /** The layer that was being applied. */
  readonly layer: string | undefined;
  /** The user's source line; worked out when called. */
  readonly line: () => string | undefined;
}

export function placeOf({ layer, line }: KernelCall): Place {
  const at = line();
  return { ...(layer && { layer }), ...(at && { at }) };
}

export type KernelLog = readonly KernelCall[];

/** Axes that vary with a free dimension: of every output of every kernel of a log. */
export type VaryingAxes = readonly (readonly ReadonlySet<number>[])[];
