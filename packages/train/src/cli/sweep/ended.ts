import { join } from 'node:path';
import { drawSweep } from '../../sweep/figures.js';
import { SweepFolder } from '../../sweep/folder.js';
import type { SweepSummary } from '../../sweep/sweep.js';
import type { Outcome } from '../command.js';
import { showStatus } from './results.js';

/** Writes the table and the figures of a sweep that was waited for, and shows where it stands. */
export async function ended(summary: SweepSummary, signal: AbortSignal): Promise<Outcome> {
  signal.throwIfAborted();
  const { text, json } = await summarised(summary.path);
  const failure =
    summary.finished === 0
      ? 'no trial has come to its end'
      : summary.open > 0
        ? `${summary.open} trials have not ended; the same sweep command goes on with them`
        : undefined;
  return { text, json, failure };
}

/** Writes the table and the figures, and shows where the sweep stands. */
export async function summarised(path: string): Promise<Outcome> {
  const { text, json } = await showStatus(path);
  const figures = await drawSweep(await SweepFolder.open(path));
  const drawn = figures.length > 0 ? `\nfigures      ${figures.length} files in ${join(path, 'figures')}` : '';
  return { text: `${text}${drawn}`, json: { ...(json as object), figures } };
}
