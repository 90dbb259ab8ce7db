/** One command line that some machine is to run. */
export interface Job {
  /** In names of files and lists of a queue: letters, digits, dashes. */
  readonly name: string;
  /** The program and its arguments. Running it twice must do no harm: after a lost machine it is run again. */
  readonly argv: readonly string[];
  /** Where it runs, and all that it shares with other jobs lies: the same path on every machine. */
  readonly folder: string;
  readonly needs: JobNeeds;
  /** A command that has the job run again later, after a queue announced the end of its time (SIGUSR1). Set by launchers. */
  readonly requeue?: readonly string[] | undefined;
}

export interface JobNeeds {
  readonly threads: number;
  readonly memoryMb?: number | undefined;
  /** It is ended after so long, and counts as failed. */
  readonly minutes?: number | undefined;
}

/** Text that finds a job again, also after the launching process was restarted. */
export type JobId = string;

/** `cancelled`: it was asked to end. `lost`: nobody knows of it any more, and it did not say that it ended. */
export type JobState =
  | { readonly state: 'waiting' | 'running' | 'cancelled' | 'lost' }
  | { readonly state: 'finished' }
  | { readonly state: 'failed'; readonly reason: string };

/** Runs jobs somewhere. What a job makes lies in its folder; the launcher carries no results. */
export interface Launcher {
  readonly name: string;
  /** Longest time between two questions for states, ms: of a queue that should not be asked often. */
  readonly lookEveryMs?: number | undefined;
  /** Why nothing can be launched here, in one line; undefined: it can. */
  refusal(): Promise<string | undefined>;
  /**
   * A job that is submitted twice may run twice, also at the same time: it has to stand that.
   *
   * @param after the jobs begin when all of these are over, however they ended
   * @returns ids in the order of the jobs
   */
  submit(jobs: readonly Job[], after?: readonly JobId[]): Promise<readonly JobId[]>;
  states(ids: readonly JobId[]): Promise<readonly JobState[]>;
  cancel(ids: readonly JobId[]): Promise<void>;
}

/** Whether a job's state will not change any more. */
export function isOver({ state }: JobState): boolean {
  return state !== 'waiting' && state !== 'running';
}
