import { basename, join } from 'node:path';
import { type DeviceRequest, type GenerativeModel, load, requireGenerative } from '@onnx-forge/infer';
import type { GridText } from '@onnx-forge/viz';
import type { CommandContext, Outcome } from './command.js';
import { requireWritableFile, STDOUT, writeOutput } from './output/files.js';

/** Images that a picture may hold. */
export const MOST_IMAGES = 10_000;

export interface PictureRequest {
  /** Folder or URL. */
  readonly run: string;
  readonly device: DeviceRequest;
  /** Default: `NAME.png` in the run's figures (in this folder when the run is a URL). */
  readonly out: string | undefined;
  readonly name: string;
}

/** Images [count, pixels] in rows of `columns`, and what else `--json` shall show. */
export interface Picture {
  readonly images: Float32Array | readonly Float32Array[];
  readonly text: GridText & { readonly columns: number };
  readonly facts?: object;
}

/** Loads a run, lets `draw` make images with it, and writes them as one PNG. */
export async function writePicture(
  { run, device, out, name }: PictureRequest,
  draw: (model: GenerativeModel) => Promise<Picture>,
  context: CommandContext,
): Promise<Outcome> {
  const isUrl = /^https?:/i.test(run);
  const file = out ?? (isUrl ? `${basename(new URL(run).pathname)}-${name}.png` : join(run, 'figures', `${name}.png`));
  // The model first: a mistyped run must not leave a folder behind.
  await using model = await load(run, { device });
  requireGenerative(model, name);
  await requireWritableFile(file, context);
  const { images, text, facts = {} } = await draw(model);
  const { imageGrid } = await import('../figures/images.js');
  await writeOutput(file, imageGrid(images, model.manifest.serve.image, text).png, context);
  return { text: file === STDOUT ? '' : file, json: { run, file, device: model.device, ...facts } };
}
