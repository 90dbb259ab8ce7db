import type { DataFile, DataSet } from '../data-set.js';
import type { DataSetDescription } from '../description.js';
import { DataError, FormatError } from '../errors.js';
import { binarise, isBinarisation } from '../prepare/binarise.js';
import { describeDataSet } from '../sets/registry.js';
import { findContents } from './contents.js';
import { checkFile, type FileCheck, folderOf, readFileAt, resolveDataDir } from './files.js';

export interface LoadOptions {
  readonly dataDir?: string;
  /** Seed of generated sets and of `+stochastic`; not the training's, so that runs with different seeds see the same data. Default 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/**
 * Loads a data set by name, every file's hash checked. `NAME+threshold` and `NAME+stochastic` give binary images (see
 * {@link binarise}).
 *
 * @throws DataError unknown name (suggests the nearest), file missing (says how to get it) or damaged (says where)
 */
export async function loadDataSet(
  set: string | DataSetDescription,
  { dataDir, seed = 0, signal }: LoadOptions = {},
): Promise<DataSet> {
  if (typeof set === 'string') {
    const [name = '', view, ...rest] = set.split('+');
    if (view !== undefined && rest.length === 0 && isBinarisation(view)) {
      return binarise(
        await loadDataSet(name, { ...(dataDir && { dataDir }), seed, ...(signal && { signal }) }),
        view,
        seed,
      );
    }
  }
  const description = typeof set === 'string' ? describeDataSet(set) : set;
  const folder = folderOf(description, dataDir);
  const found = new Map<string, DataFile>();

  const splits = await description.load({
    seed,
    async read(name) {
      const file = description.files.find((candidate) => candidate.name === name);
      if (!file) throw new TypeError(`${description.name} does not list the file ${name} that it reads`);
      const check = await checkFile(folder, file, signal);
      if (!check.match) throw unusable(description, check, dataDir);
      found.set(name, check.match);
      return readFileAt(check.path, file, signal);
    },
    async readContents(name) {
      const file = description.files.find((candidate) => candidate.name === name);
      const { contents } = file ?? {};
      if (!file || !contents)
        throw new TypeError(`${description.name} does not list the contents ${name} that it reads`);
      const there = await findContents(folder, { ...file, contents }, signal).catch((error: unknown) => {
        if (error instanceof FormatError) return undefined; // The check says it in full.
        throw error;
      });
      if (!there?.match) throw unusable(description, await checkFile(folder, file, signal), dataDir);
      found.set(name, there.match);
      return there.contents;
    },
  });
  signal?.throwIfAborted();
  return {
    name: description.name,
    splits,
    files: description.files.flatMap((file) => found.get(file.name) ?? []),
    embedded: description.files.length === 0,
  };
}

function unusable({ name, files }: DataSetDescription, check: FileCheck, dataDir?: string): DataError {
  const fetch = `onnx-forge data fetch ${name} --data-dir ${resolveDataDir(dataDir)}`;
  const data = { dataSet: name, ...check };
  if (check.status === 'missing') {
    const { advice: own } = files.find((file) => file.name === check.name) ?? {};
    const advice = `${own === undefined ? `fetch it with '${fetch}'` : own}, or name the folder that has it with --data-dir or ONNX_FORGE_DATA`;
    return new DataError('data-missing', `data set ${name}: ${check.path} is missing; ${advice}`, data);
  }
  const what = check.status === 'truncated' ? 'is truncated' : 'is damaged';
  return new DataError(
    'data-damaged',
    `data set ${name}: ${check.path} ${what}: ${check.detail}; get a good copy with '${fetch}'`,
    data,
  );
}
