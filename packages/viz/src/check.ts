import { FigureError } from './errors.js';

/** @throws FigureError `bad-option` unless `value` is an integer of at least `least`. */
export function requireInteger(value: number, name: string, least: number): void {
  if (!Number.isInteger(value) || value < least) {
    throw new FigureError('bad-option', `${name} must be an integer of at least ${least}, got ${value}`, {
      name,
      value,
      least,
    });
  }
}

/** @throws FigureError `not-finite` at the first NaN or infinity, naming its place. */
export function requireFinite(values: ArrayLike<number>, name: string): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new FigureError('not-finite', `${name}[${i}] is ${values[i]}: a figure needs finite numbers`, {
        name,
        index: i,
        value: values[i],
      });
    }
  }
}

/** @throws FigureError `bad-shape` unless there are `expected` of them. */
export function requireCount(actual: number, expected: number, what: string, per: string): void {
  if (actual !== expected) {
    throw new FigureError('bad-shape', `${what} must hold one entry per ${per} (${expected}), got ${actual}`, {
      what,
      expected,
      actual,
    });
  }
}

/** @throws FigureError `bad-shape` when there is nothing to draw. */
export function requireSome(count: number, what: string): void {
  if (count === 0) throw new FigureError('bad-shape', `${what} is empty: there is nothing to draw`, { what });
}

/** @throws FigureError `bad-option` when a name occurs twice: the legend could not tell the two apart. */
export function requireDistinct(names: readonly string[], what: string): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new FigureError('bad-option', `${what} holds '${twice}' twice: give each its own name`, {
      what,
      name: twice,
    });
  }
}

/** @throws FigureError `bad-option` unless `low < high`, both finite. */
export function requireInterval([low, high]: readonly [number, number], name: string): void {
  if (!(Number.isFinite(low) && Number.isFinite(high) && low < high)) {
    throw new FigureError('bad-option', `${name} must be [low, high] with low < high, got [${low}, ${high}]`, {
      name,
      low,
      high,
    });
  }
}
