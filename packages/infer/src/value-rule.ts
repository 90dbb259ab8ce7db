import { InputError } from './errors.js';
import { shown } from './typed-array.js';

/** The values that a setting takes. Checks of arguments, schemas of files and options of commands are made from it. */
export interface ValueRule<T> {
  /** For people: `a whole number of at least 1`. */
  readonly expects: string;
  accepts(value: unknown): value is T;
}

/** Bounds of a number, both included. */
export interface Bounds {
  readonly least?: number;
  readonly most?: number;
}

/** Whole numbers that float64 represents exactly, within the bounds. */
export function wholeNumber({ least, most }: Bounds = {}): ValueRule<number> {
  const from = least?.toLocaleString('en');
  const range = most === undefined ? `of at least ${from}` : `from ${from} to ${most.toLocaleString('en')}`;
  return numbers(
    least === undefined ? 'a whole number' : `a whole number ${range}`,
    (value) => Number.isSafeInteger(value) && value >= (least ?? value) && value <= (most ?? value),
  );
}

export const COUNT: ValueRule<number> = wholeNumber({ least: 1 });
export const SIZE: ValueRule<number> = wholeNumber({ least: 0 });

export const FINITE: ValueRule<number> = numbers('a finite number', () => true);
export const POSITIVE: ValueRule<number> = numbers('a number above 0', (value) => value > 0);
export const NON_NEGATIVE: ValueRule<number> = numbers('a number of at least 0', (value) => value >= 0);
/** Dropout rates, for example: all of it is not allowed. */
export const FRACTION: ValueRule<number> = numbers(
  'a number of at least 0 and below 1',
  (value) => value >= 0 && value < 1,
);
export const PROPORTION: ValueRule<number> = numbers('a number from 0 to 1', (value) => value >= 0 && value <= 1);

export const BOOLEAN: ValueRule<boolean> = {
  expects: 'true or false',
  accepts: (value) => typeof value === 'boolean',
};

/** A name or a path. */
export const TEXT: ValueRule<string> = {
  expects: 'a text that is not empty',
  accepts: (value): value is string => typeof value === 'string' && value.trim() !== '',
};

/** One of a few names. */
export function oneOf<const T extends string>(choices: readonly T[]): ValueRule<T> {
  return {
    expects: `one of ${choices.join(', ')}`,
    accepts: (value): value is T => (choices as readonly unknown[]).includes(value),
  };
}

/**
 * The value of an argument, if the rule accepts it.
 *
 * @throws InputError `NAME must be a whole number of at least 1, not 0`, `NAME is missing: it must be ...`
 */
export function checked<T>(name: string, value: unknown, rule: ValueRule<T>): T {
  if (rule.accepts(value)) return value;
  throw new InputError(refusal(name, rule.expects, value === undefined ? undefined : shown(value)), { name, value });
}

/** An issue of a schema, as zod tells it and as the Standard Schema does. */
export interface SchemaIssue {
  readonly message: string;
  readonly path: readonly PropertyKey[];
  readonly code?: string | undefined;
  /** `expects`: a noun phrase, what the value must be. */
  readonly params?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * One line on what is wrong in a value that a schema refuses: `seeds[0] must be a whole number, not "a"`, `opset is missing: it must
 * be ...`, or the schema's own message at the place.
 *
 * @param value all of it
 * @param whole its name, for an issue that is about all of it
 */
export function issueLine(issue: SchemaIssue, value: unknown, whole = 'it'): string {
  const { path, message, code, params } = issue;
  const place = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  const name = place.replace(/^\./, '') || whole;
  const expects = typeof params?.expects === 'string' ? params.expects : expectedBy(message);
  const found = asJson(
    path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown> | null)?.[key], value),
  );
  if (expects !== undefined) return refusal(name, expects, found);
  return found === undefined && code !== undefined && code !== 'custom' ? `${name} is missing` : `${name}: ${message}`;
}

function refusal(name: string, expects: string, found: string | undefined): string {
  return found === undefined ? `${name} is missing: it must be ${expects}` : `${name} must be ${expects}, not ${found}`;
}

/** zod's names of types, in words. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ['string', 'a text'],
  ['number', 'a number'],
  ['int', 'a whole number'],
  ['boolean', 'true or false'],
  ['array', 'a list'],
  ['object', 'an object'],
  ['record', 'an object'],
]);

function expectedBy(message: string): string | undefined {
  const type = /^Invalid (?:input|option): expected (.*?)(?:, received .*)?$/.exec(message)?.[1];
  return type && (TYPES.get(type) ?? type);
}

/** A value as JSON, its beginning if it is long; undefined if there is none. */
export function asJson(value: unknown): string | undefined {
  try {
    const text = JSON.stringify(value) as string | undefined;
    return text !== undefined && text.length > 60 ? `${text.slice(0, 60)}...` : text;
  } catch {
    return 'something that JSON has no form for';
  }
}

function numbers(expects: string, within: (value: number) => boolean): ValueRule<number> {
  return { expects, accepts: (value): value is number => Number.isFinite(value) && within(value as number) };
}
