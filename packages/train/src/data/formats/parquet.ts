import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { FileMetaData, SchemaTree } from 'hyparquet';
import { FormatError } from '../errors.js';
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
export function isParquet(bytes: Uint8Array): boolean {
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
  const { parquetMetadataAsync, parquetReadObjects, parquetSchema } = await import('hyparquet');
  const { buffer, byteOffset, byteLength } = bytes;
  const source = {
    byteLength,
    slice: (start: number, end = byteLength) => buffer.slice(byteOffset + start, byteOffset + end) as ArrayBuffer,
  };
  const compressors = await decompressors();
  try {
    const metadata = await parquetMetadataAsync(source);
    requireColumns(metadata, parquetSchema(metadata));
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
    const reason = error instanceof Error ? error.message : String(error);
    throw fault(
      'an intact Parquet file, plain or packed by Snappy, gzip, Brotli, Zstandard or LZ4',
      reason.replace(/\s+/g, ' '),
      error,
    );
  }
}

/**
 * Every group of rows has each column of the schema once. hyparquet finds out while it reads the columns before, whose own errors
 * would then reach nobody and end the process.
 *
 * @throws Error naming the column
 */
function requireColumns({ row_groups: groups }: FileMetaData, schema: SchemaTree): void {
  const wanted = leavesOf(schema);
  for (const { columns } of groups) {
    const present = columns.map(({ meta_data: about }) => JSON.stringify(about?.path_in_schema ?? []));
    const stray = present.find((path, index) => !wanted.has(path) || present.indexOf(path) < index);
    if (stray !== undefined) throw new Error(`a column ${stray} that its schema lacks, or twice`);
  }
}

function leavesOf({ children, path }: SchemaTree): Set<string> {
  if (children.length === 0) return new Set([JSON.stringify(path)]);
  return new Set(children.flatMap((child) => [...leavesOf(child)]));
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
