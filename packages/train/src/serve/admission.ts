export type Refusal = 'full' | 'greedy' | 'closing';

/** A request that was let in. */
export interface Visit {
  /** Takes its turn once the whole request is here. False: all turns are taken. Calls after the first do nothing. */
  take(): boolean;
  /** The request is over. Calls after the first do nothing. */
  leave(): void;
}

/** Requests that are still being received, for each turn: slow clients don't hold turns, but memory. */
const RECEIVED_PER_TURN = 8;

/**
 * Counts the requests that are being received, those that have a turn (waiting for the model or computed), and those of each
 * client, and refuses what is too much.
 */
export class Admission {
  readonly #limits: { readonly total: number; readonly perClient: number };
  readonly #clients = new Map<string, number>();
  #received = 0;
  #turns = 0;
  #closing = false;

  constructor(limits: { readonly total: number; readonly perClient: number }) {
    this.#limits = limits;
  }

  /** A visit, or why it may not begin. */
  enter(client: string): Visit | Refusal {
    const own = this.#clients.get(client) ?? 0;
    if (this.#closing) return 'closing';
    if (this.#received >= RECEIVED_PER_TURN * this.#limits.total) return 'full';
    if (own >= this.#limits.perClient) return 'greedy';
    this.#received++;
    this.#clients.set(client, own + 1);
    let state: 'received' | 'turn' | 'over' = 'received';
    return {
      take: () => {
        if (state !== 'received') return state === 'turn';
        if (this.#turns >= this.#limits.total) return false;
        state = 'turn';
        this.#received--;
        this.#turns++;
        return true;
      },
      leave: () => {
        if (state === 'over') return;
        if (state === 'turn') this.#turns--;
        else this.#received--;
        state = 'over';
        const left = this.#clients.get(client)! - 1;
        if (left > 0) this.#clients.set(client, left);
        else this.#clients.delete(client);
      },
    };
  }

  /** Requests that have a turn and are not over. */
  get underWay(): number {
    return this.#turns;
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** From now on nothing enters; what has entered may take its turn. */
  close(): void {
    this.#closing = true;
  }
}
