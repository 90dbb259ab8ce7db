import { tf } from '@onnx-forge/export';
import { type ImportedCallOptions, type ImportedModel, type OnnxFiles, saveAdapters } from '@onnx-forge/export/import';
import { Network } from '../layers/network.js';

/** An imported ONNX model as a network that is trained: its weights have their names of the file. */
export class ImportedNetwork extends Network {
  readonly #imported: ImportedModel;
  readonly #files: OnnxFiles;

  constructor(imported: ImportedModel, files: OnnxFiles) {
    const weights = [...imported.variables].map(([name, variable]) => {
      return { name, variable, trainable: variable.trainable };
    });
    super(tf.sequential(), weights);
    this.#imported = imported;
    this.#files = files;
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

  /** The trained weights alone, apart from the file: see `saveAdapters`. */
  adapters(): Promise<Uint8Array> {
    return saveAdapters(this.#imported, this.#files);
  }

  override dispose(): void {
    super.dispose();
    this.#imported.dispose();
  }
}
