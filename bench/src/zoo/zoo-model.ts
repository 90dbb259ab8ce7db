/** A model of the zoo, as the process that examines it is told of it. */
export interface ZooModel {
  /** `PACKAGE/MODEL`, without the package's scope. */
  readonly name: string;
  readonly format: 'graph-model' | 'layers-model';
  /** Its model.json. */
  readonly file: string;
  /** Layers of the package's own: a picture's sides grow by this factor. */
  readonly pixelShuffle?: number;
  /** For a model that leaves more open than sizes. */
  readonly given?: GivenInputs;
}

/** Inputs as a caller decides on them: shapes where the model tells none, and values that become part of the graph. */
export interface GivenInputs {
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly values: Readonly<Record<string, readonly number[]>>;
}

/** How far numbers (a) are from tfjs's (e). */
export interface Comparison {
  /** Largest |a - e| / (|e| + max |e| + 0.001) over all numbers of all outputs, max |e| being that of the output. */
  readonly error: number;
  /** Largest |e| of all. */
  readonly magnitude: number;
}

export interface Timings {
  /** Milliseconds of one run; undefined where the engine has not all kernels. */
  readonly cpu: number;
  readonly wasm?: number;
  readonly ours: number;
}

export interface Exported {
  readonly status: 'exported';
  readonly megabytes: number;
  readonly nodes: number;
  /** Sizes that were fixed because the model can't be exported with free ones, and why. */
  readonly fixed?: { readonly sizes: Readonly<Record<string, number>>; readonly reason: string };
  /** With tfjs cpu at the first input; at the second with tfjs wasm or cpu, whichever is nearer. */
  readonly comparison: Comparison;
  /** How far tfjs's wasm backend is from its cpu backend at the first input: what another order of sums does. */
  readonly wasmError?: number;
  readonly times: Timings;
}

export interface Refused {
  readonly status: 'refused';
  readonly code: string;
  readonly reason: string;
}

/** The process broke: an error that is not one of this project's, no memory, no end. */
export interface Broken {
  readonly status: 'broken';
  readonly reason: string;
}

export type Outcome = Exported | Refused | Broken;

export interface ZooResult {
  readonly model: ZooModel;
  readonly outcome: Outcome;
}

/** As in numpy's allclose: rtol is this, and atol this times (max |e| + 0.001). */
export const TOLERANCE = 1e-3;

/** Whether the exported graph is not the model: off by more than the tolerance, and than twice what tfjs's backends differ by. */
export function isWrong(outcome: Outcome): boolean {
  if (outcome.status === 'refused') return false;
  if (outcome.status === 'broken') return true;
  const { comparison, wasmError = 0 } = outcome;
  return !(comparison.error <= Math.max(TOLERANCE, 2 * wasmError));
}
