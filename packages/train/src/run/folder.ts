import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MANIFEST_FILE } from '@onnx-forge/infer';
import { TrainError } from '../errors.js';
import { EVENT_FILE } from '../metrics/sinks/tensorboard.js';
import { isAbsence, unwritable } from '../unwritable.js';
import { LOCK_FILES } from './lock.js';

type Entry =
  | 'manifest'
  | 'status'
  | 'log'
  | 'csv'
  | 'base'
  | 'checkpoint'
  | 'graphs'
  | 'figures'
  | 'snapshots'
  | 'shards';

const ENTRIES: Readonly<Record<Entry, string>> = {
  manifest: MANIFEST_FILE,
  status: 'status.json',
  log: 'metrics.jsonl',
  csv: 'metrics.csv',
  base: 'base',
  checkpoint: 'checkpoint',
  graphs: 'graphs',
  figures: 'figures',
  snapshots: 'snapshots',
  shards: 'shards',
};

/** The paths of a run. */
export class RunFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Of an entry, or of a file inside one. */
  file(entry: Entry, name = ''): string {
    return join(this.path, ENTRIES[entry], name);
  }

  /** Makes the folder of an entry and gives its path. */
  async folder(entry: Entry): Promise<string> {
    const path = this.file(entry);
    await makeFolder(path);
    return path;
  }

  /** Whether anything of a run is here. */
  async holdsRun(): Promise<boolean> {
    const names: readonly string[] = await namesIn(this.path);
    return names.some((name) => Object.values(ENTRIES).includes(name));
  }

  /** Names of what is in the folder: a run's own entries, with the files of its lock and what a kill left half-written; and others. */
  async entries(): Promise<{ own: string[]; others: string[] }> {
    const names = await namesIn(this.path);
    const known: readonly string[] = Object.values(ENTRIES);
    const isOwn = (name: string) =>
      known.includes(name) || EVENT_FILE.test(name) || LOCK_FILES.includes(name) || /\.\d+\.tmp$/.test(name);
    return { own: names.filter(isOwn), others: names.filter((name) => !isOwn(name)) };
  }

  /**
   * Whether a training may begin or go on here.
   *
   * @throws TrainError (`run-exists`) when it would replace something that was not to be replaced
   */
  async check({ resume, force }: { resume: boolean; force: boolean }): Promise<void> {
    if (force || !(await this.holdsRun())) return;
    if (!resume) {
      const choices = 'go on with it by --resume, replace it by --force, or choose another --out';
      throw new TrainError('run-exists', `${this.path} holds a run already: ${choices}`, { path: this.path });
    }
    const has = (entry: Entry) =>
      stat(this.file(entry)).then(Boolean, (error: unknown) => {
        if (!isAbsence(error)) throw unwritable(this.file(entry), error);
        return false;
      });
    if ((await has('manifest')) && !(await has('checkpoint'))) {
      const message = `${this.path} holds a trained run without its checkpoint, so it can't go on; replace it by --force`;
      throw new TrainError('run-exists', message, { path: this.path });
    }
  }

  /** Makes the folder ready for a new run: what is of another run goes, other files stay. */
  async begin(): Promise<void> {
    await makeFolder(this.path);
    const events = (await namesIn(this.path)).filter((name) => EVENT_FILE.test(name));
    for (const name of [...Object.values(ENTRIES), ...events]) await removeAll(join(this.path, name));
  }

  /** @throws TrainError (`run-unwritable`) */
  async remove(entry: Entry): Promise<void> {
    await removeAll(this.file(entry));
  }
}

/** None when there is no such folder. @throws TrainError (`run-unwritable`): one that can't be looked into may hold a run */
async function namesIn(path: string): Promise<string[]> {
  return readdir(path).catch((error: unknown) => {
    if (!isAbsence(error)) throw unwritable(path, error);
    return [];
  });
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
    if (!(await stat(path)).isDirectory()) throw new Error('it is not a folder');
  } catch (error) {
    const message = `the folder ${path} can't be made: ${(error as Error).message}`;
    throw new TrainError('run-unwritable', message, { path }, { cause: error });
  }
}

/** @throws TrainError (`run-unwritable`) */
async function removeAll(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch((error: unknown) => {
    throw unwritable(path, error);
  });
}
