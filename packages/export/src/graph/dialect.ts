/** Operators that a graph may use beside the standard ones. */
export interface Dialect {
  /**
   * Channels in a block of the layout that onnxruntime's CPU convolutions work in (`com.microsoft.nchwc`). With
   * constant weights onnxruntime changes to it by itself; in a training step, whose weights change, the graph must. Absent:
   * standard operators only.
   */
  readonly channelBlock?: number;
}

/** Standard operators: for graphs that leave the process, and for every provider. */
export const STANDARD: Dialect = {};
