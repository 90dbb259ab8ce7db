import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { encodeSafetensors, loadManifest, MANIFEST_FILE, runFiles } from '@onnx-forge/infer';
import { gather } from '../data/batches.js';
import type { Split } from '../data/data-set.js';
import { everyIndex } from '../data/views.js';
import { recipeData, recordedData } from '../recipe/data.js';
import { type Recipe, recipeOptions } from '../recipe/recipe.js';

/** A run as the explorer page offers it. */
export interface ExploredRun {
  readonly name: string;
  /** Its folder. */
  readonly folder: string;
  /** The run's files that the page loads, relative to the folder: manifest, graphs, weights, figures. */
  readonly files: readonly string[];
  /** Those of them that are figures: of a run whose kind the page has no views of. */
  readonly figures: readonly string[];
  /** Examples of its test split, as safetensors: `x` [n, pixels] and, where there are classes, `label` [n]. */
  readonly examples: Uint8Array | undefined;
}

export interface ExploredRunRequest {
  readonly recipe: Recipe;
  readonly run: string;
  readonly dataDir?: string | undefined;
  /** Called with one line when the run's data are not here. */
  readonly onNotice?: (text: string) => void;
}

/** Examples that go with a run. */
const EXAMPLES = 500;

/** Reads what the page shows beside the run's own files: some examples of the test split, where the data are here. */
export async function exploredRun({ recipe, run, dataDir, onNotice }: ExploredRunRequest): Promise<ExploredRun> {
  const manifest = await loadManifest(run, { kinds: 'any' });
  const folder = resolve(run);
  const options = recipeOptions(recipe, {}, manifest.options as Parameters<typeof recipeOptions>[2]);
  const examples = await recipeData(recipe, { data: recordedData(manifest.data), dataDir, options }).then(
    ({ splits }) => examplesOf(splits.test),
    (error: Error) => {
      onNotice?.(`${run} is shown without test examples: ${error.message}`);
      return undefined;
    },
  );
  const isOwnKind = recipe.kinds.some(({ kind }) => kind === manifest.kind);
  const figures = isOwnKind ? await figuresIn(folder) : [];
  const files = [MANIFEST_FILE, ...(isOwnKind ? figures : runFiles(manifest).map(({ file }) => file))];
  return { name: basename(folder), folder, files, figures, examples };
}

async function figuresIn(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, 'figures')).catch(() => []);
  return names
    .filter((name) => name.endsWith('.png'))
    .sort()
    .map((name) => `figures/${name}`);
}

/** Images and classes only; token ids mean nothing to the page. */
function examplesOf(split: Split): Uint8Array | undefined {
  const { x, y } = split.fields;
  if (x?.dtype !== 'float32') return undefined;
  const isClass = y?.dtype === 'int32' && y.shape.length === 0;
  const label = split.fields.label ? 'label' : isClass ? 'y' : undefined;
  const size = Math.min(EXAMPLES, split.size);
  const first = everyIndex({ size });
  const data = gather(split, 'x', first) as Float32Array;
  const classes = label && (gather(split, label, first) as Int32Array);
  const arrays = {
    x: { shape: [size, data.length / size], data },
    ...(classes && { label: { shape: [size], data: classes } }),
  };
  return Buffer.concat(encodeSafetensors({ arrays, metadata: {} }));
}

/** Content of `runs.json` beside the page: see the page's `OfferedRun`. */
export function runsJson(runs: readonly ExploredRun[]): string {
  const offered = runs.map(({ name, examples, figures }, index) => ({
    name,
    location: `runs/${index}/`,
    ...(examples && { examples: `examples/${index}.safetensors` }),
    ...(figures.length > 0 && {
      figures: figures.map((file) => ({ name: basename(file, '.png'), url: `runs/${index}/${file}` })),
    }),
  }));
  return JSON.stringify(offered);
}
