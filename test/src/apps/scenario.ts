/** Settings of an app's scenario (`test/apps/shared/scenario.js`). */
export interface Settings {
  readonly run: string;
  readonly devices: readonly string[];
  readonly options?: Readonly<Record<string, unknown>>;
  /** Whether a worker made from a blob is told an absolute address; default true. */
  readonly absolute?: boolean;
}

/** The scenario's results. */
export interface Outcome {
  readonly results: readonly { readonly device: string; readonly numbers: Numbers }[];
  readonly error?: { readonly name?: string; readonly code?: string; readonly message: string };
}

export type Numbers = readonly number[];

/** The numbers of each device. @throws Error with the scenario's own */
export function numbersOf({ results, error }: Outcome): Numbers[] {
  if (error) throw new Error(`${error.name} ${error.code}: ${error.message}`);
  return results.map(({ numbers }) => numbers);
}

const TOLERANCE = 1e-4;

/** Where numbers differ by more than 1e-4, relative to those above 1. */
export function differenceOf(found: Numbers, expected: Numbers): string | undefined {
  if (found.length !== expected.length) return `${found.length} numbers, not ${expected.length}`;
  const at = expected.findIndex(
    (value, i) => !(Math.abs(found[i]! - value) <= TOLERANCE * Math.max(1, Math.abs(value))),
  );
  return at < 0 ? undefined : `number ${at} is ${found[at]}, not ${expected[at]}`;
}
