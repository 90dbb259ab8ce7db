import { extname } from 'node:path';
import {
  COUNT,
  FINITE,
  oneOf as oneOfNames,
  POSITIVE,
  SIZE,
  TEXT,
  type ValueRule,
  wholeNumber,
} from '@onnx-forge/infer/value-rule';
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

/** An option that takes one value, which `parse` makes of its text and the rule accepts. */
function valueOption<T>(
  flag: string,
  describe: string,
  { expects, accepts }: ValueRule<T>,
  parse: (text: string) => unknown,
): ValueOption<T> {
  const coerce = (given: unknown): T => {
    if (Array.isArray(given)) throw new UsageError(`${flag} is given ${given.length} times; give it once`, { flag });
    const text = String(given);
    const value = parse(text);
    if (accepts(value)) return value;
    throw new UsageError(`${flag} must be ${expects}, not '${text}'`, { flag, value: text });
  };
  return { describe, expects, requiresArg: true, coerce };
}

function parseNumber(text: string): number {
  // Number('') is 0: an empty value is a mistake, not a zero.
  return text.trim() === '' ? Number.NaN : Number(text);
}

/** A number by a rule. */
export function numberBy(rule: ValueRule<number>, flag: string, describe: string): ValueOption<number> {
  return valueOption(flag, describe, rule, parseNumber);
}

/** 1, 2, ... up to `most`, beyond which memory would run out. */
export function count(flag: string, describe: string, most?: number): ValueOption<number> {
  return numberBy(most === undefined ? COUNT : wholeNumber({ least: 1, most }), flag, describe);
}

/** Any whole number, such as a seed. */
export function integer(flag: string, describe: string): ValueOption<number> {
  return numberBy(wholeNumber(), flag, describe);
}

/** A finite number. */
export function real(flag: string, describe: string): ValueOption<number> {
  return numberBy(FINITE, flag, describe);
}

/** A finite number above 0. */
export function positive(flag: string, describe: string): ValueOption<number> {
  return numberBy(POSITIVE, flag, describe);
}

/** A name or a path. */
export function text(flag: string, describe: string): ValueOption<string> {
  return valueOption(flag, describe, TEXT, (given) => given);
}

/** A file that the command writes; its ending says of what kind. A name without one is of the first, and so is `-`, standard output. */
export function file(flag: string, kinds: readonly string[], describe: string): ValueOption<string> {
  const endings = kinds.map((kind) => `.${kind}`).join(' or ');
  const rule: ValueRule<string> = {
    expects: `a file name that ends in ${endings}, or - for standard output`,
    accepts: (value): value is string => {
      const ending = TEXT.accepts(value) ? extname(value).slice(1).toLowerCase() : undefined;
      return ending !== undefined && (ending === '' || kinds.includes(ending));
    },
  };
  return valueOption(flag, describe, rule, (given) => given);
}

/** One of a few names. */
export function oneOf<const T extends string>(flag: string, choices: readonly T[], describe: string): ValueOption<T> {
  const { expects, accepts } = oneOfNames(choices);
  const coerce = (given: unknown): T => {
    if (accepts(given)) return given;
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
  const rule: ValueRule<readonly number[]> = {
    expects: 'whole numbers with commas between, such as 0,3,7',
    accepts: (value): value is readonly number[] => Array.isArray(value) && value.every(SIZE.accepts),
  };
  return valueOption(flag, describe, rule, (given) => given.split(',').map(parseNumber));
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
