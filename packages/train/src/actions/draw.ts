import { type DeviceRequest, Random } from '@onnx-forge/infer';
import type { DataReference, DataSet } from '../data/data-set.js';
import { TrainError } from '../errors.js';
import { readLog } from '../metrics/log.js';
import type { OptionValues } from '../options/option.js';
import { recipeData, recordedData } from '../recipe/data.js';
import { type Recipe, recipeOptions } from '../recipe/recipe.js';
import { writeAtomically } from '../run/atomic.js';
import { RunFolder } from '../run/folder.js';
import { readSnapshots } from '../run/snapshots.js';
import { suggestionAndList } from '../suggest.js';
import type { OnEvent } from '../trainer/events.js';
import { loadRun } from './load-run.js';

export interface DrawRequest {
  readonly recipe: Recipe;
  /** The run folder. */
  readonly run: string;
  /** The name of one figure; default: all. */
  readonly only?: string;
  /** Default: the data that the run was trained on. */
  readonly data?: string | DataReference | DataSet;
  readonly dataDir?: string;
  readonly device?: DeviceRequest;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onEvent?: OnEvent;
}

/**
 * Draws a trained run's figures into `figures/`; gives the files.
 *
 * @throws TrainError (`option-unknown`) when the recipe has no figure of that name
 */
export async function drawFigures(request: DrawRequest): Promise<readonly string[]> {
  const { recipe, run, only, device = 'auto', threads, signal, onEvent = () => {} } = request;
  const chosen = Object.entries(recipe.figures).filter(([name]) => only === undefined || name === only);
  if (only !== undefined && chosen.length === 0) throw unknownFigure(recipe, only);
  await using model = await loadRun(recipe, run, { device, ...(threads !== undefined && { threads }) });
  const folder = new RunFolder(run);
  const { manifest } = model;
  const options = recipeOptions(recipe, {}, manifest.options as OptionValues);
  const context = {
    model,
    options,
    data: await recipeData(recipe, { ...request, data: request.data ?? recordedData(manifest.data), options }),
    log: await readLog(folder.file('log')),
    snapshots: await readSnapshots(folder, manifest.steps),
  };
  await folder.folder('figures');
  const files: string[] = [];
  for (const [index, [name, figure]] of chosen.entries()) {
    signal?.throwIfAborted();
    onEvent({ type: 'phase', phase: 'figures', detail: name, fraction: index / chosen.length });
    const drawn = await figure({ ...context, random: new Random(manifest.seed).fork(`figure ${name}`) });
    const parts =
      'png' in drawn ? [{ ...drawn, file: name }] : drawn.map((one) => ({ ...one, file: `${name}-${one.part}` }));
    if (parts.length === 0) onEvent({ type: 'notice', text: `${run} has nothing to draw '${name}' from` });
    for (const { file, png, svg } of parts) {
      const path = folder.file('figures', `${file}.png`);
      await writeAtomically(path, png);
      if (svg !== undefined) await writeAtomically(folder.file('figures', `${file}.svg`), svg);
      files.push(path);
      onEvent({ type: 'figure', name, file: path });
    }
  }
  return files;
}

function unknownFigure({ name, figures }: Recipe, only: string): TrainError {
  const known = Object.keys(figures);
  const message = `recipe '${name}' has no figure '${only}'${suggestionAndList(only, known, 'figures: ')}`;
  return new TrainError('option-unknown', message, { recipe: name, figure: only, known });
}
