import type { Datum } from './known.js';

/** ONNX's sequence of tensors: a value within a graph, which is never one of the file's inputs or outputs here. */
export class TensorSequence {
  readonly parts: readonly Datum[];

  constructor(parts: readonly Datum[]) {
    this.parts = parts;
  }
}
