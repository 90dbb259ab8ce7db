import type { DataReference } from '../../data/data-set.js';
import { describeDataSet } from '../../data/sets/registry.js';
import { isDataPath, referTo } from '../../data/sources/open.js';
import { UsageError } from '../errors.js';
import { given } from '../options/values.js';

export interface DataChoice {
  /** A name or a path. */
  readonly data: string | undefined;
  readonly resize: string | undefined;
  readonly grey: boolean | undefined;
  readonly columns: string | undefined;
}

/**
 * The data that a command line names: a data set's name as it is, or a reference to the user's own.
 *
 * @throws DataError (`data-unknown`, `data-missing`, `data-format`); UsageError when options of own data come without them
 */
export async function chosenData({
  data,
  resize,
  grey,
  columns,
}: DataChoice): Promise<string | DataReference | undefined> {
  if (data !== undefined && data !== 'embedded' && data !== 'real') {
    if (await isDataPath(data)) return referTo(data, given({ resize, grey, columns }));
    describeDataSet(data.split('+')[0]!);
  }
  const [option] = Object.keys(given({ resize, grey, columns }));
  if (option === undefined) return data;
  throw new UsageError(`--${option} is for data of your own: give their path by --data`, { option });
}
