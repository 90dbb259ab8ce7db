/**
 * A process that does one task again and again, and reads its own gauges each time.
 *
 * node --expose-gc child.js '{"name": "load", "milliseconds": 1000, "folder": "DIR"}'
 */
import { mkdir } from 'node:fs/promises';
import { openFiles, residentBytes, threadCount } from '../resident.js';
import { TASKS, type TaskName } from './tasks.js';

/** Readings between two times. */
export interface Gauges {
  readonly resident: number;
  readonly heap: number;
  readonly buffers: number;
  /** Of the event loop. */
  readonly handles: number;
  readonly threads: number;
  readonly files: number;
}

export interface SoakReport {
  readonly times: number;
  readonly gauges: readonly Gauges[];
}

const { name, milliseconds, folder } = JSON.parse(process.argv[2]!) as {
  name: TaskName;
  milliseconds: number;
  folder: string;
};

function read(): Gauges {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return {
    resident: residentBytes(process.pid) || rss,
    heap: heapUsed,
    buffers: arrayBuffers,
    handles: process.getActiveResourcesInfo().length,
    threads: threadCount(process.pid),
    files: openFiles(process.pid),
  };
}

await mkdir(folder, { recursive: true });
const gauges: Gauges[] = [];
const end = performance.now() + milliseconds;
do {
  await TASKS[name](folder);
  gauges.push(read());
  process.send?.('turn');
} while (performance.now() < end || gauges.length < 6);
process.send?.({ times: gauges.length, gauges } satisfies SoakReport, () => process.exit(0));
