import { SPLIT_NAMES, type SplitName } from '../data-set.js';
import { DataError } from '../errors.js';

/** Of ten neighbours in the order of labels and hashes, these go to validation and test. */
const [VALIDATION, TEST, PERIOD] = [4, 9, 10];

/**
 * Example numbers of three splits, 80 : 10 : 10. Examples are ordered by label, then by the hash of their content, and
 * every tenth is taken: every class is in every split as far as it has examples, and the same data are always split in the
 * same way, however their files are called. Equal examples of one class go to one split.
 *
 * @param hashes of each example's content
 * @throws DataError (`data-format`) fewer than ten different examples
 */
export function splitByHash(
  name: string,
  hashes: readonly string[],
  labels?: ArrayLike<number>,
): Record<SplitName, number[]> {
  const groups = new Map<string, { label: number; hash: string; members: number[] }>();
  for (const [index, hash] of hashes.entries()) {
    const label = labels?.[index] ?? 0;
    const group = groups.get(`${label} ${hash}`);
    if (group) group.members.push(index);
    else groups.set(`${label} ${hash}`, { label, hash, members: [index] });
  }
  if (groups.size < PERIOD) {
    const message = `${name} has ${groups.size} different ${groups.size === 1 ? 'example' : 'examples'}: ${PERIOD} at least are needed to split them into train, validation and test`;
    throw new DataError('data-format', message, { name, examples: groups.size });
  }
  const ordered = [...groups.values()].sort((a, b) => a.label - b.label || (a.hash < b.hash ? -1 : 1));
  const splits: Record<SplitName, number[]> = { train: [], validation: [], test: [] };
  for (const [place, { members }] of ordered.entries()) {
    const turn = place % PERIOD;
    splits[turn === VALIDATION ? 'validation' : turn === TEST ? 'test' : 'train'].push(...members);
  }
  for (const split of Object.values(splits)) split.sort((a, b) => a - b);
  return splits;
}

/** `32 train, 4 validation, 4 test`. */
export function describeSizes(sizeOf: (split: SplitName) => number): string {
  return SPLIT_NAMES.map((split) => `${sizeOf(split)} ${split}`).join(', ');
}
