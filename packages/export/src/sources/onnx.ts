import { type ImportedModel, type ImportOptions, importModel } from '../import/import-onnx.js';
import { OnnxImportError } from '../import/model/errors.js';
import { externalFilesOf } from '../import/model/read-model.js';
import { besides, readBytes } from './saved-model.js';

/**
 * Reads an ONNX file, with the files of weights that lie beside it, as `importModel` does.
 *
 * @param location a path, or an http(s) URL
 * @throws SavedModelError for files that can't be read, and for weights outside of the model's folder
 * @throws OnnxImportError for what `importModel` refuses
 */
export async function readOnnx(location: string, options: ImportOptions = {}): Promise<ImportedModel> {
  const bytes = await readBytes(location);
  const names = told(location, () => externalFilesOf(bytes));
  const given = options.external ?? {};
  const missing = names.filter((name) => !Object.hasOwn(given, name));
  const files = missing.map((name) => [name, besides(location, name)] as const);
  const read = await Promise.all(
    files.map(async ([name, file]) => [name, await readBytes(file, `weights of ${location}: `)] as const),
  );
  const external = Object.fromEntries([...read, ...Object.entries(given)]);
  return told(location, () => importModel(bytes, { ...options, external }));
}

/** Names the file in what is said against it. */
function told<T>(location: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof OnnxImportError)) throw error;
    const { message, data } = error;
    throw new OnnxImportError(`${location}: ${message}`, { ...data, path: location }, { cause: error });
  }
}
