import { mkdir, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { removeLeftoversOf, writeAtomically } from '../../run/atomic.js';
import { unwritable } from '../../unwritable.js';
import type { CommandContext } from '../command.js';
import { CommandError, messageOf, UsageError } from '../errors.js';
import { print } from './print.js';

/**
 * Tries whether files can be made in a folder, or the folder itself, without leaving anything: found out before the
 * work, not after.
 *
 * @throws ForgeError (`output-unwritable`)
 */
export async function requireWritableFolder(folder: string): Promise<void> {
  const path = resolve(folder);
  const refuse = (reason: string, cause?: unknown) =>
    new CommandError('output-unwritable', `can't write to the folder ${path}: ${reason}`, { path }, { cause });
  const { ancestor, isFolder } = await nearestEntry(path);
  if (!isFolder) throw refuse(`${ancestor} is no folder`);
  const name = join(ancestor, '.onnx-forge');
  const probe = `${name}.${process.pid}.tmp`;
  // What a killed process left of its own try.
  await removeLeftoversOf(name);
  try {
    await writeFile(probe, '');
    await unlink(probe);
  } catch (error) {
    throw refuse(messageOf(error), error);
  }
}

/** As a file's name: standard output. */
export const STDOUT = '-';

/**
 * The same for a file that will be written; one that is there will be replaced, a folder of that name will not.
 *
 * @throws UsageError when it is standard output, which is a terminal or has the object of --json
 */
export async function requireWritableFile(file: string, { argv }: Pick<CommandContext, 'argv'>): Promise<void> {
  if (file === STDOUT) {
    if (argv.includes('--json'))
      throw new UsageError('--out - and --json both write to standard output: give one of them');
    if (process.stdout.isTTY)
      throw new UsageError('--out - writes a picture to standard output, which is a terminal: redirect it');
    return;
  }
  const path = resolve(file);
  const entry = await stat(path).catch(() => undefined);
  if (entry !== undefined && !entry.isFile()) {
    throw new CommandError('output-unwritable', `can't write ${path}: it is there and is no file`, { path });
  }
  await requireWritableFolder(dirname(path));
}

/** The path itself, or the first folder above it that exists. */
async function nearestEntry(path: string): Promise<{ ancestor: string; isFolder: boolean }> {
  const entry = await stat(path).catch(() => undefined);
  if (entry !== undefined) return { ancestor: path, isFolder: entry.isDirectory() };
  const parent = dirname(path);
  return parent === path ? { ancestor: path, isFolder: false } : nearestEntry(parent);
}

/** Removes a file, if it is there. */
export async function removeOutput(file: string): Promise<void> {
  await rm(file, { force: true }).catch((error: unknown) => {
    throw unwritable(file, error);
  });
}

/** Writes a file atomically, in a folder that is made when it is missing, which is said where there is a `context`; `-` is standard output. */
export async function writeOutput(
  file: string,
  content: string | Uint8Array,
  context?: Pick<CommandContext, 'progress'>,
): Promise<void> {
  if (file === STDOUT) {
    await print(content);
    return;
  }
  const made = await mkdir(dirname(resolve(file)), { recursive: true }).catch((error: unknown) => {
    throw unwritable(dirname(file), error);
  });
  if (made !== undefined) context?.progress.line(`made the folder ${made}`);
  await writeAtomically(file, content);
}
