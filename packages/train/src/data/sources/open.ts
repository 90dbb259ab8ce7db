import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { DataReference, DataSet } from '../data-set.js';
import { DataError } from '../errors.js';
import { DATA_SETS } from '../sets/registry.js';
import { loadDataSet } from '../store/load.js';
import { archive } from './archive.js';
import { imageFolder } from './image-folder.js';
import { npy, npz } from './numpy.js';
import { parquet } from './parquet.js';
import type { DataSource, OpenContext } from './source.js';
import { csv, jsonl, tsv } from './table.js';
import { textFile } from './text-file.js';

/** The formats of users' own data, in the order in which they are asked whether they recognise a path. */
export const DATA_SOURCES: readonly DataSource[] = [npz, npy, csv, tsv, jsonl, textFile, archive, parquet, imageFolder];

/**
 * Whether a text means a path and no data set by name: it has a slash, or something of that name lies in the working
 * folder. A known name always is that data set.
 */
export async function isDataPath(text: string): Promise<boolean> {
  const [name] = text.split('+');
  if (DATA_SETS.some((set) => set.name === name)) return false;
  return /[\\/]/.test(text) || (await exists(text));
}

/**
 * Finds out of which format the data at a path are.
 *
 * @throws DataError (`data-missing`) nothing is there, (`data-format`) no source recognises it
 */
export async function referTo(path: string, options?: DataReference['options']): Promise<DataReference> {
  const absolute = resolve(path);
  if (!(await exists(absolute))) {
    throw new DataError('data-missing', `there is no file or folder ${absolute}`, { path: absolute });
  }
  for (const { format, recognises } of DATA_SOURCES) {
    if (!(await recognises(absolute))) continue;
    return {
      format,
      path: absolute,
      ...(options && Object.keys(options).length > 0 && { options }),
      splitRule: 'hash-1',
    };
  }
  const known = DATA_SOURCES.map(({ says }) => says).join('; ');
  throw new DataError('data-format', `${absolute} is no data of a known form; known: ${known}`, { path: absolute });
}

/**
 * Opens a user's own data. The data set's `reference` has the hash of what was read.
 *
 * @throws DataError (`data-missing`) they are gone, (`data-changed`) they are not what the reference's hash says,
 *   (`data-format`, `data-damaged`) they can't be read; names the file
 */
export async function openReference(
  reference: DataReference,
  signal?: AbortSignal,
  context: Omit<OpenContext, 'signal'> = {},
): Promise<DataSet> {
  const { format, path, sha256: expected } = reference;
  const source = DATA_SOURCES.find((candidate) => candidate.format === format);
  if (!source) {
    const known = DATA_SOURCES.map((candidate) => candidate.format).join(', ');
    throw new DataError('data-format', `there is no format '${format}' of data; known: ${known}`, { format });
  }
  if (!(await exists(path))) {
    const message = `the data ${path} are gone: put them back there, or name others by --data`;
    throw new DataError('data-missing', message, { path });
  }
  const { splits, files, vocabularies, found } = await source.open(reference, { ...context, signal });
  const sha256 = files[0]!.sha256;
  if (expected !== undefined && sha256 !== expected) {
    const message = `the data ${path} have changed since the training: put them back as they were, or take them as they are by --data ${path}`;
    throw new DataError('data-changed', message, { path, expected, found: sha256 });
  }
  return {
    name: nameOf(path),
    splits,
    files,
    embedded: false,
    ...(vocabularies && { vocabularies }),
    reference: { ...reference, sha256 },
    found,
  };
}

/** A data set by its name, a path to a user's own data, or a reference to them. */
export async function openDataSet(
  data: string | DataReference,
  { dataDir, signal, ...context }: OpenContext & { readonly dataDir?: string | undefined } = {},
): Promise<DataSet> {
  if (typeof data !== 'string') return openReference(data, signal, context);
  if (await isDataPath(data)) return openReference(await referTo(data), signal, context);
  return loadDataSet(data, { ...(dataDir !== undefined && { dataDir }), ...(signal && { signal }) });
}

/** A `+` in a name would mean that the images are binary already. */
function nameOf(path: string): string {
  return (
    basename(path)
      .replace(/\.(np[yz]|csv|tsv|jsonl|txt|parquet|tgz|zip|tar|tar\.gz)$/i, '')
      .replaceAll('+', '-') || 'data'
  );
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
