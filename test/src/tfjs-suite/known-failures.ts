/** Specs of one suite that are known to fail on the `onnx` backend, and why. */
export interface KnownFailures {
  readonly reason: string;
  /** Full spec names as `run.js` prints them. */
  readonly specs: readonly string[];
}

/** Every spec of tfjs-core's suite that does not pass, each exactly once. The test fails when one of them passes. */
export const knownFailures: readonly KnownFailures[] = [];
