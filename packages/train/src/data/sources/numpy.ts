import { createHash, type Hash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { DataFile, DataReference } from '../data-set.js';
import type { FileContent } from '../formats/gzip.js';
import { NPY_HEADER, type NpyArray, type NpyHeader, npzEntries, parseNpy, parseNpyHeader } from '../formats/npy.js';
import { arrayImages } from '../loader/array-images.js';
import { changeImage, type ImageOptions } from '../loader/change-image.js';
import { KeptImages } from '../loader/image-rows.js';
import { inMemory, onDisk, type Positioned } from '../loader/positioned.js';
import { asOneFile, misfit, readOwnFile, sha256 } from './content.js';
import { isOfSystem } from './file-tree.js';
import { type ImageExamples, type ImageShape, imageSplits } from './images.js';
import { imageOptions } from './options.js';
import type { DataSource, OpenContext, OpenedData } from './source.js';

const FILES = ['images.npy', 'labels.npy'];

/** A folder with `images.npy` and, where there are classes, `labels.npy`; or one file of images. */
export const npy: DataSource = {
  format: 'npy',
  says: 'a .npy file of images, or a folder with images.npy (and labels.npy)',

  async recognises(path) {
    if (path.toLowerCase().endsWith('.npy')) return (await stat(path)).isFile();
    return exists(join(path, 'images.npy'));
  },

  async open(reference, context = {}) {
    const { path } = reference;
    const isFolder = (await stat(path)).isDirectory();
    const other = isFolder && (await readdir(path)).find((name) => !FILES.includes(name) && !isOfSystem(name));
    if (other)
      throw misfit(path, `has '${other}' beside images.npy`, 'images.npy, perhaps labels.npy, and nothing else');
    const images = await onDisk(isFolder ? join(path, 'images.npy') : path);
    const labelFile = join(path, 'labels.npy');
    const labels = isFolder && (await exists(labelFile)) ? await readOwnFile(labelFile, context.signal) : undefined;
    return openArrays(images, labels, reference, context);
  },
};

/** A .npy file of images, and perhaps one of labels, in an archive. */
export function openNpy(
  images: FileContent,
  labels: FileContent | undefined,
  reference: DataReference,
  context: OpenContext,
): Promise<OpenedData> {
  return openArrays(inMemory(images), labels, reference, context);
}

async function openArrays(
  images: Positioned,
  labels: FileContent | undefined,
  reference: DataReference,
  context: OpenContext,
): Promise<OpenedData> {
  const [head] = await images.read([{ at: 0, length: Math.min(NPY_HEADER, images.length) }]);
  const header = parseNpyHeader({ file: images.file, bytes: head! }, images.length);
  const hash = createHash('sha256').update(head!.subarray(0, header.begin));
  const opened = await open(
    { reference, context, hash },
    { images, header, ...(labels && { labels: { file: labels.file, ...parseNpy(labels) } }) },
  );
  const files: DataFile[] = [{ name: basename(images.file), sha256: hash.digest('hex'), bytes: images.length }];
  if (labels) files.push({ name: basename(labels.file), sha256: sha256(labels.bytes), bytes: labels.bytes.length });
  return { ...opened, files: [asOneFile(basename(reference.path), files)] };
}

/** A file of numpy.savez with the arrays `images` and, where there are classes, `labels`. */
export const npz: DataSource = {
  format: 'npz',
  says: 'a .npz file with the array images (and labels)',

  async recognises(path) {
    return path.toLowerCase().endsWith('.npz') && (await stat(path)).isFile();
  },

  async open(reference, context = {}) {
    return openNpz(await readOwnFile(reference.path, context.signal), reference, context);
  },
};

/** A .npz file, which may lie in an archive. */
export async function openNpz(
  content: FileContent,
  reference: DataReference,
  context: OpenContext,
): Promise<OpenedData> {
  const { file: path } = content;
  const { images, labels, ...others } = npzEntries(content);
  const [other] = Object.keys(others);
  if (!images || other !== undefined) {
    const found = images ? `also '${other}'` : `no array 'images' (but ${Object.keys(others).join(', ') || 'nothing'})`;
    throw misfit(path, `has ${found}`, "the arrays 'images' and, if there are classes, 'labels', and no others");
  }
  const file = { name: basename(path), sha256: sha256(content.bytes), bytes: content.bytes.length };
  const opened = await open(
    { reference, context },
    {
      images: { ...inMemory(images), file: `${path}: images` },
      header: parseNpyHeader(images),
      ...(labels && { labels: { ...parseNpy(labels), file: `${path}: labels` } }),
    },
  );
  return { ...opened, files: [file] };
}

type NamedArray = NpyArray & { readonly file: string };

async function open(
  {
    reference,
    context,
    hash,
  }: { readonly reference: DataReference; readonly context: OpenContext; readonly hash?: Hash },
  { images, header, labels }: { readonly images: Positioned; readonly header: NpyHeader; readonly labels?: NamedArray },
): Promise<Omit<OpenedData, 'files'>> {
  const shape = imageShape(images.file, header.shape);
  const count = header.shape[0]!;
  const { rows, white, hashes } = await arrayImages(images, header, { ...context, ...(hash && { hash }) });
  const classes = labels && classesOf(labels, count);
  const changed = withOptions({ pixels: rows, white, shape, count }, imageOptions(reference));
  const examples = { name: reference.path, ...changed, hashes, ...(classes && { classes }) };
  return imageSplits(examples, reference, 'label');
}

/** [n, h, w] or [n, h, w, c]. */
function imageShape(file: string, shape: readonly number[]): ImageShape {
  const [count = 0, height = 0, width = 0, channels = 1] = shape;
  const isImages = (shape.length === 3 || shape.length === 4) && (channels === 1 || channels === 3);
  if (isImages && count > 0 && height > 0 && width > 0) return [height, width, channels];
  const found = `has the shape [${shape.join(', ')}]`;
  throw misfit(file, found, '[n, height, width], or [n, height, width, channels] with 1 (grey) or 3 channels');
}

type Pixels = Pick<ImageExamples, 'pixels' | 'shape' | 'white'>;

/** Images that are in memory are changed at once, others when they are used. */
function withOptions(
  { pixels, shape, white, count }: Pixels & { readonly count: number },
  options: ImageOptions,
): Pixels {
  const [height, width, channels] = shape;
  const { resize, grey } = options;
  const resizes = resize && (resize.height !== height || resize.width !== width);
  if (!resizes && !(grey && channels === 3)) return { shape, pixels, white };
  const change = (index: number) => {
    const row = pixels.row(index);
    const scale = row instanceof Float32Array || white === 1 ? 255 : 1;
    const levels = Uint8Array.from(row, (level) => Math.round(scale * level));
    return changeImage({ height, width, channels: channels as 1 | 3, data: levels }, options);
  };
  const first = change(0);
  const size = first.data.length;
  const changed: Omit<Pixels, 'pixels'> = { shape: [first.height, first.width, first.channels], white: 255 };
  if (pixels.readAhead) {
    const readAhead = (indices: ArrayLike<number>) => pixels.readAhead!(indices);
    return { ...changed, pixels: { size, readAhead, row: (index) => change(index).data } };
  }
  const all = new Uint8Array(count * size);
  for (let index = 0; index < count; index++) all.set(change(index).data, index * size);
  return { ...changed, pixels: new KeptImages(all, size) };
}

/** Whole numbers from 0, each of which is a class. */
function classesOf({ file, shape, data }: NamedArray, count: number): NonNullable<ImageExamples['classes']> {
  const flat = shape.length === 1 || (shape.length === 2 && shape[1] === 1);
  if (!flat || shape[0] !== count) {
    throw misfit(file, `has the shape [${shape.join(', ')}]`, `one label for each of the ${count} images: [${count}]`);
  }
  const wrong = data.findIndex((label) => !(Number.isInteger(label) && label >= 0 && label < 2 ** 16));
  if (wrong >= 0) throw misfit(file, `holds ${data[wrong]} at ${wrong}`, 'classes as whole numbers from 0');
  const labels = Int32Array.from(data);
  const names = Array.from({ length: 1 + labels.reduce((most, label) => Math.max(most, label), 0) }, (_, i) => `${i}`);
  return { labels, names };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isFile(),
    () => false,
  );
}
