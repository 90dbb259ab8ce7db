import { createContext } from 'preact';
import type { Offer } from './offer.js';

/** One line of a run's log. */
export interface LogLine {
  readonly kind: 'train' | 'validation';
  readonly step: number;
  readonly epoch: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** Lines of a run's log that are new. */
export interface LogEvent {
  /** Of the run, in its addresses. */
  readonly number: number;
  /** How many of the lines before are still true. */
  readonly from: number;
  readonly lines: readonly LogLine[];
}

/** Who follows logs. */
export interface LogListener {
  readonly numbers: readonly number[];
  readonly onLines: (event: LogEvent) => void;
  readonly onProblem: (message: string) => void;
}

/** The server's events, over one connection for the whole page: browsers open only six to a server, for all its pages. */
export class EventStream {
  readonly #onRuns: (offer: Offer) => void;
  readonly #listeners = new Set<LogListener>();
  #source: EventSource | undefined;
  #address = '';
  #runs = '';
  #isClosed = false;

  constructor(onRuns: (offer: Offer) => void) {
    this.#onRuns = onRuns;
    this.#open('events');
  }

  /** Follows logs, from their beginning, until the function that it returns is called. */
  follow(listener: LogListener): () => void {
    this.#listeners.add(listener);
    this.#reopen();
    return () => {
      this.#listeners.delete(listener);
      this.#reopen();
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#source?.close();
  }

  /** Once for all that changes now. */
  #reopen(): void {
    queueMicrotask(() => {
      const numbers = new Set([...this.#listeners].flatMap((one) => one.numbers));
      const address = `events?${[...numbers].map((number) => `log=${number}`).join('&')}`;
      if (!this.#isClosed && address !== this.#address) this.#open(address);
    });
  }

  #open(address: string): void {
    this.#source?.close();
    this.#address = address;
    const source = new EventSource(address);
    this.#source = source;
    source.addEventListener('runs', ({ data }: MessageEvent<string>) => {
      if (data !== this.#runs) this.#onRuns(JSON.parse(data) as Offer);
      this.#runs = data;
    });
    source.addEventListener('log', ({ data }: MessageEvent<string>) => {
      const event = JSON.parse(data) as LogEvent;
      for (const { numbers, onLines } of this.#listeners) if (numbers.includes(event.number)) onLines(event);
    });
    source.addEventListener('problem', ({ data }: MessageEvent<string>) => {
      const { number, message } = JSON.parse(data) as { number: number; message: string };
      for (const { numbers, onProblem } of this.#listeners) if (numbers.includes(number)) onProblem(message);
    });
  }
}

/** Undefined on a page of plain files. */
export const StreamContext = createContext<EventStream | undefined>(undefined);
