/** A failure, and how to see it again. */
export interface Failure {
  /** One line. */
  readonly about: string;
  /** Argument of `--again` that repeats it alone. */
  readonly again: string;
}

/** Numbers of the summary, in its order: `inputs` 1,000,000. */
export type Counts = Readonly<Record<string, number | string>>;

export interface CampaignResult {
  readonly counts: Counts;
  readonly failures: readonly Failure[];
  /** Nothing is known about these: the machine gave the process no time. */
  readonly undecided: readonly Failure[];
}

export interface CampaignOptions {
  /** The campaign begins nothing new after so many. */
  readonly milliseconds: number;
  readonly seed: number;
  /** An existing folder for reproducers, which stay. */
  readonly folder: string;
  /** Processes that work at once. */
  readonly processes: number;
  /** Names of readers, works or tasks; default: all. A campaign that has no parts takes no notice. */
  readonly only?: readonly string[] | undefined;
  /** Of fuzz: so many inputs for each reader instead of a time, so that the same seed gives the same inputs anywhere. */
  readonly inputs?: number | undefined;
  /** Of cluster: trials of the sweep, and kills while it runs; default: few. */
  readonly trials?: number | undefined;
  readonly kills?: number | undefined;
  /** Repeat this failure only: a `Failure.again` of the same campaign. */
  readonly again?: string | undefined;
  /** Takes lines about the progress. */
  readonly log: (line: string) => void;
}

/** Something done many times at random, in which nothing may ever fail. */
export interface Campaign {
  readonly name: string;
  /** One line for `--help`. */
  readonly title: string;
  run(options: CampaignOptions): Promise<CampaignResult>;
}
