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
 * @throws InputError `NAME must be a whole number of at least 1, not 0`
 */
export function checked<T>(name: string, value: unknown, rule: ValueRule<T>): T {
  if (rule.accepts(value)) return value;
  throw new InputError(`${name} must be ${rule.expects}, not ${shown(value)}`, { name, value });
}

function numbers(expects: string, within: (value: number) => boolean): ValueRule<number> {
  return { expects, accepts: (value): value is number => Number.isFinite(value) && within(value as number) };
}
