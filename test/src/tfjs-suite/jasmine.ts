import { createRequire } from 'node:module';

/** The part of jasmine-core 3.99 that the child uses; the package ships no types. */
export interface Expectation {
  readonly message: string;
  readonly stack?: string;
}

export interface RunnableResult {
  readonly id: string;
  readonly fullName: string;
  readonly status: string;
  readonly duration: number | null;
  readonly failedExpectations: readonly Expectation[];
}

export interface Runnable {
  readonly id: string;
  readonly children?: readonly Runnable[];
  getFullName(): string;
}

export interface Reporter {
  specStarted(result: RunnableResult): void;
  specDone(result: RunnableResult): void;
  suiteDone(result: RunnableResult): void;
  jasmineDone(result: RunnableResult): void;
}

export interface Environment {
  configure(options: { random?: boolean; specFilter?: (spec: Runnable) => boolean }): void;
  topSuite(): Runnable;
  addReporter(reporter: Reporter): void;
  execute(): void;
}

/** Creates jasmine's environment and its globals (`describe`, `it`, `expect`, ...). */
export function bootJasmine(): Environment {
  const core = createRequire(import.meta.url)('jasmine-core') as {
    boot(core: unknown): { getEnv(): Environment; DEFAULT_TIMEOUT_INTERVAL: number };
  };
  const jasmine = core.boot(core);
  jasmine.DEFAULT_TIMEOUT_INTERVAL = 20_000;
  return jasmine.getEnv();
}
