import {
  BOOLEAN,
  FINITE,
  FRACTION,
  NON_NEGATIVE,
  oneOf as oneOfNames,
  POSITIVE,
  PROPORTION,
  wholeNumber,
} from '@onnx-forge/infer/value-rule';
import { TrainError } from '../errors.js';
import { suggestionAndList } from '../suggest.js';

export type OptionValue = number | boolean | string;

/** Default and permitted values of one hyper-parameter. Made by {@link count}, {@link real}, {@link positive}, {@link oneOf}, or from a plain default. */
export interface OptionSpec<T extends OptionValue = OptionValue> {
  readonly default: T;
  /** For people: `a whole number of at least 1`. */
  readonly expects: string;
  /** Its effect, in a sentence. */
  readonly says?: string;
  accepts(value: OptionValue): boolean;
  /** Why its value makes no sense beside those of the other options, and what to set; undefined when it does. */
  conflict?(values: OptionValues): string | undefined;
}

/** Defaults as a recipe writes them: plain values or specs. */
export type OptionDefaults = Readonly<Record<string, OptionValue | OptionSpec>>;

/** The values that a recipe's functions get. */
export type OptionsOf<D extends OptionDefaults> = {
  readonly [K in keyof D]: D[K] extends OptionSpec<infer T> ? T : Widened<D[K]>;
};

type Widened<T> = T extends number ? number : T extends boolean ? boolean : string;

export type OptionValues = Readonly<Record<string, OptionValue>>;
export type OptionSchema = Readonly<Record<string, OptionSpec>>;

/** A whole number of at least `min` (1 when not said). */
export function count(value: number, min = 1): OptionSpec<number> {
  return { default: value, ...wholeNumber({ least: min }) };
}

/** Any finite number. Needed only where the default is whole, because a plain whole default means {@link count}. */
export function real(value: number): OptionSpec<number> {
  return { default: value, ...FINITE };
}

/** A finite number above zero, such as a learning rate. */
export function positive(value: number): OptionSpec<number> {
  return { default: value, ...POSITIVE };
}

/** A finite number of at least 0. */
export function nonNegative(value: number): OptionSpec<number> {
  return { default: value, ...NON_NEGATIVE };
}

/** A number from 0 up to, not including, 1. */
export function fraction(value: number): OptionSpec<number> {
  return { default: value, ...FRACTION };
}

/** A number from 0 to 1, both included. */
export function proportion(value: number): OptionSpec<number> {
  return { default: value, ...PROPORTION };
}

/** True or false. */
export function boolean(value: boolean): OptionSpec<boolean> {
  return { default: value, ...BOOLEAN };
}

/** One of a few names; the first is the default. */
export function oneOf<const T extends string>(...choices: readonly [T, ...T[]]): OptionSpec<T> {
  return { default: choices[0], ...oneOfNames(choices) };
}

/** The same option with a sentence on its effect. */
export function described<T extends OptionValue>(spec: OptionSpec<T>, says: string): OptionSpec<T> {
  return { ...spec, says };
}

/** A schema with other defaults for some of its options; what they accept stays. */
export function withDefaults(schema: OptionSchema, defaults: OptionDefaults): OptionSchema {
  const entries = Object.entries(schema).map(([name, spec]) => {
    const given = defaults[name];
    return [
      name,
      given === undefined ? spec : typeof given === 'object' ? given : { ...spec, default: given },
    ] as const;
  });
  return Object.fromEntries(entries);
}

/** The schema behind a recipe's defaults: a whole default is a {@link count}, any other number is {@link real}. */
export function schemaOf(defaults: OptionDefaults): OptionSchema {
  return Object.fromEntries(Object.entries(defaults).map(([name, given]) => [name, specOf(given)]));
}

function specOf(given: OptionValue | OptionSpec): OptionSpec {
  switch (typeof given) {
    case 'object':
      return given;
    case 'number':
      return Number.isInteger(given) ? count(given) : real(given);
    case 'boolean':
      return boolean(given);
    default:
      return { default: given, expects: 'a text', accepts: (value) => typeof value === 'string' };
  }
}

/**
 * The defaults with some replaced. Values may be typed already or text from a command line (`'3e-4'`, `'true'`).
 *
 * @param owner named in errors, such as the recipe
 * @throws TrainError `option-unknown` with the nearest name, `option-invalid` with what was expected
 */
export function resolveOptions(
  schema: OptionSchema,
  given: Readonly<Record<string, unknown>>,
  owner: string,
): OptionValues {
  const values: Record<string, OptionValue> = {};
  for (const [name, spec] of Object.entries(schema)) values[name] = spec.default;
  for (const [name, value] of Object.entries(given)) {
    const spec = Object.hasOwn(schema, name) ? schema[name] : undefined;
    if (spec === undefined) throw unknownOption(name, schema, owner);
    values[name] = parse(name, value, spec, owner);
  }
  return values;
}

/**
 * Refuses values that are permitted each, and make no sense together.
 *
 * @throws TrainError (`option-invalid`) with what to set
 */
export function requireTogether(schema: OptionSchema, values: OptionValues, owner: string): void {
  for (const [option, { conflict }] of Object.entries(schema)) {
    const message = conflict?.(values);
    if (message === undefined) continue;
    throw new TrainError('option-invalid', `${owner}: ${message}`, { owner, option, value: values[option] });
  }
}

function parse(name: string, value: unknown, spec: OptionSpec, owner: string): OptionValue {
  const typed = typeof value === 'string' ? fromText(value, typeof spec.default) : value;
  if (!isOptionValue(typed) || typeof typed !== typeof spec.default || !spec.accepts(typed)) {
    const data = { owner, option: name, value, expected: spec.expects };
    throw new TrainError('option-invalid', `${owner}: option '${name}' must be ${spec.expects}, not '${value}'`, data);
  }
  return typed;
}

function fromText(text: string, type: string): OptionValue {
  // Number('') is 0: an empty value is a mistake, not a zero.
  if (type === 'number' && text.trim() !== '') return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

function isOptionValue(value: unknown): value is OptionValue {
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string';
}

function unknownOption(name: string, schema: OptionSchema, owner: string): TrainError {
  const known = Object.keys(schema);
  return new TrainError(
    'option-unknown',
    `${owner} has no option '${name}'${suggestionAndList(name, known, 'options: ')}`,
    { owner, option: name, known },
  );
}
