import {
  type DataSet,
  type Field,
  type FieldArray,
  type FieldType,
  SPLIT_NAMES,
  type Split,
  type SplitName,
  type Vocabularies,
} from './data-set.js';
import { DataError } from './errors.js';
import { allocate, exampleSize } from './fields.js';

/** One example: numbers by field, row by row, or a single number; texts by name. */
export type Example = Readonly<Record<string, number | ArrayLike<number> | string>>;

/** Numbers that each example has. */
export interface FieldDefinition {
  /** Of one example; `[]` for a single number. */
  readonly shape: readonly number[];
  /** Default float32. */
  readonly dtype?: FieldType;
  /** Of int32: values are 0 .. below - 1. */
  readonly below?: number;
  /** Where float32 values are to lie, such as [0, 1] for images. */
  readonly range?: readonly [low: number, high: number];
}

/** Examples that are read by their number when they are used: more than lie in memory. They have no texts. */
export interface RandomAccess {
  readonly size: number;
  read(index: number): Example;
  /** Fetches these, so that `read` need not wait: it is called a batch ahead. */
  readAhead?(indices: ArrayLike<number>): Promise<void>;
}

/** Examples one after the other, which are kept in memory; or by number. */
export type ExampleSource = Iterable<Example> | AsyncIterable<Example> | RandomAccess;

export interface DataSetDefinition {
  readonly name: string;
  readonly splits: Readonly<Record<SplitName, ExampleSource>>;
  readonly fields?: Readonly<Record<string, FieldDefinition>>;
  /** Names of texts that each example has. */
  readonly texts?: readonly string[];
  /** `label`: names of the classes. */
  readonly vocabularies?: Vocabularies;
}

/**
 * A data set of a program's own, from iterators or random access, for `train({ data })`.
 *
 * @throws DataError (`data-format`) an example without a field or text, or with another number of values than its shape says
 */
export async function defineDataSet({
  name,
  splits,
  fields = {},
  texts = [],
  vocabularies,
}: DataSetDefinition): Promise<DataSet> {
  const made: [SplitName, Split][] = [];
  for (const split of SPLIT_NAMES) {
    const source = splits[split];
    const place = `data set '${name}', split '${split}'`;
    made.push([
      split,
      'read' in source ? randomSplit(source, fields, texts, place) : await keptSplit(source, fields, texts, place),
    ]);
  }
  return {
    name,
    splits: Object.fromEntries(made) as unknown as DataSet['splits'],
    files: [],
    embedded: false,
    ...(vocabularies && { vocabularies }),
  };
}

type FieldDefinitions = NonNullable<DataSetDefinition['fields']>;

function declared({ shape, dtype = 'float32', below, range }: FieldDefinition): Omit<Field, 'read'> {
  return { shape, dtype, ...(below !== undefined && { below }), ...(range && { range }) };
}

function randomSplit(source: RandomAccess, fields: FieldDefinitions, texts: readonly string[], place: string): Split {
  if (texts.length > 0) {
    throw new DataError('data-format', `${place}: texts are kept in memory: give an iterator of examples`, { place });
  }
  const { size } = source;
  const { readAhead } = source;
  const made = Object.entries(fields).map(([name, definition]): [string, Field] => {
    const field: Field = {
      ...declared(definition),
      read: (index, out, offset) =>
        copy(source.read(index), name, definition, out, offset, `${place}, example ${index}`),
      ...(readAhead && { readAhead: (indices: ArrayLike<number>) => readAhead.call(source, indices) }),
    };
    return [name, field];
  });
  return { size, fields: Object.fromEntries(made) };
}

async function keptSplit(
  source: Iterable<Example> | AsyncIterable<Example>,
  fields: FieldDefinitions,
  texts: readonly string[],
  place: string,
): Promise<Split> {
  const columns = Object.entries(fields).map(([name, definition]) => ({ name, definition, rows: [] as FieldArray[] }));
  const words = new Map(texts.map((name) => [name, [] as string[]]));
  let size = 0;
  for await (const example of source) {
    const here = `${place}, example ${size}`;
    for (const { name, definition, rows } of columns) {
      const row = allocate({ ...declared(definition), read: () => {} }, 1);
      copy(example, name, definition, row, 0, here);
      rows.push(row);
    }
    for (const [name, all] of words) {
      const text = example[name];
      if (typeof text !== 'string')
        throw new DataError('data-format', `${here} has no text '${name}'`, { place: here, name });
      all.push(text);
    }
    size++;
  }
  const made = columns.map(({ name, definition, rows }): [string, Field] => {
    return [name, { ...declared(definition), read: (index, out, offset) => out.set(rows[index]!, offset) }];
  });
  return { size, fields: Object.fromEntries(made), ...(words.size > 0 && { texts: Object.fromEntries(words) }) };
}

function copy(
  example: Example,
  name: string,
  { shape }: FieldDefinition,
  out: FieldArray,
  offset: number,
  place: string,
): void {
  const given = example[name];
  const values = typeof given === 'number' ? [given] : given;
  const size = exampleSize(shape);
  if (values === undefined || typeof values === 'string') {
    throw new DataError('data-format', `${place} has no numbers '${name}'`, { place, name });
  }
  if (values.length !== size) {
    const message = `${place}: '${name}' has ${values.length} numbers, not the ${size} of [${shape.join(', ')}]`;
    throw new DataError('data-format', message, { place, name, length: values.length });
  }
  out.set(values, offset);
}
