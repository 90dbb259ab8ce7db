/** Operators that a graph may use beside the standard ones. */
export interface Dialect {
  /**
   * Channels in a block of the layout that onnxruntime's CPU convolutions work in (`com.microsoft.nchwc`). With
   * constant weights onnxruntime changes to it by itself; in a training step, whose weights change, the graph must. Absent:
   * standard operators only.
   */
  readonly channelBlock?: number;
}

/** Standard ONNX operators only: for graphs that are written to files, and for all execution providers. */
export const STANDARD: Dialect = {};
