import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { DataFile, DataReference } from '../data-set.js';
import { ARCHIVE_FILE, readArchive } from '../formats/archive.js';
import { misfit, readOwnFile, sha256 } from './content.js';
import { archiveTree, pathOf, type TreeFile, type TreeFolder, unwrapped } from './file-tree.js';
import { openImageTree } from './image-folder.js';
import { openNpy, openNpz } from './numpy.js';
import { openParquet } from './parquet.js';
import type { DataSource, OpenContext, OpenedData } from './source.js';
import { openTableFile } from './table.js';
import { openText } from './text-file.js';

const WANTED = 'images as in a folder, images.npy, or a single .npz, .npy, .csv, .tsv, .jsonl, .parquet or .txt file';

/** A tar or zip archive of one of the other formats; the folder that it was made of may be in it. */
export const archive: DataSource = {
  format: 'archive',
  says: 'a .tar, .tgz or .zip of any of these',

  async recognises(path) {
    return ARCHIVE_FILE.test(path) && (await stat(path)).isFile();
  },

  async open(reference, context = {}) {
    const { path } = reference;
    const content = await readOwnFile(path, context.signal);
    const file: DataFile = { name: basename(path), sha256: sha256(content.bytes), bytes: content.bytes.length };
    const entries = await readArchive(content);
    context.signal?.throwIfAborted();
    const tree = unwrapped(archiveTree(path, entries));
    return { ...(await openTree(tree, reference, context)), files: [file] };
  },
};

async function openTree(tree: TreeFolder, reference: DataReference, context: OpenContext): Promise<OpenedData> {
  const { files, folders } = tree;
  const [only, ...others] = files;
  if (folders.length === 0 && only) {
    const images = files.find(({ name }) => name === 'images.npy');
    if (images) return openNpy(contentOf(images), labelsOf(files), reference, context);
    if (others.length === 0) {
      const opened = await openFile(only, reference, context);
      if (opened) return opened;
    }
  }
  if (folders.length === 0 && files.length === 0) throw misfit(tree.path, 'is empty', WANTED);
  return openImageTree(tree, reference, context);
}

async function openFile(
  file: TreeFile,
  reference: DataReference,
  context: OpenContext,
): Promise<OpenedData | undefined> {
  const content = contentOf(file);
  if (/\.npz$/i.test(file.name)) return openNpz(content, reference, context);
  if (/\.npy$/i.test(file.name)) return openNpy(content, undefined, reference, context);
  if (/\.parquet$/i.test(file.name)) return openParquet(content, reference, context);
  if (/\.txt$/i.test(file.name)) return openText(content, reference);
  return openTableFile(content, reference);
}

function labelsOf(files: readonly TreeFile[]) {
  const labels = files.find(({ name }) => name === 'labels.npy');
  return labels && contentOf(labels);
}

function contentOf(file: TreeFile) {
  return { file: pathOf(file), bytes: file.bytes! };
}
