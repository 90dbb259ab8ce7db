import type { OnnxFiles } from '../import/adapters-file.js';
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
  const { bytes, external } = await readOnnxFiles(location, options.external);
  return toldOf(location, () => importModel(bytes, { ...options, external }));
}

/**
 * The bytes of an ONNX file and of the files of weights that it names.
 *
 * @param location a path, or an http(s) URL
 * @param given files that need not be read
 * @throws SavedModelError, OnnxImportError as {@link readOnnx}
 */
export async function readOnnxFiles(location: string, given: OnnxFiles['external'] = {}): Promise<OnnxFiles> {
  const bytes = await readBytes(location);
  const names = toldOf(location, () => externalFilesOf(bytes));
  const missing = names.filter((name) => !Object.hasOwn(given, name));
  const files = missing.map((name) => [name, besides(location, name)] as const);
  const read = await Promise.all(
    files.map(async ([name, file]) => [name, await readBytes(file, `weights of ${location}: `)] as const),
  );
  return { bytes, external: Object.fromEntries([...read, ...Object.entries(given)]) };
}

/** Names the file in what is said against it. */
function toldOf<T>(location: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof OnnxImportError)) throw error;
    const { message, data } = error;
    throw new OnnxImportError(`${location}: ${message}`, { ...data, path: location }, { cause: error });
  }
}
