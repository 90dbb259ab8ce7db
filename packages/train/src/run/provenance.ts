import { createHash } from 'node:crypto';
import type { DataSet } from '../data/data-set.js';
import type { RunIdentity } from './checkpoint.js';

/**
 * The facts about a run that each of its graphs carries. No dates and no machine: equal trainings write equal files.
 * Not the number of epochs either, which may change when a run goes on.
 * `data_sha256` is of the lines `SHA256  NAME` of the data set's files, as sha256sum writes them.
 */
export function provenance(
  { recipe, options, seed, engine, from }: RunIdentity,
  { name, files }: DataSet,
): Record<string, string> {
  const { epochs: _, ...settings } = options;
  const lines = files.map((file) => `${file.sha256}  ${file.name}\n`);
  return {
    recipe,
    options: JSON.stringify(settings),
    seed: String(seed),
    engine,
    data: name,
    ...(from && { from_sha256: from.sha256 }),
    ...(files.length > 0 && { data_sha256: createHash('sha256').update(lines.join('')).digest('hex') }),
  };
}
