import type { Forms } from './form.js';

/** Operators that a graph may use beside the standard ones, and the forms of those that have several. */
export interface Dialect {
  /**
   * Channels in a block of the layout that onnxruntime's CPU convolutions work in (`com.microsoft.nchwc`). With
   * constant weights onnxruntime changes to it by itself; in a training step, whose weights change, the graph must. Absent:
   * standard operators only.
   */
  readonly channelBlock?: number;
  /** The form of each operation that has several. Absent: what a fixed estimate expects to be the fastest. */
  readonly forms?: Forms;
}

/** Standard ONNX operators only: for graphs that are written to files, and for all execution providers. */
export const STANDARD: Dialect = {};
