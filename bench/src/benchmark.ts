import type { NoNumber, Row } from './report/result.js';

/** Rows that the same processes measure, and who measures them. */
export interface Benchmark {
  readonly rows: readonly Row[];
  /** This project's engine first. */
  readonly contenders: readonly Contender[];
}

/** An engine that can be measured. */
export interface Contender {
  readonly engine: string;
  /** Ids of the rows that it is measured in; absent: all of the benchmark's. */
  readonly rows?: readonly string[];
  /** Starts it. @throws Unavailable when it is not installed here or can't do this */
  open(): Promise<Runner>;
}

/** A started engine, idle (no thread spinning) between measurements. */
export interface Runner {
  readonly version: string;
  readonly threads: number;
  /** One round of every row. */
  measure(): Promise<Reading>;
  close(): Promise<void>;
}

/** One round's result. */
export interface Reading {
  /** By row id; a row that is missing is measured in other rounds. */
  readonly values: Readonly<Record<string, number | NoNumber>>;
  /** By row id; they replace those of earlier rounds. */
  readonly notes?: Readonly<Record<string, readonly string[]>>;
  /** So slow that one round must do. */
  readonly last?: boolean;
}

/** An engine has no numbers to give. */
export class Unavailable extends Error implements NoNumber {
  readonly status: NoNumber['status'];
  readonly reason: string;

  constructor({ status, reason }: NoNumber) {
    super(reason);
    this.name = 'Unavailable';
    this.status = status;
    this.reason = reason;
  }
}
