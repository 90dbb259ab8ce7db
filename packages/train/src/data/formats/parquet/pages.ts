import type { ColumnMetaData, CompressionCodec, Compressors, FileMetaData, PageHeader, SchemaTree } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { parquetSchema } from 'hyparquet/src/metadata.js';
import { getMaxDefinitionLevel, getMaxRepetitionLevel, getTreePath, isFlatColumn } from 'hyparquet/src/schema.js';
import { PAGE_BYTES, UNPACK } from './unpack.js';
import { prefixed, requireRuns, requireValues, type ValueType } from './values.js';

/** Values that a column may have beside one for each byte of the file: equal ones take no bytes. */
const FREE_VALUES = 2 ** 18;
/** The same of all columns together, beside 16 for each byte. */
const FREE_VALUES_IN_ALL = 2 ** 21;

/** Arguments for the library: it then reads a file whose pages are checked as they are unpacked. */
export interface CheckedColumns {
  readonly metadata: FileMetaData;
  readonly compressors: Compressors;
}

/**
 * Checks the counts and sizes of groups, columns and page headers against each other and against the file's length, before anything is
 * decoded; and has the library call back for each page, so that its levels and values are checked between unpacking and decoding.
 *
 * @throws Error naming the column
 */
export function checkColumns(metadata: FileMetaData, bytes: Uint8Array): CheckedColumns {
  const schema = parquetSchema(metadata);
  requireWholeGroups(metadata, leavesOf(schema), bytes.length);
  const compressors: Record<string, (input: Uint8Array, size: number) => Uint8Array> = {};
  const groups = metadata.row_groups.map((group, number) => ({
    ...group,
    columns: group.columns.map((chunk) => {
      const about = chunk.meta_data!;
      const path = about.path_in_schema.join('.');
      const column = new Column(getTreePath(schema, about.path_in_schema), about, Number(group.num_rows));
      const codec = `${path} of group ${number}`;
      compressors[codec] = named(path, () => column.walk(bytes));
      // A name of its own for each column's packing, no packing among them, tells the library's call back which column it reads.
      return { ...chunk, meta_data: { ...about, codec: codec as CompressionCodec } };
    }),
  }));
  return { metadata: { ...metadata, row_groups: groups }, compressors: compressors as Compressors };
}

/** Errors name the column. */
function named<T extends (...args: never[]) => unknown>(path: string, make: () => T): T {
  const attempt = <R>(body: () => R): R => {
    try {
      return body();
    } catch (error) {
      if (!(error instanceof Error) || error instanceof TypeError || error instanceof RangeError) throw error;
      throw new Error(`the column ${path} has ${error.message}`, { cause: error });
    }
  };
  const made = attempt(make);
  return ((...args: Parameters<T>) => attempt(() => made(...args))) as T;
}

const leavesOf = ({ path, children }: SchemaTree): string[] =>
  children.length === 0 ? [path.join('.')] : children.flatMap(leavesOf);

/**
 * Each group of rows must have each column of the schema once: hyparquet begins to read the columns and forgets those that it has no
 * place for, whose damage would end the process as a rejection that nobody handles.
 */
function requireWholeGroups(
  { num_rows: all, row_groups: groups }: FileMetaData,
  leaves: readonly string[],
  bytes: number,
): void {
  const [mostValues, mostInAll] = [FREE_VALUES + bytes, FREE_VALUES_IN_ALL + 16 * bytes];
  let [rows, inAll] = [0, 0];
  for (const { columns, num_rows: count } of groups) {
    const paths = columns.map(({ meta_data: about }) => about?.path_in_schema.join('.') ?? '');
    const isWhole = paths.length === leaves.length && new Set(paths).size === paths.length;
    if (!isWhole || !paths.every((path) => leaves.includes(path))) {
      throw new Error(`a group of rows has the columns ${paths.join(', ')}, and the schema ${leaves.join(', ')}`);
    }
    rows += Number(count);
    for (const { meta_data: about } of columns) {
      const values = Number(about!.num_values);
      inAll += values;
      if (Number(count) >= 0 && values >= 0 && values <= mostValues && rows <= mostValues) continue;
      const path = about!.path_in_schema.join('.');
      throw new Error(`the column ${path} has ${values} values in ${count} rows; its file has room for ${mostValues}`);
    }
  }
  if (inAll > mostInAll)
    throw new Error(`its columns have ${inAll} values together; its file has room for ${mostInAll}`);
  if (Number(all) !== rows) throw new Error(`groups of ${rows} rows in all, and not of the ${all} of the file`);
}

/** A page that the library will have unpacked. */
interface Page {
  readonly header: PageHeader;
  /** Values that aren't null, if levels need not be unpacked to tell. */
  readonly defined?: number;
}

/** A column of a group of rows. */
class Column {
  readonly #about: ColumnMetaData;
  readonly #rows: number;
  readonly #value: ValueType;
  readonly #isFlat: boolean;
  readonly #repetition: number;
  readonly #definition: number;

  constructor(path: SchemaTree[], about: ColumnMetaData, rows: number) {
    const { type, type_length: length } = path.at(-1)!.element;
    this.#about = about;
    this.#rows = rows;
    this.#value = { type, length };
    this.#isFlat = isFlatColumn(path);
    this.#repetition = getMaxRepetitionLevel(path);
    this.#definition = getMaxDefinitionLevel(path);
  }

  /** Checks all headers. @returns what unpacks and checks the pages, in their order */
  walk(bytes: Uint8Array): (input: Uint8Array, size: number) => Uint8Array {
    const { codec, num_values: count } = this.#about;
    const unpack = UNPACK.get(codec);
    if (!unpack) throw new Error(`pages packed by ${codec ?? 'something unknown'}`);
    if (this.#isFlat && Number(count) !== this.#rows) throw new Error(`${count} values in ${this.#rows} rows`);
    const pages = this.#pages(bytes);
    let next = 0;
    return (input, size) => {
      const page = pages[next++];
      if (!page) throw new Error('a page more than its headers');
      const unpacked = unpack(input, size);
      this.#requireContent(page, unpacked);
      return unpacked;
    };
  }

  #pages(bytes: Uint8Array): Page[] {
    const { dictionary_page_offset: dictionary, data_page_offset: data, total_compressed_size: size } = this.#about;
    const begin = Number(dictionary || data);
    const length = Number(size);
    if (!(begin >= 0 && length >= 0 && begin + length <= bytes.length))
      throw new Error(`${length} bytes from byte ${begin}, of ${bytes.length}`);
    const reader = { view: new DataView(bytes.buffer, bytes.byteOffset + begin, length), offset: 0 };
    const pages: Page[] = [];
    let left = Number(this.#about.num_values);
    while (left > 0 || (!this.#isFlat && reader.offset < length - 1)) {
      if (reader.offset >= length - 1) throw new Error(`${left} values less than it says`);
      const header = parquetHeader(reader);
      const packed = header.compressed_page_size;
      this.#requireSizes(header, length - reader.offset);
      const body = new Uint8Array(reader.view.buffer, reader.view.byteOffset + reader.offset, packed);
      const { data_page_header: first, data_page_header_v2: second } = header;
      const values = header.type === 'DATA_PAGE' ? first?.num_values : second?.num_values;
      if (header.type === 'DICTIONARY_PAGE') pages.push({ header });
      else {
        if (values === undefined || !(values >= 0 && values <= left))
          throw new Error(`a page of ${values} values where ${left} are left`);
        left -= values;
        const page = header.type === 'DATA_PAGE' ? { header } : this.#levelsOf(header, body);
        if (page) pages.push(page);
      }
      reader.offset += packed;
    }
    return pages;
  }

  #requireSizes({ compressed_page_size: packed, uncompressed_page_size: size }: PageHeader, rest: number): void {
    if (!(packed >= 0 && packed <= rest)) throw new Error(`a page of ${packed} bytes where ${rest} are left`);
    if (!(size >= 0 && size <= PAGE_BYTES))
      throw new Error(`a page that unpacks to ${size} bytes, not to at most ${PAGE_BYTES}`);
  }

  /** Of pages of version 2, levels lie before the packed values. @returns undefined where nothing has to be unpacked */
  #levelsOf(header: PageHeader, body: Uint8Array): Page | undefined {
    const about = header.data_page_header_v2!;
    const { num_values: count, num_nulls: nulls, num_rows: rows, encoding } = about;
    const [repetition, definition] = [about.repetition_levels_byte_length, about.definition_levels_byte_length];
    const size = header.uncompressed_page_size - repetition - definition;
    const sizesFit = repetition >= 0 && definition >= 0 && repetition + definition <= body.length && size >= 0;
    const countsFit = nulls >= 0 && nulls <= count && (this.#isFlat ? rows === count : rows >= 0 && rows <= count);
    if (!sizesFit || !countsFit)
      throw new Error(`a page of ${count} values, ${nulls} of them null, in ${rows} rows and ${body.length} bytes`);
    const levels = body.subarray(0, repetition + definition);
    if (this.#repetition > 0) requireRuns(levels.subarray(0, repetition), bitsOf(this.#repetition), count);
    const defined = this.#definedIn(levels.subarray(repetition), count);
    if (defined !== count - nulls) throw new Error(`a page of ${count - defined} nulls and not of ${nulls}`);
    if (about.is_compressed !== false && size > 0) return { header, defined };
    requireValues(body.subarray(repetition + definition), encoding, defined, this.#value);
    return undefined;
  }

  #definedIn(levels: Uint8Array, count: number): number {
    return this.#definition === 0 ? count : requireRuns(levels, bitsOf(this.#definition), count, this.#definition);
  }

  #requireContent({ header, defined }: Page, unpacked: Uint8Array): void {
    const { dictionary_page_header: dictionary, data_page_header: first, data_page_header_v2: second } = header;
    if (header.type === 'DICTIONARY_PAGE') {
      if (!(dictionary && dictionary.num_values >= 0)) throw new Error('a dictionary of no size');
      requireValues(unpacked, 'PLAIN', dictionary.num_values, this.#value);
    } else if (header.type === 'DATA_PAGE') {
      const { num_values: count, encoding } = first!;
      let rest = unpacked;
      const { repetition_level_encoding: repetition, definition_level_encoding: definition } = first!;
      const isOld = (this.#repetition > 0 && repetition !== 'RLE') || (this.#definition > 0 && definition !== 'RLE');
      if (isOld) throw new Error('levels of an encoding that is no longer in use');
      if (this.#repetition > 0) {
        const { content, rest: after } = prefixed(rest);
        requireRuns(content, bitsOf(this.#repetition), count);
        rest = after;
      }
      let values = count;
      if (this.#definition > 0) {
        const { content, rest: after } = prefixed(rest);
        values = this.#definedIn(content, count);
        rest = after;
      }
      requireValues(rest, encoding, values, this.#value);
    } else requireValues(unpacked, second!.encoding, defined!, this.#value);
  }
}

/** Bits of a number up to `most`. */
const bitsOf = (most: number): number => 32 - Math.clz32(most);
