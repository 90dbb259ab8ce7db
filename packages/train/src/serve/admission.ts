export type Refusal = 'full' | 'greedy' | 'closing';

/** Counts the requests under way, all and by client, and refuses what is too much. */
export class Admission {
  readonly #limits: { readonly total: number; readonly perClient: number };
  readonly #clients = new Map<string, number>();
  #total = 0;
  #closing = false;

  constructor(limits: { readonly total: number; readonly perClient: number }) {
    this.#limits = limits;
  }

  /** A function to be called when the request is over (calls after the first do nothing), or why it may not begin. */
  enter(client: string): (() => void) | Refusal {
    const own = this.#clients.get(client) ?? 0;
    if (this.#closing) return 'closing';
    if (this.#total >= this.#limits.total) return 'full';
    if (own >= this.#limits.perClient) return 'greedy';
    this.#total++;
    this.#clients.set(client, own + 1);
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#total--;
      const left = this.#clients.get(client)! - 1;
      if (left > 0) this.#clients.set(client, left);
      else this.#clients.delete(client);
    };
  }

  /** Requests that have entered and are not over. */
  get underWay(): number {
    return this.#total;
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** From now on nothing enters. */
  close(): void {
    this.#closing = true;
  }
}
