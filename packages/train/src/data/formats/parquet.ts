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
  const { parquetMetadataAsync, parquetReadObjects } = await import('hyparquet');
  const { checkColumns } = await import('./parquet/pages.js');
  const { buffer, byteOffset, byteLength } = bytes;
  const source = {
    byteLength,
    slice: (start: number, end = byteLength) => buffer.slice(byteOffset + start, byteOffset + end) as ArrayBuffer,
  };
  try {
    const { metadata, compressors } = checkColumns(await parquetMetadataAsync(source), bytes);
    const read = parquetReadObjects({ file: source, metadata, compressors, utf8: false });
    const rows = (await read) as Record<string, unknown>[];
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
