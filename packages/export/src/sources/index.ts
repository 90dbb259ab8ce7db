/**
 * Saved models, from files and URLs, as functions that can be exported. Node only.
 *
 * @module @onnx-forge/export/sources
 */
import type { ExportableFunction, Signature } from '../export/exportable.js';
import { graphModel, readGraphModel } from './graph-model.js';
import { keras3 } from './keras-3.js';
import { layersModel, readLayersModel } from './layers-model.js';
import type { ModelSource } from './model-source.js';
import { readOnnx, readOnnxFiles } from './onnx.js';
import { readModelJson, SavedModelError } from './saved-model.js';

export { type ModelSource, readGraphModel, readLayersModel, readOnnx, readOnnxFiles, SavedModelError };

/** Every format that can be read; the first that recognises a file reads it. */
export const MODEL_SOURCES: readonly ModelSource[] = [graphModel, keras3, layersModel];

/** A saved model: export it with `exportOnnx(run, signature)`. */
export interface ReadModel {
  readonly format: ModelSource['format'];
  readonly run: ExportableFunction;
  readonly signature: Signature;
}

/**
 * Reads a saved model of whatever format its content shows.
 * @param file a `model.json` with its weights beside it: a path, or an http(s) URL
 * @throws SavedModelError when it can't be read or is of no known format
 */
export async function readModel(file: string): Promise<ReadModel> {
  const json = await readModelJson(file);
  const source = MODEL_SOURCES.find((each) => each.recognises(json));
  if (source) return { format: source.format, ...(await source.read(file)) };
  const formats = MODEL_SOURCES.map(({ format }) => format).join(', ');
  throw new SavedModelError(`${file} is not a saved model of a known format (${formats})`, file);
}
