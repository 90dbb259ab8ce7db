import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { CsvError, parse } from 'csv-parse/sync';
import { type DataReference, SPLIT_NAMES, type Split, type SplitName, type Splits } from '../data-set.js';
import { DataError } from '../errors.js';
import { labelField } from '../fields.js';
import type { FileContent } from '../formats/gzip.js';
import { parseLines } from '../formats/lines.js';
import { ContentHashes } from '../loader/content-hashes.js';
import { pick } from '../views.js';
import { classesOf, requireClasses, requireEveryClass } from './classes.js';
import { readOwnFile, sha256 } from './content.js';
import { requireOptions, SPLIT_OPTIONS } from './options.js';
import type { DataSource, OpenedData } from './source.js';
import { describeSizes, splitByPart, splitExamples, splitNamed, splittingOf } from './split.js';

/** A record, and where it is: for messages. */
export interface Row {
  readonly place: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** @param byNumber the first line is a row like the others; columns are `#1`, `#2`, ... */
type Read = (content: FileContent, byNumber: boolean) => Row[];

/** Whether columns are given by their numbers: `source=#1,target=#2`. */
function areNumbered({ options = {} }: DataReference): boolean {
  return /(^|,)\w+=#\d+(,|$)/.test(`${options.columns ?? ''}`);
}

/**
 * Files of one record a row: columns `text` and, where there are classes, `label`; or `source` and `target`, for
 * translation. Other columns are taken by the option `columns`: `text=review,label=stars`, or, of a table without a line of
 * names, `source=#1,target=#2`.
 */
function table(format: string, says: string, read: Read): DataSource {
  return {
    format,
    says,

    async recognises(path) {
      return path.toLowerCase().endsWith(`.${format}`) && (await stat(path)).isFile();
    },

    async open(reference, { signal } = {}) {
      const content = await readOwnFile(reference.path, signal);
      signal?.throwIfAborted();
      return openTable(content, reference, read(content, areNumbered(reference)));
    },
  };
}

function openTable(content: FileContent, reference: DataReference, rows: readonly Row[]): OpenedData {
  const file = { name: basename(content.file), sha256: sha256(content.bytes), bytes: content.bytes.length };
  return { ...rowExamples(reference, rows), files: [file] };
}

/** A .csv, .tsv or .jsonl file, which may lie in an archive; undefined for another. */
export function openTableFile(content: FileContent, reference: DataReference): OpenedData | undefined {
  const [, ending] = /\.(csv|tsv|jsonl)$/i.exec(content.file) ?? [];
  if (ending === undefined) return undefined;
  const read = READERS[ending.toLowerCase() as keyof typeof READERS];
  return openTable(content, reference, read(content, areNumbered(reference)));
}

const separated =
  (usual: string): Read =>
  (content, byNumber) => {
    const { file } = content;
    const refuse = (what: string, cause?: unknown) =>
      new DataError('data-format', `${file}: ${what}`, { path: file }, { cause });
    const lines = parseLines(content, 'utf-8');
    // Spreadsheets of some languages write semicolons; a header without any of these is one column.
    const header = lines.find((line) => line !== '') ?? '';
    const delimiter = [usual, ';', '\t', ','].find((candidate) => header.includes(candidate)) ?? usual;
    const columns = (names: string[]) => {
      const trimmed = names.map((name) => name.trim());
      const twice = trimmed.find((name, index) => trimmed.indexOf(name) < index);
      if (twice !== undefined) throw refuse(`the column '${twice}' stands twice in the header`);
      return trimmed;
    };
    try {
      const options = { delimiter, columns: byNumber ? false : columns, skip_empty_lines: true, info: true } as const;
      const records = parse(lines.join('\n'), options) as unknown as {
        record: Record<string, string> | string[];
        info: { lines: number };
      }[];
      return records.map(({ record, info }) => {
        const values = Array.isArray(record)
          ? Object.fromEntries(record.map((value, index) => [`#${index + 1}`, value]))
          : record;
        return { place: `${file}: line ${info.lines}`, values };
      });
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      const quote = error.code === 'INVALID_OPENING_QUOTE' || error.code === 'CSV_INVALID_CLOSING_QUOTE';
      const mend = quote ? '; a field with quotes is quoted whole, and they are doubled: "a ""b"" c"' : '';
      throw refuse(`${error.message}${mend}`, error);
    }
  };

const jsonLines: Read = (content) =>
  parseLines(content, 'utf-8').flatMap((line, index) => {
    const place = `${content.file}: line ${index + 1}`;
    if (line.trim() === '') return [];
    let values: unknown;
    try {
      values = JSON.parse(line);
    } catch (error) {
      throw new DataError('data-format', `${place} is not JSON`, { path: content.file }, { cause: error });
    }
    if (typeof values === 'object' && values !== null) return [{ place, values: values as Row['values'] }];
    throw new DataError('data-format', `${place} is no object`, { path: content.file });
  });

const READERS = { csv: separated(','), tsv: separated('\t'), jsonl: jsonLines } as const;

export const csv: DataSource = table('csv', 'a .csv', READERS.csv);
export const tsv: DataSource = table('tsv', '.tsv', READERS.tsv);
export const jsonl: DataSource = table('jsonl', 'or .jsonl file of texts', READERS.jsonl);

/** Names of columns: texts of one sort, and what else is told of them. */
type Roles = (
  | { readonly text: string; readonly label?: string }
  | { readonly source: string; readonly target: string }
) & {
  /** `train`, `validation` or `test`: the user has split them. */
  readonly split?: string;
};

/** Of all rows: an object of JSON may lack some. */
function columnsOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.flatMap(({ values }) => Object.keys(values)))];
}

/** Which columns are read as what. */
function rolesOf(reference: DataReference, rows: readonly Row[]): Roles {
  const { path, options = {} } = reference;
  const refuse = (what: string) => new DataError('data-format', `${path}${what}`, { path, options });
  requireOptions(reference, 'texts', ['columns', ...SPLIT_OPTIONS]);
  const { columns = '' } = options;
  if (rows.length === 0) throw refuse(' has no rows');
  const given: Record<string, string> = {};
  for (const entry of columns === '' ? [] : String(columns).split(',')) {
    const [, role, column] = /^(text|label|source|target|split)=(.+)$/.exec(entry) ?? [];
    if (role === undefined || column === undefined) {
      throw refuse(`: columns are given as text=...,label=... or source=...,target=..., not '${entry}'`);
    }
    given[role] = column;
  }
  const present = columnsOf(rows);
  const roles: Record<string, string> = { ...given };
  if (given.text === undefined && given.source === undefined && given.target === undefined) {
    const pairs = present.includes('source') && present.includes('target');
    Object.assign(roles, pairs && !given.label ? { source: 'source', target: 'target' } : { text: 'text' });
  }
  if (roles.text !== undefined && roles.label === undefined && present.includes('label')) roles.label = 'label';
  const absent = Object.entries(roles).find(([, column]) => !present.includes(column));
  if (absent) {
    const others = (given.text ?? given.source ?? given.target) ? '' : ' (of pairs: source=...,target=...)';
    const unnamed = /^(csv|tsv)$/.test(reference.format) && !areNumbered(reference);
    throw refuse(
      ` has no column '${absent[1]}' for the ${absent[0]}; columns: ${present.join(', ')}. --columns ${absent[0]}=... names another${others}${unnamed ? `; of a table without a line of names ${absent[0]}=#1` : ''}`,
    );
  }
  const { text, label, source, target, split } = roles;
  const parts = split === undefined ? {} : { split };
  if (text !== undefined && source === undefined && target === undefined)
    return { text, ...(label && { label }), ...parts };
  if (text === undefined && label === undefined && source !== undefined && target !== undefined) {
    return { source, target, ...parts };
  }
  throw refuse(': columns are text and perhaps label, or source and target');
}

/** Rows as examples in the splits given, or as the reference's options want them. */
export function rowExamples(
  reference: DataReference,
  rows: readonly Row[],
  given?: readonly SplitName[],
): Omit<OpenedData, 'files'> {
  const { path, options = {} } = reference;
  const roles = rolesOf(reference, rows);
  const column = (name: string) =>
    rows.map(({ place, values }) => {
      const value = values[name];
      const plain = Number.isSafeInteger(value) || typeof value === 'bigint' || typeof value === 'boolean';
      const text = typeof value === 'string' ? value : plain ? String(value) : '';
      if (text.trim() !== '') return text.trim();
      throw new DataError('data-format', `${place} has no text in the column '${name}'`, { path, column: name });
    });
  const texts: Record<string, string[]> =
    'text' in roles ? { text: column(roles.text) } : { source: column(roles.source), target: column(roles.target) };
  const classes = 'text' in roles && roles.label !== undefined ? classesOf(column(roles.label)) : undefined;
  if (classes) requireClasses(path, classes);
  const label = classes && { ...labelField(classes.labels), below: classes.names.length };
  const all: Split = { size: rows.length, fields: label ? { label } : {}, texts };
  const { group } = options;
  const columns = columnsOf(rows);
  if (group !== undefined && !columns.includes(`${group}`)) {
    const message = `${path} has no column '${group}' to group by; columns: ${columns.join(', ')}`;
    throw new DataError('data-format', message, { path, group });
  }
  if ((given || roles.split !== undefined) && (group !== undefined || options.split !== undefined)) {
    const told = given ? 'its files are the splits' : `the column '${roles.split}' is the split`;
    const message = `${path}: ${told} already: give no split and no group`;
    throw new DataError('data-format', message, { path, options });
  }
  // Pairs of one source stay together: its other translations would give it away.
  const content = (texts.text ?? texts.source)!;
  const hashes = ContentHashes.of(content.length, (index) => content[index]!);
  const groups = group === undefined ? undefined : column(`${group}`);
  const parts = given ?? (roles.split === undefined ? undefined : partsOf(rows, column(roles.split), roles.split));
  const chosen = parts
    ? splitByPart(parts)
    : splitExamples(path, splittingOf(reference), { hashes, labels: classes?.labels, groups });
  const empty = SPLIT_NAMES.find((split) => chosen[split].length === 0);
  if (empty !== undefined)
    throw new DataError('data-format', `${path} has no rows for ${empty}`, { path, split: empty });
  const byLabel = group !== undefined && 'text' in roles && group === roles.label;
  if (classes && !byLabel) requireEveryClass(path, chosen.train, classes);
  const splits = Object.fromEntries(SPLIT_NAMES.map((split) => [split, pick(all, chosen[split])])) as unknown as Splits;
  const sizes = describeSizes((split) => chosen[split].length);
  const apart = group === undefined ? '' : `, no ${group} in two of them`;
  const what = 'text' in roles ? 'texts' : 'pairs of sentences';
  return {
    splits,
    ...(classes && { vocabularies: { label: classes.names } }),
    found: `${rows.length} ${what}${classes ? ` of ${classes.names.length} classes` : ''} (${sizes}${apart})`,
  };
}

function partsOf(rows: readonly Row[], given: readonly string[], column: string): SplitName[] {
  return given.map((word, index) => {
    const split = splitNamed(word);
    if (split) return split;
    const message = `${rows[index]!.place} has '${word}' in the column '${column}'; wanted: ${SPLIT_NAMES.join(', ')}`;
    throw new DataError('data-format', message, { column, found: word });
  });
}
