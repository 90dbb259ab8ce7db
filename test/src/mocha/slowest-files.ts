import { relative } from 'node:path';
import Mocha, { type Hook, type MochaOptions, type Runner, type Test } from 'mocha';

const SHOWN = 10;

/** Mocha's list of tests, and before its totals the files in whose tests and hooks most time went. */
export default class SlowestFiles extends Mocha.reporters.Spec {
  readonly #milliseconds = new Map<string, number>();

  constructor(runner: Runner, options: MochaOptions) {
    super(runner, options);
    const { EVENT_HOOK_END, EVENT_TEST_END } = Mocha.Runner.constants;
    const add = ({ file, duration = 0 }: Test | Hook): void => {
      if (file) this.#milliseconds.set(file, (this.#milliseconds.get(file) ?? 0) + duration);
    };
    runner.on(EVENT_TEST_END, add).on(EVENT_HOOK_END, add);
  }

  override epilogue(): void {
    console.log(`\n  slowest files:\n${slowest(this.#milliseconds).join('\n')}`);
    super.epilogue();
  }
}

function slowest(milliseconds: ReadonlyMap<string, number>): string[] {
  const sorted = [...milliseconds].sort(([, a], [, b]) => b - a).slice(0, SHOWN);
  return sorted.map(([file, time]) => `  ${(time / 1000).toFixed(1).padStart(7)} s  ${relative('', file)}`);
}
