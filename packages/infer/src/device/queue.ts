/** Runs jobs one after another in the order of their arrival; a job that fails does not stop the next. */
export class SerialQueue {
  readonly #state: { last: Promise<unknown> };

  /** @param state of a queue that others share */
  constructor(state: { last: Promise<unknown> } = { last: Promise.resolve() }) {
    this.#state = state;
  }

  run<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#state.last.then(job);
    this.#state.last = result.catch(() => undefined);
    return result;
  }
}
