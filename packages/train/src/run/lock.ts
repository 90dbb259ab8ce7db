import { mkdir, readFile, rmdir, stat, unlink, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isAlive } from '@onnx-forge/infer/node-files';
import lockfile from 'proper-lockfile';
import { z } from 'zod';
import { TrainError } from '../errors.js';
import { isAbsence } from '../unwritable.js';
import { writeAtomically } from './atomic.js';

/** A lock whose owner has not renewed it for so long is free: its machine is gone. */
const STALE_MS = 60_000;

/** A lock without the name of its owner is free after that time: it was killed between the two. */
const NAMELESS_MS = 2_000;
const POLL_MS = 100;

/** The process that trains in a folder. */
const ownerSchema = z.object({
  pid: z.int(),
  host: z.string(),
  /** When the process began, ms since 1970: ids are used again. */
  began: z.number(),
});
type Owner = z.infer<typeof ownerSchema>;

/** The right to train in a run folder, held by one process at a time. */
export interface RunLock extends AsyncDisposable {
  /** @throws TrainError (`run-locked`) after another process took the lock, which it may when this one stood still for a minute */
  requireHeld(): void;
}

/**
 * Takes the lock of a run folder, which it makes if need be. A lock is a folder, made atomically on network file systems too,
 * whose time the owner renews; that of a process of this machine that has ended is taken over at once.
 *
 * @throws TrainError (`run-locked`) naming the process and the machine that hold it
 */
export async function lockRun(run: string): Promise<RunLock> {
  const made = await mkdir(run, { recursive: true }).catch((error: Error) => {
    throw new TrainError(
      'run-unwritable',
      `the folder ${run} can't be made: ${error.message}`,
      { path: run },
      { cause: error },
    );
  });
  const { lock, ownerFile } = lockPaths(run);
  let lost: TrainError | undefined;
  let release: (() => Promise<void>) | undefined;
  const take = async (): Promise<void> => {
    const options = { lockfilePath: lock, stale: STALE_MS, update: STALE_MS / 6, onCompromised: retake };
    release = await lockfile.lock(run, options);
  };
  /** A machine that slept did not renew the lock: it is still ours if nobody else took it. */
  const retake = async (): Promise<void> => {
    const owner = await readOwner(ownerFile);
    if (owner && isThis(owner)) await take().catch(() => (lost = lockedBy(run, undefined)));
    else lost = lockedBy(run, owner);
  };
  try {
    const owner = await readOwner(ownerFile);
    if (owner && hasEnded(owner)) await free(lock, ownerFile);
    else if (await isAbsent(ownerFile)) await freeNameless(lock, ownerFile);
    await take();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOCKED') throw lockedBy(run, await readOwner(ownerFile));
    const message = `${run} can't be locked: ${(error as Error).message}`;
    throw new TrainError('run-unwritable', message, { path: run }, { cause: error });
  }
  try {
    await writeAtomically(ownerFile, JSON.stringify(thisProcess()));
  } catch (error) {
    // A lock without a name would be in the way of the next attempt.
    await release?.().catch(() => {});
    throw error;
  }
  return {
    requireHeld() {
      if (lost) throw lost;
    },
    async [Symbol.asyncDispose]() {
      if (lost) return;
      // What can't be removed is no obstacle once this process has ended, and must not hide why the training failed.
      await unlink(ownerFile).catch(() => {}); // Not rm, which needs a stat that may fail as well.
      await release?.().catch(() => {});
      if (made !== undefined) await removeEmpty(run, made);
    },
  };
}

/** The lock and its owner's file, in a run folder. */
export const LOCK_FILES: readonly string[] = ['.training.lock', '.training.json'];

function lockPaths(run: string): { readonly lock: string; readonly ownerFile: string } {
  const [lock, ownerFile] = LOCK_FILES.map((name) => join(run, name));
  return { lock: lock!, ownerFile: ownerFile! };
}

/** Whether a process trains in the folder now. A machine that has not renewed its lock for a minute is taken to be gone. */
export async function isLocked(run: string): Promise<boolean> {
  const { lock, ownerFile } = lockPaths(run);
  const entry = await stat(lock).catch(() => undefined);
  if (entry === undefined || Date.now() - entry.mtimeMs > STALE_MS) return false;
  const owner = await readOwner(ownerFile);
  return owner === undefined || !hasEnded(owner);
}

/** Removes folders that were made and are empty: a training that did not begin leaves none. */
async function removeEmpty(path: string, made: string): Promise<void> {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    const removed = await rmdir(folder).then(
      () => true,
      () => false,
    );
    if (!removed || folder === resolve(made)) return;
  }
}

function thisProcess(): Owner {
  return { pid: process.pid, host: hostname(), began: Math.floor(performance.timeOrigin) };
}

async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    return ownerSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/**
 * Lets the lock of a process that has ended look as if it had not been renewed, so that it can be taken. Of several processes
 * that see its end, one takes the owner's file away and does so.
 */
async function free(lock: string, ownerFile: string): Promise<void> {
  const mine = await unlink(ownerFile).then(
    () => true,
    () => false,
  );
  // A process that exited by itself has taken its lock away, and left the file.
  if (mine) await utimes(lock, 0, 0).catch(() => {});
}

/**
 * Frees a lock whose owner was killed before it wrote its name, which takes a moment. The lock that is freed is the one that
 * was waited for.
 */
async function freeNameless(lock: string, ownerFile: string): Promise<void> {
  const timeOf = () =>
    stat(lock).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
  const began = await timeOf();
  if (began === undefined) return;
  for (let waited = 0; waited < NAMELESS_MS; waited += POLL_MS) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    if (!(await isAbsent(ownerFile)) || (await timeOf()) !== began) return;
  }
  await utimes(lock, 0, 0).catch(() => {});
}

/** Whether nothing is at a path; what can't be looked at may be there. */
function isAbsent(path: string): Promise<boolean> {
  return stat(path).then(() => false, isAbsence);
}

function isThis({ pid, host, began }: Owner): boolean {
  const me = thisProcess();
  return pid === me.pid && host === me.host && began === me.began;
}

/** Whether a process of this machine is there no longer; of others nothing is known. */
function hasEnded(owner: Owner): boolean {
  if (owner.host !== hostname()) return false;
  return owner.pid === process.pid ? !isThis(owner) : !isAlive(owner.pid);
}

function lockedBy(path: string, owner: Owner | undefined): TrainError {
  const who = owner ? `process ${owner.pid} on ${owner.host}` : 'another process';
  const message = `${path} is in use: ${who} trains there; wait for it or stop it, or choose another --out`;
  return new TrainError('run-locked', message, { path, ...(owner && { pid: owner.pid, host: owner.host }) });
}
