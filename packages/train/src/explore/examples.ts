import { type AnyManifest, encodeSafetensors } from '@onnx-forge/infer';
import { gather } from '../data/batches.js';
import type { DataSet, Split } from '../data/data-set.js';
import { everyIndex } from '../data/views.js';
import { loadData, recipeData, recordedData } from '../recipe/data.js';
import { type Recipe, recipeOptions } from '../recipe/recipe.js';

/** Images that go with a run, and texts. */
const IMAGES = 500;
const TEXTS = 12;

/** Characters at which a beginning is cut, for models that write on. */
const BEGINNING = 40;

export interface ExamplesRequest {
  readonly recipe: Recipe;
  readonly manifest: AnyManifest;
  readonly dataDir?: string | undefined;
}

/** A text of the test split, as the page offers it. */
interface ExampleText {
  readonly text: string;
  /** Its class, or its translation. */
  readonly answer?: string;
}

/**
 * Examples of a run's test split as safetensors: of images `x` [n, pixels] and, where there are classes, `label` [n]; texts are
 * JSON in the metadata under `texts`. Undefined for data of which the page can show neither.
 */
export async function runExamples({ recipe, manifest, dataDir }: ExamplesRequest): Promise<Uint8Array | undefined> {
  const options = recipeOptions(recipe, {}, manifest.options as Parameters<typeof recipeOptions>[2]);
  const data = await recipeData(recipe, { data: recordedData(manifest.data), dataDir, options });
  // A language model's data are windows of tokens: the text is in the set as it was before.
  const isText = data.splits.test.fields.tokens !== undefined && data.splits.test.texts === undefined;
  const source = isText ? await loadData(recipe, { data: recordedData(manifest.data), dataDir }) : data;
  const texts = textsOf(source);
  const arrays = imagesOf(data.splits.test);
  if (texts.length === 0 && arrays === undefined) return undefined;
  const metadata: Record<string, string> = texts.length > 0 ? { texts: JSON.stringify(texts) } : {};
  return Buffer.concat(encodeSafetensors({ arrays: arrays ?? {}, metadata }));
}

function imagesOf(split: Split): Parameters<typeof encodeSafetensors>[0]['arrays'] | undefined {
  const { x, y } = split.fields;
  if (x?.dtype !== 'float32') return undefined;
  const isClass = y?.dtype === 'int32' && y.shape.length === 0;
  const label = split.fields.label ? 'label' : isClass ? 'y' : undefined;
  const size = Math.min(IMAGES, split.size);
  const first = everyIndex({ size });
  const data = gather(split, 'x', first) as Float32Array;
  const classes = label && (gather(split, label, first) as Int32Array);
  return {
    x: { shape: [size, data.length / size], data },
    ...(classes && { label: { shape: [size], data: classes } }),
  };
}

function textsOf({ splits: { test }, vocabularies }: DataSet): ExampleText[] {
  const { character, source, target, ...others } = test.texts ?? {};
  if (character) return beginnings(character.slice(0, 4000).join(''));
  if (source) return source.slice(0, TEXTS).map((text, i) => ({ text, ...(target && { answer: target[i]! }) }));
  const [texts] = Object.values(others);
  if (!texts) return [];
  const label = test.fields.label ? 'label' : test.fields.y ? 'y' : undefined;
  const classes = label && gather(test, label, everyIndex({ size: Math.min(TEXTS, test.size) }));
  const names = vocabularies?.label;
  return texts.slice(0, TEXTS).map((text, i) => ({
    text,
    ...(classes && { answer: names?.[classes[i]!] ?? `${classes[i]}` }),
  }));
}

/** The first lines that are long enough to go on from. */
function beginnings(text: string): ExampleText[] {
  const lines = text.split('\n').filter((line) => line.trim().length >= BEGINNING / 2);
  return [...new Set(lines)].slice(0, TEXTS).map((line) => ({ text: line.slice(0, BEGINNING) }));
}
