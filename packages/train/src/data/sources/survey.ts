import { stat } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import type { DataReference } from '../data-set.js';
import { tryImages } from '../loader/load-images.js';
import { pathOf, readTree, type TreeFile, type TreeFolder } from './file-tree.js';
import { IMAGE_FILE } from './image-folder.js';
import { describeImage } from './images.js';
import { imageOptions } from './options.js';
import type { OpenContext } from './source.js';

/** Files of a folder of images, good and bad. */
export interface ImageSurvey {
  readonly files: number;
  /** Files that can't be used, in their order. */
  readonly faults: readonly { readonly file: string; readonly reason: string }[];
  /** Images of each size, the most frequent first: of a set that can be trained on there is one. */
  readonly sizes: readonly { readonly size: string; readonly images: number }[];
}

/**
 * Looks at every file of a folder of images, where opening it ends at the first that it can't use.
 *
 * @returns undefined for data of another form
 */
export async function surveyImages(
  reference: DataReference,
  { signal, onProgress }: OpenContext = {},
): Promise<ImageSurvey | undefined> {
  const { format, path } = reference;
  if (format !== 'image-folder' || !(await stat(path)).isDirectory()) return undefined;
  const files = filesOf(await readTree(path));
  const nameOf = (file: TreeFile): string => relative(path, pathOf(file)).split(sep).join('/');
  const images = files.filter(({ name }) => IMAGE_FILE.test(name));
  const reasons = new Map<TreeFile, string>();
  for (const file of files) if (!IMAGE_FILE.test(file.name)) reasons.set(file, 'is no PNG, JPEG or PGM image');
  const sizes = new Map<string, number>();
  const jobOf = (index: number) => ({ file: pathOf(images[index]!) });
  for await (const [index, image] of tryImages(images.length, jobOf, { change: imageOptions(reference), signal })) {
    const file = images[index]!;
    if (image instanceof Error) reasons.set(file, image.message.replace(`${pathOf(file)}: `, ''));
    else {
      const size = describeImage([image.height, image.width, image.channels]);
      sizes.set(size, (sizes.get(size) ?? 0) + 1);
    }
    if (index % 256 === 255) onProgress?.(index + 1, images.length);
  }
  return {
    files: files.length,
    faults: files.flatMap((file) => {
      const reason = reasons.get(file);
      return reason === undefined ? [] : [{ file: nameOf(file), reason }];
    }),
    sizes: [...sizes].map(([size, images]) => ({ size, images })).sort((a, b) => b.images - a.images),
  };
}

function filesOf({ files, folders }: TreeFolder): TreeFile[] {
  return [...files, ...folders.flatMap(filesOf)];
}
