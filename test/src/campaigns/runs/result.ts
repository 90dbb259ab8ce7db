import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { decodeSafetensors, loadManifest, runFiles } from '@onnx-forge/infer';
import { checkpointPath, loadCheckpoint } from '@onnx-forge/train/run';
import { loadBest } from '../../../../packages/train/dist/run/checkpoint.js';

/** Content of the files below a folder, as hashes by path; times of day and durations do not count. */
export type Result = Readonly<Record<string, string>>;

/** The checkpoints before the last and before the best depend on the moments of breaks. */
const PREVIOUS = /checkpoint\/(best-)?previous\.safetensors$/;
/** Locks of a process that is gone, and files that it was writing. */
const LEFTOVER = /\.tmp$|\.part$|\.training\./;

/** Records of a sweep's trials. */
const TRIAL = /trials\/\d+\.json$/;

/** Records of trials that have ended, as they are: of one that is trained again they would tell another time. */
export async function endedTrials(work: string): Promise<Result> {
  const records: [string, string][] = [];
  for (const path of await filesBelow(work)) {
    if (!TRIAL.test(path)) continue;
    const text = await readFile(join(work, path), 'utf8');
    if (!text.includes('"state":"open"')) records.push([path, text]);
  }
  return Object.fromEntries(records);
}

/** The result of finished work. */
export async function resultOf(work: string): Promise<Result> {
  const result: [string, string][] = [];
  for (const path of await filesBelow(work)) {
    if (!PREVIOUS.test(path)) result.push([path, hashOf(await contentOf(join(work, path)))]);
  }
  return Object.fromEntries(result);
}

/** The first difference of two results; undefined: there is none. */
export function differenceOf(found: Result, wanted: Result): string | undefined {
  for (const path of Object.keys(wanted)) {
    if (!(path in found)) return `${path} is missing`;
    if (found[path] !== wanted[path]) return `${path} has another content`;
  }
  const more = Object.keys(found).find((path) => !(path in wanted));
  return more && `${more} is left over`;
}

/**
 * The fault of a folder in which work was broken off, seen by whoever looks in at that moment: files are whole or absent.
 *
 * @param wanted result of the same work that was not broken off
 * @param logs of the same work, by their paths
 */
export async function faultOf(
  work: string,
  wanted: Result,
  logs: Readonly<Record<string, Buffer>>,
): Promise<string | undefined> {
  for (const path of await filesBelow(work)) {
    if (LEFTOVER.test(path)) continue;
    const file = join(work, path);
    if (path.endsWith('metrics.jsonl')) {
      const bytes = await readFile(file);
      const wholeLog = logs[path];
      if (wholeLog && !wholeLog.subarray(0, bytes.length).equals(bytes))
        return `${path} is no beginning of the whole log`;
    } else if (path.endsWith('status.json') || TRIAL.test(path)) {
      // They say how far the work is: only that they are whole can be asked.
      const text = await readFile(file, 'utf8');
      if (!isJson(text)) return `${path} (${text.length} characters) is not whole`;
    } else if (path.endsWith('results.csv')) {
      // The table of the trials so far.
    } else if (path.endsWith('manifest.json')) {
      const fault = await manifestFault(dirname(file));
      if (fault) return `${path}: ${fault}`;
    } else if (/checkpoint\//.test(path)) {
      try {
        decodeSafetensors(await readFile(file));
      } catch (error) {
        return `${path}: ${(error as Error).message}`;
      }
    } else if (!(path in wanted) && !(`${path}=stop` in wanted)) {
      return `${path} is none of the files of the whole work`;
    } else if (path in wanted && hashOf(await contentOf(file)) !== wanted[path]) {
      return `${path} (${(await stat(file)).size} bytes) is not whole`;
    }
  }
  return undefined;
}

/** A manifest says that the run is whole: all its files must be. */
async function manifestFault(run: string): Promise<string | undefined> {
  try {
    const manifest = await loadManifest(run);
    for (const { file, sha256 } of runFiles(manifest)) {
      if (
        createHash('sha256')
          .update(await readFile(join(run, file)))
          .digest('hex') !== sha256
      )
        return `${file} is another one`;
    }
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** Times of day and durations left out. */
async function contentOf(file: string): Promise<string | Uint8Array> {
  if (TRIAL.test(file)) {
    const { seconds: _, ...record } = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    return JSON.stringify(record);
  }
  if (file.endsWith('sweep.json')) {
    const { began: _, ...sweep } = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    return JSON.stringify(sweep);
  }
  if (file.endsWith('results.csv')) {
    const [head = '', ...lines] = (await readFile(file, 'utf8')).trim().split(/\r?\n/);
    const seconds = head.split(',').indexOf('seconds');
    return JSON.stringify([head, ...lines.map((line) => line.split(',').toSpliced(seconds, 1))]);
  }
  if (file.endsWith('manifest.json')) {
    const { created: _, ...manifest } = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    return JSON.stringify(manifest);
  }
  if (file.endsWith('status.json')) {
    const { state } = JSON.parse(await readFile(file, 'utf8')) as { state: string };
    return state;
  }
  const run = dirname(dirname(file));
  const [last, best] = [checkpointPath(run), checkpointPath(run, 'best')];
  if (file !== last && file !== best) return readFile(file);
  const checkpoint = (await loadCheckpoint(run))!;
  if (file === best && !checkpoint.best) return 'a best checkpoint of which the last one knows nothing';
  const { seconds: _, state, ...progress } = file === last ? checkpoint : await loadBest(run, checkpoint.best!);
  const arrays = Object.entries(state).map(([name, { shape, data }]) => [
    name,
    shape,
    hashOf(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  ]);
  return JSON.stringify([progress, arrays]);
}

function hashOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
