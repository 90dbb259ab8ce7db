import type { Field, Split } from './data-set.js';

/** A view of some examples, in the order given; nothing is copied. */
export function pick(split: Split, indices: ArrayLike<number>): Split {
  const fields = Object.entries(split.fields).map(([name, field]) => {
    return [name, viewOf(field, (index) => indices[index]!)] as const;
  });
  return { ...split, size: indices.length, fields: Object.fromEntries(fields), ...pickedTexts(split, indices) };
}

/** A field whose example `index` is number `place(index)` of another. */
export function viewOf(field: Field, place: (index: number) => number): Field {
  const { readAhead } = field;
  return {
    ...field,
    read: (index, out, offset) => field.read(place(index), out, offset),
    ...(readAhead && { readAhead: (indices: ArrayLike<number>) => readAhead(Array.from(indices, place)) }),
  };
}

/** Of a field `name` whose examples lie in several splits: how they are read ahead, if the first split's are. */
export function aheadIn(
  name: string,
  { readAhead }: Field,
  place: (index: number) => readonly [split: Split, index: number],
): Pick<Field, 'readAhead'> {
  if (!readAhead) return {};
  return {
    async readAhead(indices) {
      const wanted = new Map<Split, number[]>();
      for (const [split, index] of Array.from(indices, place)) {
        wanted.set(split, [...(wanted.get(split) ?? []), index]);
      }
      await Promise.all([...wanted].map(([split, of]) => split.fields[name]?.readAhead?.(of)));
    },
  };
}

function pickedTexts({ texts }: Split, indices: ArrayLike<number>): Pick<Split, 'texts'> {
  if (!texts) return {};
  const picked = Object.entries(texts).map(
    ([name, all]) => [name, Array.from(indices, (index) => all[index]!)] as const,
  );
  return { texts: Object.fromEntries(picked) };
}

/** 0, 1, ... of the examples; at most `most` of them. */
export function everyIndex({ size }: Pick<Split, 'size'>, most: number = size): number[] {
  return Array.from({ length: Math.min(size, most) }, (_, index) => index);
}

/** At most `count` indices, at equal distances over all examples: a file may be sorted by class. */
export function spreadIndices({ size }: Pick<Split, 'size'>, count: number): number[] {
  const taken = Math.min(count, size);
  return Array.from({ length: taken }, (_, i) => Math.floor((i * size) / taken));
}
