import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { DataFile, DataReference } from '../data-set.js';
import { exampleSize } from '../fields.js';
import type { FileContent } from '../formats/gzip.js';
import { type NpyArray, parseNpy, parseNpz } from '../formats/npy.js';
import { changeImage, type ImageOptions } from '../loader/change-image.js';
import { ContentHashes } from '../loader/content-hashes.js';
import { KeptImages } from '../loader/image-rows.js';
import { asOneFile, misfit, readOwnFile, sha256 } from './content.js';
import { isOfSystem } from './file-tree.js';
import { type ImageExamples, type ImageShape, imageSplits } from './images.js';
import { imageOptions } from './options.js';
import type { DataSource, OpenedData } from './source.js';

const FILES = ['images.npy', 'labels.npy'];

/** A folder with `images.npy` and, where there are classes, `labels.npy`; or one file of images. */
export const npy: DataSource = {
  format: 'npy',
  says: 'a .npy file of images, or a folder with images.npy (and labels.npy)',

  async recognises(path) {
    if (path.toLowerCase().endsWith('.npy')) return (await stat(path)).isFile();
    return exists(join(path, 'images.npy'));
  },

  async open(reference, { signal } = {}) {
    const { path } = reference;
    const isFolder = (await stat(path)).isDirectory();
    const other = isFolder && (await readdir(path)).find((name) => !FILES.includes(name) && !isOfSystem(name));
    if (other)
      throw misfit(path, `has '${other}' beside images.npy`, 'images.npy, perhaps labels.npy, and nothing else');
    const images = await readOwnFile(isFolder ? join(path, 'images.npy') : path, signal);
    const labelFile = join(path, 'labels.npy');
    const labels = isFolder && (await exists(labelFile)) ? await readOwnFile(labelFile, signal) : undefined;
    return openNpy(images, labels, reference);
  },
};

/** A .npy file of images, and perhaps one of labels, which may lie in an archive. */
export function openNpy(images: FileContent, labels: FileContent | undefined, reference: DataReference): OpenedData {
  const files = [images, ...(labels ? [labels] : [])].map(({ file, bytes }): DataFile => {
    return { name: basename(file), sha256: sha256(bytes), bytes: bytes.length };
  });
  return opened(reference, asOneFile(basename(reference.path), files), {
    images: { file: images.file, ...parseNpy(images) },
    ...(labels && { labels: { file: labels.file, ...parseNpy(labels) } }),
  });
}

/** A file of numpy.savez with the arrays `images` and, where there are classes, `labels`. */
export const npz: DataSource = {
  format: 'npz',
  says: 'a .npz file with the array images (and labels)',

  async recognises(path) {
    return path.toLowerCase().endsWith('.npz') && (await stat(path)).isFile();
  },

  async open(reference, { signal } = {}) {
    return openNpz(await readOwnFile(reference.path, signal), reference);
  },
};

/** A .npz file, which may lie in an archive. */
export function openNpz(content: FileContent, reference: DataReference): OpenedData {
  const { file: path } = content;
  const { images, labels, ...others } = parseNpz(content);
  const [other] = Object.keys(others);
  if (!images || other !== undefined) {
    const found = images ? `also '${other}'` : `no array 'images' (but ${Object.keys(others).join(', ') || 'nothing'})`;
    throw misfit(path, `has ${found}`, "the arrays 'images' and, if there are classes, 'labels', and no others");
  }
  const file = { name: basename(path), sha256: sha256(content.bytes), bytes: content.bytes.length };
  return opened(reference, file, {
    images: { file: `${path}: images`, ...images },
    ...(labels && { labels: { file: `${path}: labels`, ...labels } }),
  });
}

type NamedArray = NpyArray & { readonly file: string };

function opened(
  reference: DataReference,
  file: DataFile,
  { images, labels }: { readonly images: NamedArray; readonly labels?: NamedArray },
): OpenedData {
  const shape = imageShape(images);
  const count = images.shape[0]!;
  const size = exampleSize(shape);
  const original = pixelsOf(images);
  const { data: levels } = original;
  const hashes = ContentHashes.of(count, (index) => {
    const { buffer, byteOffset, byteLength } = levels.subarray(index * size, (index + 1) * size);
    return new Uint8Array(buffer, byteOffset, byteLength);
  });
  const classes = labels && classesOf(labels, count);
  const changed = withOptions(original, shape, imageOptions(reference));
  const { pixels, shape: changedShape } = changed;
  const rows = pixels instanceof Float32Array ? pixels : new KeptImages(pixels, exampleSize(changedShape));
  const examples = { name: reference.path, ...changed, pixels: rows, hashes, ...(classes && { classes }) };
  return { ...imageSplits(examples, reference, 'label'), files: [file] };
}

/** [n, h, w] or [n, h, w, c]. */
function imageShape({ file, shape }: NamedArray): ImageShape {
  const [count = 0, height = 0, width = 0, channels = 1] = shape;
  const isImages = (shape.length === 3 || shape.length === 4) && (channels === 1 || channels === 3);
  if (isImages && count > 0 && height > 0 && width > 0) return [height, width, channels];
  const found = `has the shape [${shape.join(', ')}]`;
  throw misfit(file, found, '[n, height, width], or [n, height, width, channels] with 1 (grey) or 3 channels');
}

interface Pixels {
  readonly data: Uint8Array | Float32Array;
  readonly white: 255 | 1;
}

/** Bytes of 0 and 1 only are black and white: as grey levels they could not be told from black. */
function pixelsOf({ file, dtype, data, shape }: NamedArray): Pixels {
  if (data instanceof Uint8Array) return { data, white: data.some((level) => level > 1) ? 255 : 1 };
  // int64 comes as Float64Array, too.
  if (!/^float/.test(dtype) || !(data instanceof Float32Array || data instanceof Float64Array)) {
    throw misfit(file, `holds ${dtype}`, 'uint8 (0 to 255), or float32 or float64 in 0 to 1');
  }
  const wrong = data.findIndex((level) => !(level >= 0 && level <= 1));
  if (wrong >= 0) {
    const image = Math.floor(wrong / exampleSize(shape.slice(1)));
    throw misfit(file, `holds ${data[wrong]} in image ${image}`, 'floats from 0 (black) to 1 (white)');
  }
  return { data: data instanceof Float32Array ? data : Float32Array.from(data), white: 255 };
}

function withOptions(
  { data, white }: Pixels,
  shape: ImageShape,
  options: ImageOptions,
): Pick<ImageExamples, 'shape' | 'white'> & { readonly pixels: Pixels['data'] } {
  const [height, width, channels] = shape;
  const { resize, grey } = options;
  const resizes = resize && (resize.height !== height || resize.width !== width);
  if (!resizes && !(grey && channels === 3)) return { shape, pixels: data, white };
  const size = exampleSize(shape);
  const scale = data instanceof Float32Array || white === 1 ? 255 : 1;
  const images = Array.from({ length: data.length / size }, (_, index) => {
    const levels = Uint8Array.from(data.subarray(index * size, (index + 1) * size), (level) =>
      Math.round(scale * level),
    );
    return changeImage({ height, width, channels: channels as 1 | 3, data: levels }, options);
  });
  const [first] = images;
  const pixels = new Uint8Array(images.length * first!.data.length);
  images.forEach((image, index) => {
    pixels.set(image.data, index * image.data.length);
  });
  return { shape: [first!.height, first!.width, first!.channels], pixels, white: 255 };
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
