import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type AnyManifest, loadManifest, type MetricEntry } from '@onnx-forge/infer';
import type { ListedRun } from '@onnx-forge/viz/runs';
import { type LogLine, readLog } from '../metrics/log.js';
import { loadCheckpoint } from './checkpoint.js';
import { RunFolder } from './folder.js';
import { type RunState, runStanding } from './status.js';

/** Folders below folders that are looked into for runs. */
const DEPTH = 4;

/** A run as lists show it, with what its files say. */
export interface RunSummary extends Omit<ListedRun, 'numbers'> {
  /** Relative to the folder that was listed; its own name when that is the run. */
  readonly name: string;
  readonly path: string;
  readonly state: RunState | 'unreadable';
  /** Measured on the exported graphs. */
  readonly metrics: readonly MetricEntry[];
  /** The last lines of the log. */
  readonly last: { readonly train?: LogLine; readonly validation?: LogLine };
  /** Why it failed. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** Paths of the run folders in a folder, in the order of their names; the folder itself if it is one. */
export async function findRuns(folder: string, depth: number = DEPTH): Promise<string[]> {
  if (await isRunFolder(folder)) return [folder];
  if (depth === 0) return [];
  const runs: string[] = [];
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) runs.push(...(await findRuns(path, depth - 1).catch(() => [])));
    // A link may name a run, but is not gone into: it could lead in a circle.
    else if (entry.isSymbolicLink() && (await isRunFolder(path))) runs.push(path);
  }
  return runs;
}

/** Whether a folder holds what only a training writes. */
export async function isRunFolder(path: string): Promise<boolean> {
  const folder = new RunFolder(path);
  const has = (...entry: Parameters<RunFolder['file']>) => stat(folder.file(...entry)).then(Boolean, () => false);
  // Other programs write files called manifest.json, too.
  return (
    (await has('log')) ||
    (await has('checkpoint', 'state.safetensors')) ||
    ((await has('manifest')) && (await has('graphs')))
  );
}

/** Reads what a run's files say of it. One that is damaged is `unreadable`: a list shows all the others nevertheless. */
export async function summariseRun(path: string, listed: string = path): Promise<RunSummary> {
  const folder = new RunFolder(path);
  const name = relative(listed, path) || path;
  try {
    return { name, path, ...(await facts(folder)) };
  } catch (error) {
    const nothing = { recipe: '?', data: '?', options: {}, steps: 0, epochs: 0, metrics: [], last: {} };
    const when = await lastWritten(folder);
    return { name, path, ...nothing, when, state: 'unreadable', problem: (error as Error).message };
  }
}

async function facts(folder: RunFolder): Promise<Omit<RunSummary, 'name' | 'path'>> {
  const { state, status } = await runStanding(folder);
  const hasManifest = await stat(folder.file('manifest')).then(Boolean, () => false);
  const manifest = hasManifest ? await loadManifest(folder.path, { kinds: 'any' }) : undefined;
  const log = await readLog(folder.file('log'));
  const train = log.findLast(({ kind }) => kind === 'train');
  const validation = log.findLast(({ kind }) => kind === 'validation');
  const last = { ...(train && { train }), ...(validation && { validation }) };
  const reached = log.at(-1);
  const about = { when: status?.ended ?? (await lastWritten(folder)), last };
  const error = status?.error && { error: status.error };
  // A manifest of before, when the run goes on or was interrupted since.
  const isCurrent = manifest !== undefined && (status === undefined || manifest.steps >= (reached?.step ?? 0));
  if (manifest !== undefined && isCurrent && state !== 'running') {
    const { model, kind, data, options, seed, engine, device, steps, epochs, metrics } = manifest;
    const ended = state === 'finished' && isStoppedEarly(manifest) ? 'stopped early' : state;
    const when = status === undefined ? manifest.created : about.when;
    const own = { recipe: model, kind, data: data.name, options, seed, engine, device, steps, epochs, metrics };
    return { ...about, state: ended, when, ...own, ...error };
  }
  const progress = { steps: reached?.step ?? 0, epochs: reached?.epoch ?? 0, metrics: [] };
  if (status !== undefined) {
    const { recipe, data, options, seed, engine, device } = status;
    return { ...about, state, recipe, data, options, seed, engine, device, ...progress, ...error };
  }
  // Of a version that wrote no status.
  const checkpoint = await loadCheckpoint(folder.path);
  if (checkpoint === undefined) return { ...about, state, recipe: '?', data: '?', options: {}, ...progress };
  const { recipe, dataSet: data, options, seed, engine, step: steps } = checkpoint;
  return { ...about, state, recipe, data, options, seed, engine, ...progress, steps };
}

/** A manifest says by what a training was ended before all its iterations were done. */
function isStoppedEarly({ stopped }: AnyManifest): boolean {
  return stopped !== undefined;
}

/** Time of the newest of the files that a training writes. */
async function lastWritten(folder: RunFolder): Promise<string> {
  const times = [folder.file('status'), folder.file('log'), folder.file('manifest'), folder.path].map((path) =>
    stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    ),
  );
  const known = (await Promise.all(times)).slice(0, 3).filter((time) => time > 0);
  return new Date(known.length > 0 ? Math.max(...known) : await times[3]!).toISOString();
}
