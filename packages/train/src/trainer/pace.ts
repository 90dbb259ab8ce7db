/** Iterations whose mean time is the pace. */
const WINDOW = 50;
/** Ends of epochs whose mean time is taken. */
const EPOCHS = 3;

/**
 * How fast a training runs of late. The first iteration of a process takes longer than the others and says nothing of them;
 * validations and checkpoints between epochs are counted by themselves.
 */
export class Pace {
  readonly #clock: () => number;
  readonly #stepsPerEpoch: number;
  #last: number;
  #first = Number.NaN;
  #steps: number[] = [];
  /** Of the first iteration after an epoch, with all that was done between. */
  #epochs: number[] = [];

  /** @param clock milliseconds */
  constructor(stepsPerEpoch: number, clock: () => number = () => performance.now()) {
    this.#stepsPerEpoch = stepsPerEpoch;
    this.#clock = clock;
    this.#last = clock();
  }

  /** Counts an iteration that has ended now. @param step its number, from 1 */
  add(step: number): void {
    const now = this.#clock();
    const ms = now - this.#last;
    this.#last = now;
    if (Number.isNaN(this.#first)) this.#first = ms;
    else if ((step - 1) % this.#stepsPerEpoch === 0) this.#epochs = [...this.#epochs, ms].slice(-EPOCHS);
    else this.#steps = [...this.#steps, ms].slice(-WINDOW);
  }

  /** Of the first iteration only as long as there is no other. */
  get msPerStep(): number {
    return mean(this.#steps) ?? mean(this.#epochs) ?? this.#first;
  }

  /** Seconds from iteration `step` to the last of `steps`; NaN after the first of the process. */
  secondsLeft(step: number, steps: number): number {
    // Of the iterations to come, those that begin an epoch.
    const begun = (count: number) => Math.ceil(count / this.#stepsPerEpoch);
    const epochs = begun(steps) - begun(step);
    const perEpoch = mean(this.#epochs);
    const perStep = mean(this.#steps) ?? perEpoch ?? Number.NaN;
    return ((steps - step - epochs) * perStep + epochs * (perEpoch ?? perStep)) / 1000;
  }
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
