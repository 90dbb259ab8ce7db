import { stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { type DataFile, type DataReference, SPLIT_NAMES, type SplitName } from '../data-set.js';
import { DataError } from '../errors.js';
import type { FileContent } from '../formats/gzip.js';
import { parseParquet } from '../formats/parquet.js';
import { shortened } from '../shortened.js';
import { asOneFile, misfit, readOwnFile, sha256 } from './content.js';
import { pathOf, readTree, type TreeFile, type TreeFolder } from './file-tree.js';
import { type NamedImage, openImages } from './image-folder.js';
import type { DataSource, OpenContext, OpenedData } from './source.js';
import { type Row, rowExamples } from './table.js';

const PARQUET_FILE = /\.parquet$/i;
/** Columns of images as data sets on the hub call them. */
const IMAGE_COLUMNS = ['image', 'img'];

/**
 * A Parquet file, or a folder of them, as Hugging Face's hub ships data sets: images as their files' bytes in a column `image` and
 * their classes in `label`, or texts as in a table. Files whose names begin with train, validation and test are the splits.
 */
export const parquet: DataSource = {
  format: 'parquet',
  says: 'a .parquet file, or a folder of them',

  async recognises(path) {
    if (PARQUET_FILE.test(path)) return (await stat(path)).isFile();
    return (await stat(path)).isDirectory() && parquetFiles(await readTree(path)).length > 0;
  },

  async open(reference, context = {}) {
    const { path } = reference;
    const isFolder = (await stat(path)).isDirectory();
    const found = isFolder
      ? parquetFiles(await readTree(path))
      : [{ name: basename(path), prefix: join(dirname(path), sep) }];
    const rows: Row[] = [];
    const parts: (SplitName | undefined)[] = [];
    const files: DataFile[] = [];
    let classNames: Readonly<Record<string, readonly string[]>> = {};
    for (const file of found) {
      const place = pathOf(file);
      const content = await readOwnFile(place, context.signal);
      context.signal?.throwIfAborted();
      const table = await parseParquet(content);
      const name = isFolder ? relative(path, place).split(sep).join('/') : file.name;
      files.push({ name, sha256: sha256(content.bytes), bytes: content.bytes.length });
      classNames = { ...classNames, ...table.classNames };
      const part = isFolder ? SPLIT_NAMES.find((split) => file.name.startsWith(split)) : undefined;
      for (const [index, values] of table.rows.entries()) {
        rows.push({ place: `${place}: row ${index}`, values });
        parts.push(part);
      }
    }
    if (rows.length === 0) throw misfit(path, 'has no rows', 'an example a row');
    const opened = await openRows(reference, rows, splitsOf(path, parts), classNames, context);
    return { ...opened, files: [asOneFile(basename(path), files)] };
  },
};

function parquetFiles({ files, folders }: TreeFolder): TreeFile[] {
  return [...files.filter(({ name }) => PARQUET_FILE.test(name)), ...folders.flatMap(parquetFiles)];
}

/** The split of each row by its file; undefined when no file's name tells one. @throws DataError some do, but not for each split */
function splitsOf(path: string, parts: readonly (SplitName | undefined)[]): SplitName[] | undefined {
  if (parts.every((part) => part === undefined)) return undefined;
  const absent = SPLIT_NAMES.find((split) => !parts.includes(split));
  if (absent === undefined && !parts.includes(undefined)) return parts as SplitName[];
  const found =
    absent === undefined
      ? 'has files of no split beside those of splits'
      : `has no file whose name begins with ${absent}`;
  throw misfit(
    path,
    found,
    `names that begin with ${SPLIT_NAMES.join(', ')}; or a single file, such as that of train, by its own path`,
  );
}

async function openRows(
  reference: DataReference,
  rows: readonly Row[],
  parts: readonly SplitName[] | undefined,
  classNames: Readonly<Record<string, readonly string[]>>,
  context: OpenContext,
): Promise<OpenedData> {
  const { options = {} } = reference;
  const given = Object.fromEntries(`${options.columns ?? ''}`.split(',').map((entry) => entry.split('=')));
  const present = Object.keys(rows[0]!.values);
  const image: string | undefined = given.image ?? IMAGE_COLUMNS.find((name) => present.includes(name));
  if (image === undefined || given.text !== undefined || given.source !== undefined) {
    const texts = rows.map(({ place, values }) => ({ place, values: textsOf(values, classNames) }));
    return { ...rowExamples(reference, texts, parts), files: [] };
  }
  const label: string | undefined = given.label ?? (present.includes('label') ? 'label' : undefined);
  for (const column of [image, ...(label === undefined ? [] : [label])]) requireColumn(reference.path, column, present);
  const images = rows.map(({ place, values }, index): NamedImage => {
    const className = label === undefined ? undefined : nameOf(values[label], classNames[label]);
    if (label !== undefined && className === undefined)
      throw new DataError('data-format', `${place} has no class in the column '${label}'`);
    return {
      file: { name: place, prefix: '', bytes: bytesOf(values[image], place, image) },
      above: '',
      ...(className !== undefined && { className }),
      ...(parts && { part: parts[index]! }),
    };
  });
  const { columns: _, ...others } = options;
  return openImages(images, { ...reference, options: others }, context, 'label');
}

function requireColumn(path: string, column: string, present: readonly string[]): void {
  if (present.includes(column)) return;
  const message = `${path} has no column '${column}'; columns: ${present.join(', ')}. --columns image=...,label=... names others`;
  throw new DataError('data-format', message, { path, column });
}

/** Byte arrays that are UTF-8 as texts, whole numbers of named classes as the names, columns within `a` as `a.NAME`. */
function textsOf(values: Row['values'], classNames: Readonly<Record<string, readonly string[]>>): Row['values'] {
  const entries = Object.entries(values).flatMap(([column, value]) => {
    if (value instanceof Uint8Array) return [[column, new TextDecoder().decode(value)]];
    if (isStruct(value)) {
      const inside = textsOf(value, {});
      return Object.entries(inside).map(([name, text]) => [`${column}.${name}`, text]);
    }
    return [[column, nameOf(value, classNames[column]) ?? value]];
  });
  return Object.fromEntries(entries);
}

/** A group of columns, such as the hub's `translation` with one for each language. */
function isStruct(value: unknown): value is Row['values'] {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function nameOf(value: unknown, names: readonly string[] | undefined): string | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return `${value}`;
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) return undefined;
  return names ? names[number] : `${number}`;
}

/** The bytes of an image: of `{ bytes, path }`, as `datasets` keeps it, or plain. */
function bytesOf(value: unknown, place: string, column: string): Uint8Array {
  const { bytes, path } = (value ?? {}) as { readonly bytes?: unknown; readonly path?: unknown };
  if (value instanceof Uint8Array) return value;
  if (bytes instanceof Uint8Array) return bytes;
  const only =
    typeof path === 'string' ? ` but the path of one, '${shortened(path)}': give the folder of the images` : '';
  throw new DataError('data-format', `${place} has no image in the column '${column}'${only}`, { place, column });
}

/** A Parquet file within an archive. */
export async function openParquet(
  content: FileContent,
  reference: DataReference,
  context: OpenContext,
): Promise<OpenedData> {
  const { rows, classNames } = await parseParquet(content);
  const named = rows.map((values, index) => ({ place: `${content.file}: row ${index}`, values }));
  if (named.length === 0) throw misfit(content.file, 'has no rows', 'an example a row');
  return openRows(reference, named, undefined, classNames, context);
}
