import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { FileMetaData, SchemaTree } from 'hyparquet';
import { FormatError } from '../errors.js';
import { damageOf } from './damage.js';
import type { FileContent } from './gzip.js';

/** A Parquet file's rows. */
export interface ParquetTable {
  readonly columns: readonly string[];
  /** By column. Byte arrays are bytes, but for columns declared as text. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Names of the classes of a column, as Hugging Face's `datasets` declares them. */
  readonly classNames: Readonly<Record<string, readonly string[]>>;
}

/** `PAR1`. */
function isParquet(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x41 && bytes[2] === 0x52 && bytes[3] === 0x31;
}

/**
 * Reads a Parquet file whose pages are plain, or packed by Snappy, gzip, Brotli, Zstandard or LZ4.
 *
 * @throws FormatError damaged, or packed otherwise
 */
export async function parseParquet({ file, bytes }: FileContent): Promise<ParquetTable> {
  const fault = (expected: string, found: string, cause?: unknown) =>
    new FormatError({ file, offset: 0, expected, found, truncated: false }, { cause });
  if (!isParquet(bytes))
    throw fault('a Parquet file, which starts with PAR1', `${bytes.length} bytes of something else`);
  const { parquetMetadataAsync, parquetReadObjects, parquetSchema, snappyUncompress } = await import('hyparquet');
  const { buffer, byteOffset, byteLength } = bytes;
  const source = {
    byteLength,
    slice: (start: number, end = byteLength) => buffer.slice(byteOffset + start, byteOffset + end) as ArrayBuffer,
  };
  const compressors = {
    ...(await decompressors()),
    SNAPPY: (input: Uint8Array, size: number) => {
      requireSnappy(input, size);
      const output = new Uint8Array(size);
      snappyUncompress(input, output);
      return output;
    },
  };
  try {
    const metadata = await parquetMetadataAsync(source);
    requireWholeGroups(metadata, leavesOf(parquetSchema(metadata)));
    const rows = (await parquetReadObjects({ file: source, metadata, compressors, utf8: false })) as Record<
      string,
      unknown
    >[];
    const columns = metadata.schema
      .slice(1)
      .reduce<{ names: string[]; skip: number }>(
        ({ names, skip }, { name, num_children: children = 0 }) =>
          skip > 0 ? { names, skip: skip - 1 + children } : { names: [...names, name], skip: children },
        { names: [], skip: 0 },
      ).names;
    return { columns, rows, classNames: classNamesOf(metadata.key_value_metadata ?? []) };
  } catch (error) {
    throw fault(
      'an intact Parquet file, plain or packed by Snappy, gzip, Brotli, Zstandard or LZ4',
      damageOf(error).replace(/\s+/g, ' '),
      error,
    );
  }
}

/**
 * Walks through Snappy's elements (github.com/google/snappy, format_description.txt) without unpacking them: hyparquet goes backwards at
 * literals of 2 GiB and more, without end, and makes room for any size that the page claims.
 *
 * @throws Error unless they lie in the input and make up `size` bytes
 */
function requireSnappy(input: Uint8Array, size: number): void {
  let at = 0;
  while (at < input.length && input[at]! >= 128) at++;
  at++;
  let unpacked = 0;
  while (at < input.length) {
    const tag = input[at++]!;
    const kind = tag & 3;
    let length = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    if (kind === 0) {
      const more = Math.max(0, length - 60);
      if (more > 0) length = 1;
      for (let i = 0; i < more; i++) length += (input[at + i] ?? 0) * 256 ** i;
      at += more + length;
    } else at += kind === 3 ? 4 : kind;
    unpacked += length;
  }
  if (at !== input.length || unpacked !== size) throw new Error(`Snappy data that are not those of ${size} bytes`);
}

const leavesOf = ({ path, children }: SchemaTree): string[] =>
  children.length === 0 ? [path.join('.')] : children.flatMap(leavesOf);

/**
 * Each group of rows must have each column of the schema once: hyparquet begins to read the columns and forgets those that it has no
 * place for, whose damage would end the process as a rejection that nobody handles.
 */
function requireWholeGroups({ row_groups: groups }: FileMetaData, leaves: readonly string[]): void {
  for (const { columns } of groups) {
    const paths = columns.map(({ meta_data: about }) => about?.path_in_schema.join('.') ?? '');
    const isWhole = paths.length === leaves.length && new Set(paths).size === paths.length;
    if (!isWhole || !paths.every((path) => leaves.includes(path))) {
      throw new Error(`a group of rows has the columns ${paths.join(', ')}, and the schema ${leaves.join(', ')}`);
    }
  }
}

/** Of the features in `datasets`'s metadata: `{ info: { features: { label: { names: [...] } } } }`. */
function classNamesOf(
  metadata: readonly { readonly key: string; readonly value?: string | undefined }[],
): ParquetTable['classNames'] {
  const text = metadata.find(({ key }) => key === 'huggingface')?.value;
  if (text === undefined) return {};
  let features: unknown;
  try {
    features = (JSON.parse(text) as { info?: { features?: unknown } }).info?.features;
  } catch {
    return {}; // Names are a service: without them labels are numbers.
  }
  if (typeof features !== 'object' || features === null) return {};
  const named = Object.entries(features).flatMap(([column, feature]) => {
    const names = (feature as { names?: unknown } | null)?.names;
    const valid = Array.isArray(names) && names.every((name) => typeof name === 'string');
    return valid ? [[column, names as string[]] as const] : [];
  });
  return Object.fromEntries(named);
}

type Decompress = (input: Uint8Array, outputLength: number) => Uint8Array;

/** The most bytes that a page may unpack to; writers aim at 1 MiB. */
const PAGE_BYTES = 2 ** 30;

/** Of all packings but Snappy, which hyparquet has itself. gzip and Brotli are Node's own. */
async function decompressors(): Promise<Readonly<Record<string, Decompress>>> {
  const { decompressLz4, decompressLz4Raw, decompressZstd } = await import('hyparquet-compressors');
  const all: Record<string, Decompress> = {
    GZIP: (input, maxOutputLength) => gunzipSync(input, { maxOutputLength }),
    BROTLI: (input, maxOutputLength) => brotliDecompressSync(input, { maxOutputLength }),
    ZSTD: (input) => decompressZstd(input),
    LZ4: decompressLz4,
    LZ4_RAW: decompressLz4Raw,
  };
  return Object.fromEntries(Object.entries(all).map(([name, unpack]) => [name, checked(name, unpack)]));
}

/** @throws Error (of its result) a page that does not unpack to as many bytes as its header says */
function checked(name: string, unpack: Decompress): Decompress {
  return (input, outputLength) => {
    if (outputLength > PAGE_BYTES) throw new Error(`a page of ${outputLength} bytes, more than ${PAGE_BYTES}`);
    const output = unpack(input, outputLength);
    if (output.length === outputLength) return output;
    throw new Error(`a ${name} page unpacks to ${output.length} bytes, its header says ${outputLength}`);
  };
}
