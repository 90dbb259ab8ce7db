import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { CsvError, parse } from 'csv-parse/sync';
import { type DataReference, SPLIT_NAMES, type Split, type Splits } from '../data-set.js';
import { DataError } from '../errors.js';
import { labelField } from '../fields.js';
import type { FileContent } from '../formats/gzip.js';
import { parseLines } from '../formats/lines.js';
import { pick } from '../views.js';
import { classesOf, requireEveryClass } from './classes.js';
import { readOwnFile, sha256 } from './content.js';
import type { DataSource } from './source.js';
import { describeSizes, splitByHash } from './split.js';

/** A record, and where it is: for messages. */
interface Row {
  readonly place: string;
  readonly values: Readonly<Record<string, unknown>>;
}

type Read = (content: FileContent) => Row[];

/**
 * Files of one record a row: columns `text` and, where there are classes, `label`; or `source` and `target`, for
 * translation. Other columns are taken by the option `columns`: `text=review,label=stars`.
 */
function table(format: string, says: string, read: Read): DataSource {
  return {
    format,
    says,

    async recognises(path) {
      return path.toLowerCase().endsWith(`.${format}`) && (await stat(path)).isFile();
    },

    async open(reference, signal) {
      const { path } = reference;
      const content = await readOwnFile(path, signal);
      signal?.throwIfAborted();
      const rows = read(content);
      const file = { name: basename(path), sha256: sha256(content.bytes), bytes: content.bytes.length };
      return { ...examplesOf(path, rows, rolesOf(reference, rows[0])), files: [file] };
    },
  };
}

const separated =
  (delimiter: string): Read =>
  (content) => {
    try {
      const text = parseLines(content, 'utf-8').join('\n');
      const records = parse(text, { delimiter, columns: true, skip_empty_lines: true, info: true }) as unknown as {
        record: Record<string, string>;
        info: { lines: number };
      }[];
      return records.map(({ record, info }) => ({ place: `${content.file}: line ${info.lines}`, values: record }));
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      throw new DataError('data-format', `${content.file}: ${error.message}`, { path: content.file }, { cause: error });
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

export const csv: DataSource = table('csv', 'a .csv', separated(','));
export const tsv: DataSource = table('tsv', '.tsv', separated('\t'));
export const jsonl: DataSource = table('jsonl', 'or .jsonl file of texts', jsonLines);

type Roles = { readonly text: string; readonly label?: string } | { readonly source: string; readonly target: string };

/** Which columns are read as what. */
function rolesOf({ path, options = {} }: DataReference, first: Row | undefined): Roles {
  const refuse = (what: string) => new DataError('data-format', `${path}${what}`, { path, options });
  const { columns = '', ...others } = options;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw refuse(`: texts have no option '${unknown}'; options: columns`);
  if (!first) throw refuse(' has no rows');
  const given: Record<string, string> = {};
  for (const entry of columns === '' ? [] : String(columns).split(',')) {
    const [, role, column] = /^(text|label|source|target)=(.+)$/.exec(entry) ?? [];
    if (role === undefined || column === undefined) {
      throw refuse(`: columns are given as text=...,label=... or source=...,target=..., not '${entry}'`);
    }
    given[role] = column;
  }
  const present = Object.keys(first.values);
  const roles: Record<string, string> = { ...given };
  if (given.text === undefined && given.source === undefined && given.target === undefined) {
    const pairs = present.includes('source') && present.includes('target');
    Object.assign(roles, pairs && !given.label ? { source: 'source', target: 'target' } : { text: 'text' });
  }
  if (roles.text !== undefined && roles.label === undefined && present.includes('label')) roles.label = 'label';
  const absent = Object.entries(roles).find(([, column]) => !present.includes(column));
  if (absent) {
    throw refuse(
      ` has no column '${absent[1]}' for the ${absent[0]}; columns: ${present.join(', ')}. --columns ${absent[0]}=... names another`,
    );
  }
  const { text, label, source, target } = roles;
  if (text !== undefined && source === undefined && target === undefined) return { text, ...(label && { label }) };
  if (text === undefined && label === undefined && source !== undefined && target !== undefined) {
    return { source, target };
  }
  throw refuse(': columns are text and perhaps label, or source and target');
}

function examplesOf(path: string, rows: readonly Row[], roles: Roles) {
  const column = (name: string) =>
    rows.map(({ place, values }) => {
      const value = values[name];
      const text = typeof value === 'string' ? value : Number.isSafeInteger(value) ? String(value) : '';
      if (text.trim() !== '') return text.trim();
      throw new DataError('data-format', `${place} has no text in the column '${name}'`, { path, column: name });
    });
  const texts: Record<string, string[]> =
    'text' in roles ? { text: column(roles.text) } : { source: column(roles.source), target: column(roles.target) };
  const classes = 'text' in roles && roles.label !== undefined ? classesOf(column(roles.label)) : undefined;
  const label = classes && { ...labelField(classes.labels), below: classes.names.length };
  const all: Split = { size: rows.length, fields: label ? { label } : {}, texts };
  // Pairs of one source stay together: its other translations would give it away.
  const hashes = (texts.text ?? texts.source)!.map((text) => sha256(Buffer.from(text)));
  const chosen = splitByHash(path, hashes, classes?.labels);
  if (classes) requireEveryClass(path, chosen.train, classes);
  const splits = Object.fromEntries(SPLIT_NAMES.map((split) => [split, pick(all, chosen[split])])) as unknown as Splits;
  const sizes = describeSizes((split) => chosen[split].length);
  const what = 'text' in roles ? 'texts' : 'pairs of sentences';
  return {
    splits,
    ...(classes && { vocabularies: { label: classes.names } }),
    found: `${rows.length} ${what}${classes ? ` of ${classes.names.length} classes` : ''} (${sizes})`,
  };
}
