import { Breather } from '../pause.js';
import type { Device, Refusal } from './types.js';

/** Milliseconds that the timed calls of all devices take together. */
const TOTAL = 1000;
/** Milliseconds of a device's turn, or one call that takes longer: browsers' clocks go in steps of up to 1 ms and more. */
const TURN = 10;
/** The most calls of a turn, and the most turns: an end even where the clock stands still, as under a test's fake timers. */
const MOST_CALLS = 200;
const MOST_TURNS = 50;

/** How far the outputs of two devices may be apart, as a fraction of their root mean square and absolutely. */
const TOLERANCE = { relative: 0.05, absolute: 1e-3 } as const;

/** Numbers that a call computed, output by output. */
export type Answer = readonly Float32Array[];

/** Work that was opened on a device. */
export interface Trial {
  /** Computes the same the first time on every device; what later calls give is not looked at. */
  call(): Promise<Answer>;
  /** Frees what the device does not free by itself. */
  release?(): void;
}

/** Devices that do the same work, to find the fastest. Those that fail, or compute something else, are refused. */
export class Contest {
  readonly refused: Refusal[] = [];
  readonly #entered: Trial[] = [];
  readonly #left = new Map<Device, Trial>();
  readonly #turns = new Map<Device, number[]>();
  readonly #signal: AbortSignal | undefined;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** Devices that are not refused, in the order in which they entered. */
  get left(): readonly Device[] {
    return [...this.#left.keys()];
  }

  /** Milliseconds a call of each device that is left: the median over its turns. */
  get times(): ReadonlyMap<Device, number> {
    return new Map(this.left.map((device) => [device, median(this.#turns.get(device) ?? [])]));
  }

  /** @throws the signal's reason once it is aborted; so do the others */
  async enter(device: Device, open: () => Promise<Trial>): Promise<void> {
    const trial = await this.#attempt(device, open);
    if (!trial) return;
    this.#entered.push(trial);
    this.#left.set(device, trial);
  }

  /**
   * Calls each device once, which also compiles what it compiles, and refuses those whose numbers are not the last one's: a
   * platform's last device is its CPU.
   */
  async compare(): Promise<void> {
    const answers = new Map<Device, Answer>();
    for (const [device, trial] of [...this.#left]) {
      const answer = await this.#attempt(device, () => trial.call());
      if (answer) answers.set(device, answer);
    }
    const reference = [...answers.keys()].at(-1);
    for (const [device, answer] of answers) {
      if (device === reference || reference === undefined) continue;
      const fault = faultOf(answer, answers.get(reference)!);
      if (fault === 'not finite') this.#refuse(device, NOT_FINITE);
      if (fault === 'reference not finite' && this.#left.has(reference)) this.#refuse(reference, NOT_FINITE);
      if (fault === 'other') this.#refuse(device, `its numbers are not ${reference}'s`);
    }
  }

  /** Times the devices in turns, while several are left. @param now milliseconds */
  async time(now: () => number): Promise<void> {
    const breather = new Breather();
    const end = now() + TOTAL;
    for (let turn = 0; turn < MOST_TURNS && (turn === 0 || now() < end); turn++) {
      const order = turn % 2 === 0 ? this.left : [...this.left].reverse();
      for (const device of order) {
        if (this.#left.size < 2) return;
        const trial = this.#left.get(device)!;
        const milliseconds = await this.#attempt(device, () => takeTurn(trial, now));
        if (milliseconds !== undefined) this.#turns.set(device, [...(this.#turns.get(device) ?? []), milliseconds]);
        await breather.breathe();
      }
    }
  }

  release(): void {
    for (const trial of this.#entered) trial.release?.();
  }

  #refuse(device: Device, reason: string): void {
    this.#left.delete(device);
    this.refused.push({ device, reason });
  }

  async #attempt<T>(device: Device, work: () => Promise<T>): Promise<T | undefined> {
    this.#signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      this.#refuse(device, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }
}

const NOT_FINITE = 'its numbers are not finite';

/** Milliseconds a call. */
async function takeTurn(trial: Trial, now: () => number): Promise<number> {
  const start = now();
  let calls = 0;
  let passed = 0;
  do {
    await trial.call();
    calls++;
    passed = now() - start;
  } while (passed < TURN && calls < MOST_CALLS);
  return passed / calls;
}

type Fault = 'not finite' | 'reference not finite' | 'other';

/** The first fault of two answers. Numbers that are finite in neither (a mask's -Infinity) are as they should be. */
function faultOf(answer: Answer, reference: Answer): Fault | undefined {
  if (answer.length !== reference.length) return 'other';
  for (const [i, numbers] of answer.entries()) {
    const fault = faultOfOutput(numbers, reference[i]!);
    if (fault) return fault;
  }
  return undefined;
}

function faultOfOutput(numbers: Float32Array, reference: Float32Array): Fault | undefined {
  if (numbers.length !== reference.length) return 'other';
  let difference = 0;
  let size = 0;
  for (const [i, number] of numbers.entries()) {
    const expected = reference[i]!;
    if (Number.isFinite(number) !== Number.isFinite(expected)) {
      return Number.isFinite(number) ? 'reference not finite' : 'not finite';
    }
    if (!Number.isFinite(number)) continue;
    difference += (number - expected) ** 2;
    size += expected ** 2;
  }
  const rootMean = (sum: number): number => Math.sqrt(sum / numbers.length);
  const limit = TOLERANCE.relative * rootMean(size) + TOLERANCE.absolute;
  return rootMean(difference) > limit ? 'other' : undefined;
}

/** The lower one of an even number. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
}
