import { InputError } from '../errors.js';
import { kindOf, typedArrayKind } from '../typed-array.js';
import type { Rows } from './examples.js';

/** The class of each example as its number, or one number for all of them. */
export type Labels = number | ArrayLike<number>;

/**
 * One label per example.
 *
 * @throws InputError, one line, unless there are `count` labels (or one for all), each a class
 */
export function toLabels(labels: Labels, count: number, classes: readonly string[]): Int32Array {
  const given = typeof labels === 'number' ? new Array<number>(count).fill(labels) : listOf(labels);
  if (given.length !== count) {
    throw new InputError(`there are ${count} examples but ${given.length} labels`, { count, labels: given.length });
  }
  const wrong = given.findIndex((label) => !(Number.isInteger(label) && label >= 0 && label < classes.length));
  if (wrong >= 0) {
    const [first, last] = [classes[0], classes.at(-1)];
    const names = first === '0' ? '' : ` (${first} to ${last})`;
    throw new InputError(
      `label ${given[wrong]} of example ${wrong} is no class: labels are the whole numbers 0 to ${classes.length - 1}${names}`,
      { label: given[wrong], example: wrong, classes: classes.length },
    );
  }
  return Int32Array.from(given);
}

/** @throws InputError unless it is an array of some kind */
function listOf(labels: ArrayLike<number>): number[] {
  if (Array.isArray(labels) || typedArrayKind(labels) !== undefined) return Array.from(labels);
  throw new InputError(`labels must be a number or an array of numbers, not ${kindOf(labels)}`, { labels });
}

/** Class numbers as rows of zeros with a single 1, [labels, classes]. */
export function oneHot(labels: ArrayLike<number>, classes: number): Rows {
  const data = new Float32Array(labels.length * classes);
  for (let row = 0; row < labels.length; row++) data[row * classes + labels[row]!] = 1;
  return { data, count: labels.length };
}
