import { z } from 'zod';
import type { OptionValue, OptionValues } from '../options/option.js';

/** Other parameters' values under which a parameter is drawn: all must hold; a list means any of its values. */
export type Condition = Readonly<Record<string, OptionValue | readonly OptionValue[]>>;

/** One of a few values, in no order. */
export interface ChoiceParameter {
  readonly values: readonly OptionValue[];
  readonly when?: Condition | undefined;
}

/** A number from `min` to `max`, both included. */
export interface RangeParameter {
  readonly min: number;
  readonly max: number;
  /** Uniform in the logarithm; `min` must be above 0. */
  readonly log?: boolean | undefined;
  /** Whole numbers only. */
  readonly integer?: boolean | undefined;
  /** Values of a grid search, evenly spread (in the logarithm with `log`), ends included. */
  readonly points?: number | undefined;
  readonly when?: Condition | undefined;
}

export type Parameter = ChoiceParameter | RangeParameter;

/** Parameters by name. */
export type Space = Readonly<Record<string, Parameter>>;

const value = z.union([z.number(), z.boolean(), z.string()]);
const when = z.record(z.string(), z.union([value, z.array(value).min(1)])).optional();

const choiceSchema = z.strictObject({ values: z.array(value, 'a list').min(1, 'a list of one value or more'), when });

const rangeSchema = z
  .strictObject({
    min: z.number('a number'),
    max: z.number('a number'),
    log: z.boolean('true or false').optional(),
    integer: z.boolean('true or false').optional(),
    points: z.int('a whole number of at least 2').min(2, 'a whole number of at least 2').optional(),
    when,
  })
  .check(({ value: { min, max, log, integer }, issues }) => {
    const refuse = (message: string) =>
      issues.push({ code: 'custom', message, params: { sentence: true }, input: { min, max } });
    if (!(min < max)) refuse(`min must be below max, not ${min} and ${max}`);
    if (log && !(min > 0)) refuse(`a log range needs a min above 0, not ${min}`);
    if (integer && !(Number.isSafeInteger(min) && Number.isSafeInteger(max))) {
      refuse(`an integer range needs whole ends, not ${min} and ${max}`);
    }
  });

/** A bare list is a choice. What is wrong is said of the form that was meant. */
const parameterSchema: z.ZodType<Parameter> = z.unknown().transform((given, context): Parameter => {
  const meant = Array.isArray(given) ? { values: given as unknown } : given;
  if (typeof meant !== 'object' || meant === null) {
    context.addIssue({ code: 'custom', message: 'a list of values, or a range {min, max}' });
    return z.NEVER;
  }
  const result = ('values' in meant ? choiceSchema : rangeSchema).safeParse(meant);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    // A bare list has no `values` that one could look for in the file.
    const path = Array.isArray(given) ? issue.path.slice(1) : issue.path;
    context.issues.push({ ...issue, path: [...path], input: given } as (typeof context.issues)[number]);
  }
  return z.NEVER;
});

/** A space as a sweep file has it. */
export const spaceSchema: z.ZodType<Space> = z.record(z.string(), parameterSchema).check(({ value: space, issues }) => {
  const names = Object.keys(space);
  const refuse = (message: string, path: string[]) =>
    issues.push({ code: 'custom', message, params: { sentence: true }, input: space, path });
  if (names.length === 0) refuse('it has no parameter', []);
  for (const [name, parameter] of Object.entries(space)) {
    const twice = isChoice(parameter) && parameter.values.find((one, i, all) => all.indexOf(one) < i);
    if (twice !== undefined && twice !== false) refuse(`the value ${JSON.stringify(twice)} stands twice`, [name]);
    for (const [other, wanted] of Object.entries(parameter.when ?? {})) {
      if (names.indexOf(other) >= names.indexOf(name) || !Object.hasOwn(space, other)) {
        const message = `'${name}' is drawn when '${other}' has some value, so '${other}' must stand above it`;
        refuse(message, [name, 'when']);
        continue;
      }
      const never = [wanted].flat().find((one) => !mayBe(space[other]!, one));
      if (never !== undefined) refuse(`'${other}' is never ${JSON.stringify(never)}`, [name, 'when']);
    }
  }
});

/** Whether a parameter can have a value. */
function mayBe(parameter: Parameter, value: OptionValue): boolean {
  if (isChoice(parameter)) return parameter.values.includes(value);
  const { min, max, integer } = parameter;
  return typeof value === 'number' && value >= min && value <= max && (!integer || Number.isInteger(value));
}

export function isChoice(parameter: Parameter): parameter is ChoiceParameter {
  return 'values' in parameter;
}

/** Whether a parameter is drawn beside these values of those above it. */
export function isActive({ when: condition = {} }: Parameter, values: OptionValues): boolean {
  return Object.entries(condition).every(([name, wanted]) =>
    [wanted].flat().some((one) => Object.hasOwn(values, name) && values[name] === one),
  );
}

/**
 * Settings of one trial: parameters in their order, each drawn only where its condition holds.
 *
 * @param draw a value of one parameter
 */
export function drawSettings(space: Space, draw: (name: string, parameter: Parameter) => OptionValue): OptionValues {
  const settings: Record<string, OptionValue> = {};
  for (const [name, parameter] of Object.entries(space)) {
    if (isActive(parameter, settings)) settings[name] = draw(name, parameter);
  }
  return settings;
}

/**
 * The axis on which a range is uniform: the number itself or its logarithm; for whole numbers half a unit wider at both
 * ends, so that rounding gives each the same width.
 */
export class RangeAxis {
  readonly low: number;
  readonly high: number;

  constructor(readonly range: RangeParameter) {
    const margin = range.integer ? 0.5 : 0;
    this.low = this.#to(range.min - margin);
    this.high = this.#to(range.max + margin);
  }

  get width(): number {
    return this.high - this.low;
  }

  position(value: number): number {
    return this.#to(value);
  }

  value(position: number): number {
    const { min, max, log, integer } = this.range;
    const plain = log ? Math.exp(position) : position;
    return Math.min(max, Math.max(min, integer ? Math.round(plain) : plain));
  }

  /** The stretch of the axis that a whole number stands for. */
  cell(value: number): readonly [number, number] {
    return [this.#to(value - 0.5), this.#to(value + 0.5)];
  }

  #to(value: number): number {
    return this.range.log ? Math.log(value) : value;
  }
}
