import { ForgeError } from '@onnx-forge/infer';

/** TensorFlow SavedModels are run by TensorFlow alone (code `saved-model-unsupported`). */
export class SavedModelUnsupportedError extends ForgeError<'saved-model-unsupported'> {
  constructor(caller: string, path: string) {
    super(
      'saved-model-unsupported',
      `tf.node.${caller}: ${path} would be run by TensorFlow itself, which is not here: convert it ` +
        `(tensorflowjs_converter --input_format=tf_saved_model ${path} ${path}-tfjs) and load it with ` +
        `tf.loadGraphModel('file://${path}-tfjs/model.json')`,
      { path },
    );
  }
}

/** Refuses. @throws SavedModelUnsupportedError that says how to convert the model */
export async function loadSavedModel(path: string, _tags?: readonly string[], _signature?: string): Promise<never> {
  throw new SavedModelUnsupportedError('loadSavedModel', path);
}

/** Refuses. @throws SavedModelUnsupportedError that says how to convert the model */
export async function getMetaGraphsFromSavedModel(path: string): Promise<never> {
  throw new SavedModelUnsupportedError('getMetaGraphsFromSavedModel', path);
}

/** How many SavedModels are loaded: none can be. */
export function getNumOfSavedModels(): number {
  return 0;
}
