import type { ExportableFunction, Signature } from '../export/exportable.js';

/** A format of saved models that can be exported. */
export interface ModelSource {
  readonly format: 'layers-model' | 'graph-model' | 'keras-3';
  /** Whether the content of a `model.json` is of this format. */
  recognises(json: unknown): boolean;
  /** The model in `file` (a `model.json`, weights beside it) as a function of its inputs by name. */
  read(file: string): Promise<{ readonly run: ExportableFunction; readonly signature: Signature }>;
}
