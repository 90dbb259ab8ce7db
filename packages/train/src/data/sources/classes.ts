import { DataError } from '../errors.js';

/** The class of each example, and the name of each class. */
export interface Classes {
  readonly labels: Int32Array;
  readonly names: readonly string[];
}

/** Classes from the name that each example has: `9` before `10` where all names are numbers, else in the order of text. */
export function classesOf(given: readonly string[]): Classes {
  const names = [...new Set(given)];
  const numbers = names.every((name) => /^\d+$/.test(name));
  names.sort((a, b) => (numbers ? Number(a) - Number(b) : 0) || (a < b ? -1 : 1));
  const numberOf = new Map(names.map((name, label) => [name, label]));
  return { labels: Int32Array.from(given, (name) => numberOf.get(name)!), names };
}

/** @throws DataError (`data-format`) one class only */
export function requireClasses(name: string, { names }: Classes): void {
  if (names.length > 1) return;
  const message = `${name} has one class only, '${names[0]}': two at least are needed`;
  throw new DataError('data-format', message, { name, classes: names });
}

/** @throws DataError (`data-format`) a class without an example among those of `train` */
export function requireEveryClass(name: string, train: ArrayLike<number>, { labels, names }: Classes): void {
  const present = new Set(Array.from(train, (index) => labels[index]!));
  const absent = names.findIndex((_, label) => !present.has(label));
  if (absent < 0) return;
  const count = labels.filter((label) => label === absent).length;
  const message = `${name}: class '${names[absent]}' has no training example (${count} in all): give it more, or leave it out`;
  throw new DataError('data-format', message, { name, class: names[absent], examples: count });
}
