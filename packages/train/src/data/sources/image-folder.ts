import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { type DataFile, type DataReference, SPLIT_NAMES, type SplitName } from '../data-set.js';
import { DataError } from '../errors.js';
import { exampleSize } from '../fields.js';
import { decodeImage } from '../formats/image.js';
import { classesOf } from './classes.js';
import { asOneFile, misfit, readOwnFile, sha256 } from './content.js';
import {
  changeImage,
  describeImage,
  type ImageExamples,
  type ImageShape,
  imageOptions,
  imageSplits,
} from './images.js';
import type { DataSource } from './source.js';

const IMAGE_FILE = /\.(png|jpe?g|pgm)$/i;

/** The most bytes of all pixels together. */
const MOST_BYTES = 4 * 2 ** 30;

/**
 * A folder of PNG, JPEG or PGM images: flat, or one folder for each class. Folders `train`, `validation` and `test`, each
 * like that, are the splits. Names that begin with a dot are left alone; any other file that is no image is refused.
 */
export const imageFolder: DataSource = {
  format: 'image-folder',
  says: 'a folder of PNG, JPEG or PGM images',

  async recognises(path) {
    if (!(await stat(path)).isDirectory()) return false;
    const { files, folders } = await contentOf(path);
    return folders.length > 0 || files.some((file) => IMAGE_FILE.test(file));
  },

  async open(reference, signal) {
    const { path } = reference;
    const found = await findImages(path);
    const { examples, files } = await readImages(path, found, reference, signal);
    return { ...imageSplits(examples), files: [asOneFile(basename(path), files)] };
  },
};

/** Where an image lies, and what its folders say of it. */
interface FoundImage {
  readonly file: string;
  readonly className?: string;
  readonly part?: SplitName;
}

async function contentOf(folder: string): Promise<{ files: string[]; folders: string[] }> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
  const files: string[] = [];
  const folders: string[] = [];
  for (const name of names) {
    const isFolder = await stat(join(folder, name)).then(
      (entry) => entry.isDirectory(),
      () => false,
    );
    (isFolder ? folders : files).push(name);
  }
  return { files, folders };
}

async function findImages(path: string): Promise<FoundImage[]> {
  const { files, folders } = await contentOf(path);
  const isSplit = (name: string): name is SplitName => (SPLIT_NAMES as readonly string[]).includes(name);
  if (!folders.some(isSplit)) return imagesOf(path);
  const want = `the folders ${SPLIT_NAMES.join(', ')} and nothing else`;
  const other = [...folders, ...files].find((name) => !isSplit(name));
  if (other !== undefined) throw misfit(path, `has '${other}' beside a folder of a split`, want);
  const absent = SPLIT_NAMES.find((name) => !folders.includes(name));
  if (absent !== undefined) throw misfit(path, `has no folder '${absent}'`, want);
  const found: FoundImage[] = [];
  for (const part of SPLIT_NAMES) {
    const images = await imagesOf(join(path, part));
    const [first, here] = [found[0], images[0]];
    if (first && here && (first.className === undefined) !== (here.className === undefined)) {
      throw misfit(path, `has folders of classes in one of ${first.part} and ${part} only`, 'them in both or none');
    }
    found.push(...images.map((image) => ({ ...image, part })));
  }
  return found;
}

/** The images of a folder that is flat, or has one folder a class. */
async function imagesOf(path: string): Promise<FoundImage[]> {
  const { files, folders } = await contentOf(path);
  if (folders.length === 0) return imageFiles(path, files).map((file) => ({ file }));
  if (files.length > 0) {
    throw misfit(
      path,
      `has both folders ('${folders[0]}') and files ('${files[0]}')`,
      'one folder a class, or images only',
    );
  }
  const found: FoundImage[] = [];
  for (const className of folders) {
    const folder = join(path, className);
    const inside = await contentOf(folder);
    if (inside.folders.length > 0) {
      throw misfit(folder, `has a folder of its own, '${inside.folders[0]}'`, 'only images in the folder of a class');
    }
    found.push(...imageFiles(folder, inside.files).map((file) => ({ file, className })));
  }
  return found;
}

/** @throws DataError naming the file that is no image, or the folder without any */
function imageFiles(folder: string, files: readonly string[]): string[] {
  const other = files.find((file) => !IMAGE_FILE.test(file));
  if (other !== undefined) {
    throw misfit(join(folder, other), 'is no PNG, JPEG or PGM image', 'only images in the folder: take it out');
  }
  if (files.length === 0) throw misfit(folder, 'is empty', 'images in it');
  return files.map((file) => join(folder, file));
}

async function readImages(
  path: string,
  found: readonly FoundImage[],
  reference: DataReference,
  signal: AbortSignal | undefined,
): Promise<{ examples: ImageExamples; files: DataFile[] }> {
  const options = imageOptions(reference);
  const files: DataFile[] = [];
  let shape: ImageShape | undefined;
  let pixels = new Uint8Array();
  for (const [index, { file }] of found.entries()) {
    signal?.throwIfAborted();
    const content = await readOwnFile(file, signal);
    const image = changeImage(decodeImage(content), options);
    const here: ImageShape = [image.height, image.width, image.channels];
    if (shape === undefined) {
      shape = here;
      pixels = allocatePixels(path, found.length, shape);
    } else if (here.some((size, axis) => size !== shape?.[axis])) {
      throw unequal(file, here, found[0]!.file, shape);
    }
    pixels.set(image.data, index * exampleSize(shape));
    const name = relative(path, file).split(sep).join('/');
    files.push({ name, sha256: sha256(content.bytes), bytes: content.bytes.length });
  }
  const classNames = found.flatMap(({ className }) => className ?? []);
  const parts = found.flatMap(({ part }) => part ?? []);
  return {
    files,
    examples: {
      name: path,
      shape: shape!,
      pixels,
      white: 255,
      hashes: files.map((file) => file.sha256),
      ...(classNames.length > 0 && { classes: classesOf(classNames) }),
      ...(parts.length > 0 && { parts }),
    },
  };
}

function allocatePixels(path: string, count: number, shape: ImageShape): Uint8Array<ArrayBuffer> {
  const bytes = count * exampleSize(shape);
  if (bytes <= MOST_BYTES) return new Uint8Array(bytes);
  const message = `${path} has ${count} images of ${describeImage(shape)}: ${Math.ceil(bytes / 2 ** 30)} GiB of pixels, more than ${MOST_BYTES / 2 ** 30}; --resize makes them smaller`;
  throw new DataError('data-format', message, { path, bytes });
}

function unequal(file: string, found: ImageShape, first: string, wanted: ImageShape): DataError {
  const sizes = found[0] !== wanted[0] || found[1] !== wanted[1];
  const mend = sizes ? `--resize ${wanted[1]}x${wanted[0]} stretches all to one size` : '--grey makes all grey';
  const message = `${file} is ${describeImage(found)}, but ${first} is ${describeImage(wanted)}: all images must be equal in size and colours; ${mend}`;
  return new DataError('data-format', message, { file, found, wanted });
}
