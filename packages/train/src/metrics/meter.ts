/** Sums and counts by metric; plain JSON. */
export type MeterState = Readonly<Record<string, { readonly sum: number; readonly count: number }>>;

/** Running means of named numbers. */
export class Meter {
  #sums: Map<string, { sum: number; count: number }>;

  constructor(state: MeterState = {}) {
    this.#sums = new Map(Object.entries(state).map(([name, entry]) => [name, { ...entry }]));
  }

  add(values: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(values)) {
      const entry = this.#sums.get(name) ?? { sum: 0, count: 0 };
      entry.sum += value;
      entry.count++;
      this.#sums.set(name, entry);
    }
  }

  /** The means; starts anew. */
  take(): Record<string, number> {
    const means = Object.fromEntries([...this.#sums].map(([name, { sum, count }]) => [name, sum / count]));
    this.#sums = new Map();
    return means;
  }

  state(): MeterState {
    return Object.fromEntries([...this.#sums].map(([name, entry]) => [name, { ...entry }]));
  }
}
