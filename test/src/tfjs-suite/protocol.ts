/** A request of the parent to a child process: one shard of the suite, without the specs that already ran. */
export interface ShardRequest {
  readonly bundle: string;
  readonly backend: string;
  readonly shard: number;
  readonly shards: number;
  /** Regular expression on the full name of a spec. */
  readonly grep: string | undefined;
  /** Names of specs that an earlier child finished or died in. */
  readonly skip: readonly string[];
  /** Also report the kernels that each spec dispatches. */
  readonly kernels: boolean;
}

export interface SpecResult {
  /** jasmine's full name without the test environment, numbered where it is not unique. */
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'pending';
  /** First failure. */
  readonly message?: string;
  readonly stack?: string;
  readonly milliseconds: number;
  /** Dispatched kernels, in order of first use. */
  readonly kernels?: readonly string[];
}

/** A message of a child to its parent. `end` is the last one of a complete shard. */
export type ShardMessage =
  | { readonly kind: 'start'; readonly name: string }
  | { readonly kind: 'spec'; readonly result: SpecResult }
  | { readonly kind: 'suite'; readonly name: string; readonly message: string }
  | { readonly kind: 'end' };
