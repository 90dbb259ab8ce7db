/** The target's value of one trial after some of its resource (epochs). Lower losses are better, whatever the target's direction. */
export interface TrialReport {
  readonly trial: number;
  readonly resource: number;
  readonly loss: number;
}

/** Ends trials that will not be the best: a pure function of what trials reported until now. */
export interface Stopper {
  readonly name: string;
  /** Whether the trial of the report should end here; `reports` are those of all trials, its own included. */
  stops(report: TrialReport, reports: readonly TrialReport[]): boolean;
  /** The resources after which it may end a trial; nothing is reported after others. */
  asksAt(resource: number): boolean;
}
