/** Why there is no number: not installed here, not able to, or broken. */
export interface NoNumber {
  readonly status: 'absent' | 'cannot' | 'failed';
  readonly reason: string;
}

/** One number a round. */
export interface Measured {
  readonly status: 'measured';
  /** The median of each round, in the row's unit. */
  readonly rounds: readonly number[];
  /** Facts that belong to the number, such as how it was projected. */
  readonly notes: readonly string[];
}

/** The outcome of one engine in a row. */
export interface Entry {
  readonly engine: string;
  /** Of the library that computes, such as `onnxruntime 1.30.0`; unknown when the engine is absent. */
  readonly version?: string | undefined;
  readonly threads?: number | undefined;
  readonly outcome: Measured | NoNumber;
}

/** A quantity to measure. */
export interface Row {
  /** `RECIPE/WHAT[/DETAIL]`, such as `vae/step/elbo`: stable, for `--only`, targets and JSON. */
  readonly id: string;
  /** For people, with the sizes that matter. */
  readonly title: string;
  readonly unit: string;
  readonly better: 'lower' | 'higher';
  /** Of a number that is one of a series, as a size grows. */
  readonly at?: SeriesPoint;
}

export interface SeriesPoint {
  /** `RECIPE: QUANTITY`. */
  readonly series: string;
  /** The size. */
  readonly value: number;
  readonly measure: 'iteration' | 'memory' | 'compile' | 'nodes';
}

export interface RowResult extends Row {
  /** The first is this project's: the others are compared with it. */
  readonly entries: readonly Entry[];
}

/** Where it ran. */
export interface Machine {
  readonly processor: string;
  /** Logical processors that this process sees. */
  readonly cores: number;
  readonly memoryGB: number;
  readonly system: string;
  readonly node: string;
  /** Load average of the minute before the start. */
  readonly load: number;
}

/** A fixed piece of work on one thread, and how much of a processor it got. */
export interface Calibration {
  /** Milliseconds of processor time: how fast the processor is now. */
  readonly cpuMs: number;
  /** Processor time over the time that passed: below 1 others had the processor meanwhile. */
  readonly share: number;
  /** Load average of the minute before. */
  readonly load: number;
}

export interface Report {
  readonly date: string;
  readonly machine: Machine;
  /** Threads that every engine was asked to use. */
  readonly threads: number;
  readonly quick: boolean;
  /** Those that onnxruntime and PyTorch were limited to. */
  readonly instructions?: 'native' | 'avx2';
  /** Before the first row, and after the last. */
  readonly calibration?: { readonly before: Calibration; readonly after?: Calibration };
  readonly rows: readonly RowResult[];
}
