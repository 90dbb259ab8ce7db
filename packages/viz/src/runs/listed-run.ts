/** A number of a run with what it was measured on. */
export interface RunNumber {
  readonly name: string;
  readonly value: number;
  readonly standardError?: number;
  /** `train`, `validation` or `test`; `?` where it is not known. */
  readonly split: string;
  /** Examples; unknown for numbers of the log. */
  readonly count?: number;
  /** Equal for numbers that were measured alike; numbers of the log have none. */
  readonly way?: string;
}

/** A run as lists show it, whether or not it is finished. */
export interface ListedRun {
  readonly name: string;
  /** `running`, `finished`, `failed` and so on; `unreadable`: `problem` says why. */
  readonly state: string;
  readonly problem?: string;
  readonly recipe: string;
  readonly data: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Of a run that is whole. */
  readonly kind?: string;
  readonly seed?: number;
  readonly engine?: string;
  readonly device?: string;
  /** Iterations and epochs done. */
  readonly steps: number;
  readonly epochs: number;
  /** When it ended, or was last written to; ISO 8601. */
  readonly when: string;
  /** Measured ones, then the last ones of the log. */
  readonly numbers: readonly RunNumber[];
}

/**
 * The number of that name, measured before logged; without a name the first that was measured on the test split. One that was
 * measured several times: on the most examples.
 */
export function keyNumber({ numbers }: Pick<ListedRun, 'numbers'>, name?: string): RunNumber | undefined {
  const all = numbers.filter((one) => name === undefined || one.name === name);
  const first = all.find(({ split }) => split === 'test') ?? all[0];
  const same = all.filter((one) => one.name === first!.name && one.split === first!.split);
  return onMostExamples(same, ({ count }) => count);
}

/** The one that rests on the most examples; the first of several. By this rule a run's number is told from others of its name. */
export function onMostExamples<T>(all: readonly T[], examplesOf: (one: T) => number | undefined): T | undefined {
  const most = Math.max(...all.map((one) => examplesOf(one) ?? 0));
  return all.find((one) => (examplesOf(one) ?? 0) === most);
}
