import { extname } from 'node:path';
import { suggestion } from '../../suggest.js';
import { UsageError } from '../errors.js';

/** A yargs option whose text is checked as it is read. */
export interface ValueOption<T> {
  readonly describe: string;
  /** For people: `a whole number of at least 1`. */
  readonly expects: string;
  readonly requiresArg: true;
  readonly coerce: (given: unknown) => T;
}

/** An option that takes one value. `parse` gives undefined for a text that is none. */
function valueOption<T>(
  flag: string,
  describe: string,
  expects: string,
  parse: (text: string) => T | undefined,
): ValueOption<T> {
  const coerce = (given: unknown): T => {
    if (Array.isArray(given)) throw new UsageError(`${flag} is given ${given.length} times; give it once`, { flag });
    const text = String(given);
    const value = parse(text);
    if (value !== undefined) return value;
    throw new UsageError(`${flag} must be ${expects}, not '${text}'`, { flag, value: text });
  };
  return { describe, expects, requiresArg: true, coerce };
}

function parseNumber(text: string): number {
  // Number('') is 0: an empty value is a mistake, not a zero.
  return text.trim() === '' ? Number.NaN : Number(text);
}

/** How many of something: 1, 2, ... up to `most`, beyond which it would end in a lack of memory. */
export function count(flag: string, describe: string, most: number = Number.MAX_SAFE_INTEGER): ValueOption<number> {
  const limit = most === Number.MAX_SAFE_INTEGER ? 'of at least 1' : `from 1 to ${most.toLocaleString('en')}`;
  return valueOption(flag, describe, `a whole number ${limit}`, (text) => {
    const value = parseNumber(text);
    return Number.isSafeInteger(value) && value >= 1 && value <= most ? value : undefined;
  });
}

/** Any whole number, such as a seed. */
export function integer(flag: string, describe: string): ValueOption<number> {
  return valueOption(flag, describe, 'a whole number', (text) => {
    const value = parseNumber(text);
    return Number.isSafeInteger(value) ? value : undefined;
  });
}

/** A finite number. */
export function real(flag: string, describe: string): ValueOption<number> {
  return valueOption(flag, describe, 'a finite number', (text) => {
    const value = parseNumber(text);
    return Number.isFinite(value) ? value : undefined;
  });
}

/** A finite number above 0. */
export function positive(flag: string, describe: string): ValueOption<number> {
  return valueOption(flag, describe, 'a number above 0', (text) => {
    const value = parseNumber(text);
    return Number.isFinite(value) && value > 0 ? value : undefined;
  });
}

/** A finite number of at least 0. */
export function notNegative(flag: string, describe: string): ValueOption<number> {
  return valueOption(flag, describe, 'a number of at least 0', (text) => {
    const value = parseNumber(text);
    return Number.isFinite(value) && value >= 0 ? value : undefined;
  });
}

/** A name or a path. */
export function text(flag: string, describe: string): ValueOption<string> {
  return valueOption(flag, describe, 'a text that is not empty', (given) => (given.trim() === '' ? undefined : given));
}

/** A file that the command writes; its ending says of what kind. A name without one is of the first, and so is `-`, standard output. */
export function file(flag: string, kinds: readonly string[], describe: string): ValueOption<string> {
  const endings = kinds.map((kind) => `.${kind}`).join(' or ');
  return valueOption(flag, describe, `a file name that ends in ${endings}, or - for standard output`, (given) => {
    const ending = extname(given).slice(1).toLowerCase();
    return given.trim() === '' || (ending !== '' && !kinds.includes(ending)) ? undefined : given;
  });
}

/** One of a few names. */
export function oneOf<const T extends string>(flag: string, choices: readonly T[], describe: string): ValueOption<T> {
  const expects = `one of ${choices.join(', ')}`;
  const coerce = (given: unknown): T => {
    const found = choices.find((choice) => choice === given);
    if (found !== undefined) return found;
    const hint = typeof given === 'string' ? suggestion(given, choices) : '';
    const message = `${flag} must be ${expects}, not '${given}'${hint}`;
    throw new UsageError(message, { flag, value: given, choices });
  };
  return { describe: `${describe}: ${choices.join(', ')}`, expects, requiresArg: true, coerce };
}

/** `csv,tensorboard`: some of a few names. */
export function someOf<const T extends string>(
  flag: string,
  choices: readonly T[],
  describe: string,
): ValueOption<readonly T[]> {
  const expects = `names of ${choices.join(', ')}, with commas between`;
  const coerce = (given: unknown): readonly T[] => {
    const names = String(given).split(',');
    return names.map((name) => {
      const found = choices.find((choice) => choice === name.trim());
      if (found !== undefined) return found;
      throw new UsageError(`${flag} must be ${expects}, not '${given}'${suggestion(name, choices)}`, {
        flag,
        value: given,
      });
    });
  };
  return { describe: `${describe}: ${choices.join(', ')}`, expects, requiresArg: true, coerce };
}

/** `3,1,4`: whole numbers of at least 0. */
export function indices(flag: string, describe: string): ValueOption<readonly number[]> {
  return valueOption(flag, describe, 'whole numbers with commas between, such as 0,3,7', (given) => {
    const values = given.split(',').map(parseNumber);
    return values.every((value) => Number.isSafeInteger(value) && value >= 0) ? values : undefined;
  });
}

/** `--set key=value`, any number of times. */
export function settings(flag: string, describe: string): SettingsOption {
  const coerce = (given: unknown): Record<string, string> => {
    const entries = [given].flat().map((entry) => parseSetting(flag, String(entry)));
    const names = entries.map(([name]) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new UsageError(`${flag} ${twice}=... is given twice`, { flag, name: twice });
    return Object.fromEntries(entries);
  };
  return { describe, type: 'string', array: true, requiresArg: true, coerce };
}

export interface SettingsOption {
  readonly describe: string;
  readonly type: 'string';
  readonly array: true;
  readonly requiresArg: true;
  readonly coerce: (given: unknown) => Record<string, string>;
}

function parseSetting(flag: string, given: string): [string, string] {
  const at = given.indexOf('=');
  if (at > 0 && at < given.length - 1) return [given.slice(0, at), given.slice(at + 1)];
  throw new UsageError(`${flag} takes key=value, such as ${flag} learningRate=1e-3, not '${given}'`, { flag, given });
}

/** The same object without the keys whose value is undefined. */
export function given<T extends object>(values: T): Given<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>;
}

type Given<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};
