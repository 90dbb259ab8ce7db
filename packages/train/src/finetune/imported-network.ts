import { tf } from '@onnx-forge/export';
import type { ImportedCallOptions, ImportedModel } from '@onnx-forge/export/import';
import { Network } from '../layers/network.js';

/** An imported ONNX model as a network that is trained: its weights have their names of the file. */
export class ImportedNetwork extends Network {
  readonly #imported: ImportedModel;

  constructor(imported: ImportedModel) {
    const weights = [...imported.variables].map(([name, variable]) => {
      return { name, variable, trainable: variable.trainable };
    });
    super(tf.sequential(), weights);
    this.#imported = imported;
  }

  /** The last linear layer, where there is one. */
  get head(): ImportedModel['head'] {
    return this.#imported.head;
  }

  /**
   * Outputs of the model by name, and other values of its graph.
   *
   * @param input in the model's own layout
   */
  outputs(input: tf.Tensor, options: ImportedCallOptions = {}): Record<string, tf.Tensor> {
    const [name] = Object.keys(this.#imported.inputs);
    return this.#imported.call({ [name!]: input }, options);
  }

  override dispose(): void {
    super.dispose();
    this.#imported.dispose();
  }
}
