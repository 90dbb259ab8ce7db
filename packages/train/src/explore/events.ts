import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { LogLine } from '../metrics/log.js';
import { LogFollower } from '../metrics/log-follower.js';
import { RunFolder } from '../run/folder.js';

/** Between two looks, in ms. */
const INTERVAL = 700;

export interface EventRequest {
  /** `runs.json` as it is now. */
  readonly runs: () => Promise<string>;
  /** Folders whose logs are followed, by the number of the run. */
  readonly logs: ReadonlyMap<number, string>;
  readonly signal: AbortSignal;
}

/** Lines of a log that are new; `from` is the count of those before them that are still true. */
interface LogEvent {
  readonly number: number;
  readonly from: number;
  readonly lines: readonly LogLine[];
}

/**
 * Server-sent events until the signal aborts: `runs` when the list has changed, `log` with the new lines of a log, at first
 * all, and `problem` once for a log that can't be read.
 */
export async function sendEvents(response: ServerResponse, { runs, logs, signal }: EventRequest): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  const send = (event: string, data: string): void => {
    response.write(`event: ${event}\ndata: ${data}\n\n`);
  };
  const followed = new Map([...logs].map(([number, folder]) => [number, new Followed(number, folder)] as const));
  let before: string | undefined;
  while (!signal.aborted) {
    const now = await runs();
    if (now !== before) send('runs', now);
    before = now;
    for (const [number, log] of followed) {
      try {
        const event = await log.read();
        if (event) send('log', JSON.stringify(event));
      } catch (error) {
        send('problem', JSON.stringify({ number, message: (error as Error).message }));
        followed.delete(number);
      }
    }
    await pause(INTERVAL, undefined, { signal }).catch(() => {});
  }
  response.end();
}

/** A log and how many of its lines were sent. */
class Followed {
  readonly #number: number;
  readonly #follower: LogFollower;
  #steps: number[] = [];
  #first = true;

  constructor(number: number, folder: string) {
    this.#number = number;
    this.#follower = new LogFollower(new RunFolder(folder).file('log'));
  }

  async read(): Promise<LogEvent | undefined> {
    const { lines, cutTo } = await this.#follower.read();
    if (cutTo !== undefined) this.#steps = this.#steps.filter((step) => step <= cutTo);
    if (lines.length === 0 && cutTo === undefined && !this.#first) return undefined;
    this.#first = false;
    const from = this.#steps.length;
    this.#steps.push(...lines.map(({ step }) => step));
    return { number: this.#number, from, lines };
  }
}
