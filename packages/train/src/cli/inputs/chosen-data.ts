import type { DataReference } from '../../data/data-set.js';
import { describeDataSet } from '../../data/sets/registry.js';
import { isDataPath, referTo } from '../../data/sources/open.js';
import { UsageError } from '../errors.js';
import { given } from '../options/values.js';

/** How data of a user's own are read: options of a reference. */
export interface OwnDataChoice {
  readonly resize?: string | undefined;
  readonly grey?: boolean | undefined;
  readonly columns?: string | undefined;
  readonly group?: string | undefined;
  readonly split?: string | undefined;
}

export interface DataChoice extends OwnDataChoice {
  /** A name or a path. */
  readonly data?: string | undefined;
}

/** The options of own data, out of all that a command was given. */
export function pickOwnData({ resize, grey, columns, group, split }: OwnDataChoice): OwnDataChoice {
  return given({ resize, grey, columns, group, split });
}

/**
 * The data that a command line names: a data set's name as it is, or a reference to the user's own.
 *
 * @throws DataError (`data-unknown`, `data-missing`, `data-format`); UsageError when options of own data come without them
 */
export async function chosenData({ data, ...choice }: DataChoice): Promise<string | DataReference | undefined> {
  const options = given(pickOwnData(choice));
  if (data !== undefined && data !== 'embedded' && data !== 'real') {
    if (await isDataPath(data)) return referTo(data, options as NonNullable<DataReference['options']>);
    describeDataSet(data.split('+')[0]!);
  }
  const [option] = Object.keys(options);
  if (option === undefined) return data;
  throw new UsageError(`--${option} is for data of your own: give their path by --data`, { option });
}
