import type { Field, Split } from './data-set.js';

/** A view of some examples, in the order given; nothing is copied. */
export function pick(split: Split, indices: ArrayLike<number>): Split {
  const fields = Object.entries(split.fields).map(([name, field]) => {
    const view: Field = { ...field, read: (index, out, offset) => field.read(indices[index]!, out, offset) };
    return [name, view] as const;
  });
  return { ...split, size: indices.length, fields: Object.fromEntries(fields), ...pickedTexts(split, indices) };
}

function pickedTexts({ texts }: Split, indices: ArrayLike<number>): Pick<Split, 'texts'> {
  if (!texts) return {};
  const picked = Object.entries(texts).map(
    ([name, all]) => [name, Array.from(indices, (index) => all[index]!)] as const,
  );
  return { texts: Object.fromEntries(picked) };
}

/** The index of each example, in order. */
export function everyIndex({ size }: Split): number[] {
  return Array.from({ length: size }, (_, index) => index);
}
