import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type DataReference, SPLIT_NAMES, type SplitName } from '../data-set.js';
import { DataError } from '../errors.js';
import { loadImages } from '../loader/load-images.js';
import { classesOf } from './classes.js';
import { listHash, misfit } from './content.js';
import { pathOf, readShallow, readTree, type TreeFile, type TreeFolder } from './file-tree.js';
import { describeImage, type ImageShape, imageSplits } from './images.js';
import { imageOptions } from './options.js';
import type { DataSource, OpenContext, OpenedData } from './source.js';
import { splitNamed } from './split.js';

export const IMAGE_FILE: RegExp = /\.(png|jpe?g|pgm)$/i;

/** Images that are not read, but known as such. */
const OTHER_IMAGE = /\.(webp|gif|bmp|tiff?|heic|heif|avif|jp2|jxl|svg|ppm|pnm|pbm)$/i;

/**
 * A folder of PNG, JPEG or PGM images: flat, or one folder for each class. Folders `train`, `validation` and `test`, each
 * like that, are the splits. Files that systems leave in folders are passed over; any other that is no image is refused.
 */
export const imageFolder: DataSource = {
  format: 'image-folder',
  says: 'a folder of PNG, JPEG or PGM images',

  async recognises(path) {
    if (!(await stat(path)).isDirectory()) return false;
    const { files, folders } = await readShallow(path);
    return folders.length > 0 || files.some(({ name }) => IMAGE_FILE.test(name) || OTHER_IMAGE.test(name));
  },

  async open(reference, context) {
    return openImageTree(await readTree(reference.path), reference, context);
  },
};

/** The images of a tree, which lies on the disk or in an archive. */
export async function openImageTree(
  tree: TreeFolder,
  reference: DataReference,
  context: OpenContext = {},
): Promise<OpenedData> {
  return openImages(findImages(tree), reference, context, 'folder');
}

/**
 * Images with what is known of each.
 *
 * @param groupWord the value of the option `group` that keeps each class in one split
 */
export async function openImages(
  found: readonly NamedImage[],
  reference: DataReference,
  { signal, onProgress, keptBytes }: OpenContext,
  groupWord: string,
): Promise<OpenedData> {
  const { path } = reference;
  const { rows, first, hashes, bytes } = await loadImages(
    found.length,
    (index) => {
      const { file } = found[index]!;
      return { file: pathOf(file), bytes: file.bytes };
    },
    {
      change: imageOptions(reference),
      signal,
      onProgress,
      keptBytes,
      check(image, index, like) {
        const here: ImageShape = [image.height, image.width, image.channels];
        const shape: ImageShape = [like.height, like.width, like.channels];
        if (here.some((size, axis) => size !== shape[axis])) {
          throw unequal(pathOf(found[index]!.file), here, pathOf(found[0]!.file), shape);
        }
      },
    },
  );
  const sha256 = listHash(hashes, (index) => `${found[index]!.above}${found[index]!.file.name}`);
  const classNames = found.flatMap(({ className }) => className ?? []);
  const parts = found.flatMap(({ part }) => part ?? []);
  const examples = {
    name: path,
    shape: [first.height, first.width, first.channels] as const,
    pixels: rows,
    white: 255,
    hashes,
    ...(classNames.length > 0 && { classes: classesOf(classNames) }),
    ...(parts.length > 0 && { parts }),
  } as const;
  return { ...imageSplits(examples, reference, groupWord), files: [{ name: basename(path), sha256, bytes }] };
}

/** Where an image lies, and what its folders say of it. */
export interface NamedImage {
  readonly file: TreeFile;
  /** The folders above it in the tree: `train/cat/`, or nothing. */
  readonly above: string;
  readonly className?: string;
  readonly part?: SplitName;
}

function findImages(tree: TreeFolder): NamedImage[] {
  const { path } = tree;
  const folders = tree.folders.map(({ name }) => name);
  if (!folders.some(splitNamed)) return imagesOf(tree, '');
  const want = `the folders ${SPLIT_NAMES.join(', ')} and nothing else, or images in one folder a class without splits`;
  const other = [...folders, ...tree.files.map(({ name }) => name)].find((name) => !splitNamed(name));
  if (other !== undefined) throw misfit(path, `has '${other}' beside a folder of a split`, want);
  const found: NamedImage[] = [];
  for (const part of SPLIT_NAMES) {
    const [here, twice] = tree.folders.filter(({ name }) => splitNamed(name) === part);
    if (!here) throw misfit(path, `has no folder '${part}'`, want);
    if (twice) throw misfit(path, `has two folders of one split, '${here.name}' and '${twice.name}'`, want);
    const images = imagesOf(here, `${part}/`);
    const [first, one] = [found[0], images[0]];
    if (first && one && (first.className === undefined) !== (one.className === undefined)) {
      throw misfit(path, `has folders of classes in one of ${first.part} and ${part} only`, 'them in both or none');
    }
    for (const { file, above, className } of images) {
      found.push({ file, above, ...(className !== undefined && { className }), part });
    }
  }
  return found;
}

/** The images of a folder that is flat, or has one folder a class. */
function imagesOf(tree: TreeFolder, above: string): NamedImage[] {
  const { path, files, folders } = tree;
  const [folder, file] = [folders[0], files[0]];
  if (folder === undefined) return imageFiles(tree).map((file) => ({ file, above }));
  if (file !== undefined) {
    const want = 'one folder a class, or images only';
    throw misfit(path, `has both folders ('${folder.name}') and files ('${file.name}')`, want);
  }
  return folders.flatMap((inside) => {
    const [further] = inside.folders;
    if (further !== undefined) {
      const want = 'only images in the folder of a class';
      throw misfit(inside.path, `has a folder of its own, '${further.name}'`, want);
    }
    const within = `${above}${inside.name}/`;
    return imageFiles(inside).map((file) => ({ file, above: within, className: inside.name }));
  });
}

/** @throws DataError naming the file that is no image, or the folder without any */
function imageFiles({ path, files }: TreeFolder): readonly TreeFile[] {
  const other = files.find(({ name }) => !IMAGE_FILE.test(name));
  if (other !== undefined) {
    const mend = OTHER_IMAGE.test(other.name) ? 'convert it to PNG' : 'take it out';
    throw misfit(pathOf(other), 'is no PNG, JPEG or PGM image', `only images in the folder: ${mend}`);
  }
  if (files.length === 0) throw misfit(path, 'is empty', 'images in it');
  return files;
}

function unequal(file: string, found: ImageShape, first: string, wanted: ImageShape): DataError {
  const sizes = found[0] !== wanted[0] || found[1] !== wanted[1];
  const mend = sizes
    ? `--resize ${wanted[1]}x${wanted[0]} stretches all to one size (with ,crop: takes their middle)`
    : '--grey makes all grey';
  const message = `${file} is ${describeImage(found)}, but ${first} is ${describeImage(wanted)}: all images must be equal in size and colours; ${mend}`;
  return new DataError('data-format', message, { file, found, wanted });
}
