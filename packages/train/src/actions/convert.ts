import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { InputError } from '@onnx-forge/infer';
import { zipSync } from 'fflate';
import { PNG } from 'pngjs';
import { type DataSet, type Field, SPLIT_NAMES, type Split } from '../data/data-set.js';
import { exampleSize } from '../data/fields.js';
import { npyBytes } from '../data/formats/npy.js';
import { writeAtomically } from '../run/atomic.js';

/** The form of converted data: a .npz file of images, a .jsonl file of texts, or a folder of PNG images. */
export type ConvertedForm = 'npz' | 'jsonl' | 'image-folder';

export interface Converted {
  readonly form: ConvertedForm;
  readonly path: string;
  readonly examples: number;
}

export interface ConvertOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
}

/** Levels of 8 bits are these up to rounding. */
const CLOSE = 1e-3;

/**
 * Writes a data set's images or texts in another form, by the ending of `path`: `.npz`, `.jsonl`, else a folder. A folder has the
 * splits as folders, and each row of a .jsonl its `split`; a .npz has the splits' examples one after the other.
 *
 * @throws InputError something is there already; data that the form can't hold: texts as images, levels between those of 8 bits
 *   in PNG, class names that can't be folders
 */
export async function convertData(dataSet: DataSet, path: string, options: ConvertOptions = {}): Promise<Converted> {
  if (await exists(path)) throw new InputError(`${path} is there already: name another place`, { path });
  const ending = extname(path).toLowerCase();
  const examples = SPLIT_NAMES.reduce((sum, split) => sum + dataSet.splits[split].size, 0);
  if (ending === '.npz') await writeNpz(dataSet, path, examples, options);
  else if (ending === '.jsonl') await writeAtomically(path, jsonLines(dataSet));
  else if (ending === '') await writeFolder(dataSet, path, examples, options);
  else
    throw new InputError(`${path} ends in ${ending}; data are converted to .npz, .jsonl, or a folder (no ending)`, {
      path,
    });
  const form = ending === '.npz' ? 'npz' : ending === '.jsonl' ? 'jsonl' : 'image-folder';
  return { form, path, examples };
}

function jsonLines({ name, splits, vocabularies }: DataSet): string {
  const lines = SPLIT_NAMES.flatMap((split) => {
    const { size, fields, texts = {} } = splits[split];
    const columns = Object.entries(texts);
    if (columns.length === 0 || texts.character) {
      throw new InputError(`data set '${name}' has no sentences: .jsonl is for texts and pairs of them`, { name });
    }
    return Array.from({ length: size }, (_, index) => {
      const label = fields.label && classOf(fields.label, index, vocabularies?.label);
      const row = Object.fromEntries(columns.map(([column, all]) => [column, all[index]!]));
      return JSON.stringify({ ...row, ...(label !== undefined && { label }), split });
    });
  });
  return `${lines.join('\n')}\n`;
}

async function writeNpz(dataSet: DataSet, path: string, examples: number, options: ConvertOptions): Promise<void> {
  const { shape } = imagesOf(dataSet);
  const size = exampleSize(shape);
  const levels = new Float32Array(examples * size);
  const labels = new Int32Array(examples);
  const labelled = dataSet.splits.train.fields.label !== undefined;
  let at = 0;
  for await (const { split, index } of everyExample(dataSet, examples, options)) {
    split.fields.x!.read(index, levels, at * size);
    if (labelled) split.fields.label!.read(index, labels, at);
    at++;
  }
  const bytes = levels.every(isLevel) ? Uint8Array.from(levels, (level) => Math.round(255 * level)) : undefined;
  const dims = [examples, ...shape];
  const files = {
    'images.npy': bytes ? npyBytes('|u1', dims, bytes) : npyBytes('<f4', dims, levels),
    ...(labelled && { 'labels.npy': npyBytes('<i4', [examples], labels) }),
  };
  await writeAtomically(path, zipSync(files));
}

async function writeFolder(dataSet: DataSet, path: string, examples: number, options: ConvertOptions): Promise<void> {
  const { shape } = imagesOf(dataSet);
  const [height, width, channels] = shape as readonly [number, number, number];
  const levels = new Float32Array(exampleSize(shape));
  const part = join(dirname(path), `.${randomUUID()}.part`);
  const made = new Set<string>();
  try {
    for await (const { split, splitName, index } of everyExample(dataSet, examples, options)) {
      split.fields.x!.read(index, levels, 0);
      const wrong = levels.find((level) => !isLevel(level));
      if (wrong !== undefined) {
        const message = `data set '${dataSet.name}' has a level of ${255 * wrong} of 255, which PNG files of 8 bits can't hold: convert it to .npz`;
        throw new InputError(message, { name: dataSet.name, level: wrong });
      }
      const { label } = split.fields;
      const className = label && folderName(classOf(label, index, dataSet.vocabularies?.label));
      const folder = join(part, splitName, className ?? '');
      if (!made.has(folder)) await mkdir(folder, { recursive: true });
      made.add(folder);
      await writeFile(join(folder, `${String(index).padStart(6, '0')}.png`), pngBytes(levels, width, height, channels));
    }
    await rename(part, path);
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

function pngBytes(levels: Float32Array, width: number, height: number, channels: number): Buffer {
  const image = new PNG({ width, height });
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      image.data[4 * pixel + channel] = Math.round(255 * levels[channels * pixel + (channels === 1 ? 0 : channel)]!);
    }
    image.data[4 * pixel + 3] = 255;
  }
  return PNG.sync.write(image, { colorType: channels === 1 ? 0 : 2 });
}

async function* everyExample({ splits }: DataSet, examples: number, { signal, onProgress }: ConvertOptions) {
  let done = 0;
  for (const splitName of SPLIT_NAMES) {
    const split: Split = splits[splitName];
    for (let index = 0; index < split.size; index++) {
      signal?.throwIfAborted();
      yield { split, splitName, index };
      if (++done % 256 === 0) onProgress?.(done, examples);
    }
  }
}

function imagesOf({ name, splits }: DataSet): Field {
  const { x } = splits.train.fields;
  const channels = x?.shape[2];
  if (x && x.shape.length === 3 && (channels === 1 || channels === 3)) return x;
  throw new InputError(`data set '${name}' has no images: convert texts to .jsonl`, { name });
}

function classOf(label: Field, index: number, names: readonly string[] | undefined): string {
  const value = new Int32Array(1);
  label.read(index, value, 0);
  return names?.[value[0]!] ?? `${value[0]}`;
}

function folderName(name: string): string {
  if (/^[^./\\:][^/\\:]*$/.test(name)) return name;
  throw new InputError(`the class '${name}' can't be the name of a folder: convert to .npz`, { name });
}

function isLevel(level: number): boolean {
  return Math.abs(255 * level - Math.round(255 * level)) < CLOSE;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
