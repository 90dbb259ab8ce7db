/** A map of bounded size: the entry that was not asked for the longest goes first. */
export class Recent<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #limit: number;
  readonly #dropped: (value: V) => void;

  constructor(limit: number, dropped: (value: V) => void = () => {}) {
    this.#limit = limit;
    this.#dropped = dropped;
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: K, value: V): void {
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#limit) return;
    const [[oldest, dropped]] = this.#entries as unknown as [[K, V]];
    this.#entries.delete(oldest);
    this.#dropped(dropped);
  }
}
