import type { Random } from '@onnx-forge/infer';
import type { SplitName } from '../data-set.js';

/**
 * Example numbers for three splits of which no two share a group: a validation and a test split of at least the parts
 * asked for, drawn group by group, the rest for training. Within a split examples keep their order.
 *
 * @param groups the group of each example, such as the sentence that several have in common
 */
export function splitGroups(
  groups: readonly string[],
  parts: { readonly validation: number; readonly test: number },
  random: Random,
): Record<SplitName, number[]> {
  const members = new Map<string, number[]>();
  for (const [example, group] of groups.entries()) {
    const of = members.get(group);
    if (of) of.push(example);
    else members.set(group, [example]);
  }
  const splits: Record<SplitName, number[]> = { train: [], validation: [], test: [] };
  const all = [...members.values()];
  for (const index of random.permutation(all.length)) {
    const short = (['test', 'validation'] as const).find((name) => splits[name].length < parts[name] * groups.length);
    splits[short ?? 'train'].push(...all[index]!);
  }
  for (const split of Object.values(splits)) split.sort((one, other) => one - other);
  return splits;
}
