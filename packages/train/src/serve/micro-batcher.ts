export interface MicroBatcherOptions<Input> {
  /** The most that one call of `run` may take, in the units of `sizeOf`. An input larger than that goes alone. */
  readonly maxSize: number;
  /** Default: every input counts as 1. */
  readonly sizeOf?: (input: Input) => number;
}

interface Waiting<Input, Output> {
  readonly input: Input;
  resolve(output: Output): void;
  reject(error: unknown): void;
}

/**
 * Turns calls that overlap into calls of several inputs: while one call is under way the next inputs gather, and all go
 * together when it ends. There is no timer to wait for, so a single call is as fast as without batching.
 */
export class MicroBatcher<Input, Output> {
  readonly #run: (inputs: readonly Input[]) => Promise<readonly Output[]>;
  readonly #maxSize: number;
  readonly #sizeOf: (input: Input) => number;
  readonly #waiting: Waiting<Input, Output>[] = [];
  #running = false;

  /** @param run gives one output for each input, in their order; when it fails, all of its inputs fail */
  constructor(
    run: (inputs: readonly Input[]) => Promise<readonly Output[]>,
    { maxSize, sizeOf = () => 1 }: MicroBatcherOptions<Input>,
  ) {
    this.#run = run;
    this.#maxSize = maxSize;
    this.#sizeOf = sizeOf;
  }

  add(input: Input): Promise<Output> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ input, resolve, reject });
      if (!this.#running) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#running = true;
    // Calls made in the same turn of the event loop go together already.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#next();
      try {
        const outputs = await this.#run(batch.map(({ input }) => input));
        for (const [index, { resolve }] of batch.entries()) resolve(outputs[index]!);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = false;
  }

  /** As many as fit, in the order of their arrival; at least one. */
  #next(): Waiting<Input, Output>[] {
    let size = 0;
    const tooMany = this.#waiting.findIndex(({ input }, index) => {
      size += this.#sizeOf(input);
      return index > 0 && size > this.#maxSize;
    });
    return this.#waiting.splice(0, tooMany < 0 ? this.#waiting.length : tooMany);
  }
}
