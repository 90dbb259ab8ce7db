/** The longest that `setTimeout` can wait, in milliseconds (25 days); more would be no time at all. */
const LONGEST = 2 ** 31 - 1;

/** Gives up a transfer of which nothing is heard for long, or that the caller gives up. */
export class IdleLimit {
  readonly #controller = new AbortController();
  readonly #milliseconds: number;
  readonly #caller: AbortSignal | undefined;
  readonly #forward = (): void => this.#controller.abort(this.#caller?.reason);
  #expired = false;

  constructor(milliseconds: number, caller: AbortSignal | undefined) {
    this.#milliseconds = milliseconds;
    this.#caller = caller;
    if (caller?.aborted) this.#forward();
    caller?.addEventListener('abort', this.#forward, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get expired(): boolean {
    return this.#expired;
  }

  /** The next sign of life; rejects when it takes too long, whether or not the work listens to {@link signal}. */
  async wait<T>(next: Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => {
          this.#expired = true;
          const error = new Error(`the server sent nothing for ${this.#milliseconds / 1000} s (option idleTimeout)`);
          reject(error);
          this.#controller.abort(error);
        },
        Math.min(this.#milliseconds, LONGEST),
      );
    });
    try {
      return await Promise.race([next, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Cancels what is still under way, such as a body that is not read. */
  end(): void {
    this.#caller?.removeEventListener('abort', this.#forward);
    this.#controller.abort();
  }
}
