import { setTimeout as pause } from 'node:timers/promises';
import { type Benchmark, type Reading, type Runner, Unavailable } from './benchmark.js';
import type { Entry, NoNumber, RowResult } from './report/result.js';

/** onnxruntime's and OpenMP's idle threads spin for a moment; the next engine must not pay for it. */
const SETTLE_MS = 300;

export interface RunOptions {
  readonly rounds: number;
  /** Milliseconds of quiet before each measurement. */
  readonly settleMs?: number;
  /** Tells what is going on, for people. */
  readonly onProgress: (line: string) => void;
}

/**
 * Measures a benchmark's engines in turn, round after round, so that a drift of the machine hits all alike. Each engine
 * is a process of its own, and only one of them is busy at a time.
 */
export async function run(
  { rows, contenders }: Benchmark,
  { rounds, onProgress, settleMs = SETTLE_MS }: RunOptions,
): Promise<RowResult[]> {
  const lines: Line[] = [];
  try {
    for (const { engine, rows: own, open } of contenders) {
      onProgress(`${rows[0]!.title}: starting ${engine}`);
      lines.push(new Line(engine, own, await open().catch(noNumber)));
    }
    for (let round = 1; round <= rounds; round++) {
      for (const line of lines.filter(({ active }) => active)) {
        onProgress(`${rows[0]!.title}: round ${round} of ${rounds}, ${line.engine}`);
        await pause(settleMs);
        await line.measure();
      }
    }
  } finally {
    for (const line of lines) await line.close();
  }
  return rows.map((row) => ({ ...row, entries: lines.flatMap((line) => line.entry(row.id) ?? []) }));
}

/** One engine through the rounds. */
class Line {
  readonly engine: string;
  readonly #rows: readonly string[] | undefined;
  readonly #runner: Runner | undefined = undefined;
  readonly #readings: Reading[] = [];
  #failure: NoNumber | undefined;
  active: boolean;

  /** Of a runner, or of the reason why there is none. */
  constructor(engine: string, rows: readonly string[] | undefined, opened: Runner | NoNumber) {
    this.engine = engine;
    this.#rows = rows;
    if ('measure' in opened) this.#runner = opened;
    else this.#failure = opened;
    this.active = 'measure' in opened;
  }

  async measure(): Promise<void> {
    try {
      const reading = await this.#runner!.measure();
      this.#readings.push(reading);
      if (reading.last) this.active = false;
    } catch (error) {
      this.#failure = noNumber(error);
      this.active = false;
    }
  }

  /** Undefined for a row that this engine does not measure. */
  entry(row: string): Entry | undefined {
    if (this.#rows?.includes(row) === false) return undefined;
    const given = this.#readings.map(({ values }) => values[row]).filter((value) => value !== undefined);
    const refused = this.#failure ?? given.find((value) => typeof value !== 'number');
    const rounds = given.filter((value) => typeof value === 'number');
    const notes = this.#readings.findLast(({ notes }) => notes?.[row])?.notes?.[row] ?? [];
    const measured = rounds.length > 0 ? ({ status: 'measured', rounds, notes } as const) : undefined;
    const outcome = refused ?? measured;
    if (outcome === undefined) return undefined;
    return { engine: this.engine, version: this.#runner?.version, threads: this.#runner?.threads, outcome };
  }

  async close(): Promise<void> {
    await this.#runner?.close();
  }
}

function noNumber(error: unknown): NoNumber {
  if (error instanceof Unavailable) return { status: error.status, reason: error.reason };
  return { status: 'failed', reason: error instanceof Error ? error.message : String(error) };
}
