import type { BatchArrays, ComputeDevice, StepRunner, TrainingState } from '@onnx-forge/infer';
import { STANDARD } from '../graph/dialect.js';
import { Forms, type FormTable } from '../graph/form.js';
import { tf } from '../tfjs.js';
import type { StepCompiler, StepModel } from './compiler.js';

/** Compiled training steps with their shared state. Not for concurrent calls of `run`. */
export class CompiledTraining {
  readonly #runner: StepRunner;
  readonly #compiler: StepCompiler;
  /** How often each step has run. */
  readonly #runs = new Map<string, number>();

  readonly #pure: boolean;

  /**
   * The form of each operation that has several, by operation and shapes: given to another compilation as its `forms`, it makes
   * the same graphs.
   */
  readonly forms: FormTable;

  constructor(
    runner: StepRunner,
    compiler: StepCompiler,
    { pure, forms }: { readonly pure: boolean; readonly forms: FormTable },
  ) {
    this.#runner = runner;
    this.#compiler = compiler;
    this.#pure = pure;
    this.forms = forms;
  }

  /** The device granted, and why others were not. */
  get device(): Pick<ComputeDevice, 'device' | 'refused'> {
    return this.#runner.device;
  }

  /**
   * Runs one step on one batch; returns its metrics.
   *
   * @throws InputError for an unknown step, an array that is missing, unknown, or of another type or size;
   * StepChangedError when an optimizer's settings, other than its learning rate, are not the compiled ones, or the step would
   * do something else than when it was compiled (looked at before its runs 2, 3, 5, 9, 17 ..., since it takes a trace; not if `pure`)
   */
  async run(name: string, batch: BatchArrays): Promise<Record<string, number>> {
    this.#compiler.checkSettings();
    this.#compiler.checkNames(name, batch ?? {});
    const runs = this.#runs.get(name) ?? 0;
    if (!this.#pure && runs > 0 && Number.isInteger(Math.log2(runs))) this.#compiler.checkUnchanged(name);
    this.#runs.set(name, runs + 1);
    return this.#runner.run(name, batch ?? {});
  }

  /** A copy of every variable and optimizer slot. */
  state(): Promise<TrainingState> {
    return this.#runner.state();
  }

  /** Replaces the state. @throws InputError when a variable is missing or has another shape. */
  restore(state: TrainingState): Promise<void> {
    return this.#runner.restore(state);
  }

  /**
   * The steps once more, of standard operators only: for files, and for every device. Their state is that of
   * {@link state}; learning rates are the optimizers' current ones.
   */
  portable(): Record<string, StepModel> {
    return this.#compiler.compile(STANDARD, false);
  }

  /**
   * Multiply-adds of each step's products and convolutions, counted in the graph of standard operators whose filter gradients are convolutions:
   * without what a faster form multiplies beside them.
   */
  multiplyAdds(): Record<string, number> {
    const plain = Object.fromEntries(Object.keys(this.forms).map((site) => [site, 'convolution']));
    const models = this.#compiler.compile({ ...STANDARD, forms: new Forms(plain) }, false);
    return Object.fromEntries(Object.entries(models).map(([name, { multiplyAdds }]) => [name, multiplyAdds]));
  }

  /** Copies the current values into the tf.Variables (to export or to inspect them). Slots of a compiled Adam stay unscaled. */
  async writeBack(): Promise<void> {
    const state = await this.#runner.state();
    for (const [name, variable] of this.#compiler.variables) {
      const entry = state[name];
      if (!entry || variable.isDisposed) continue;
      const value = tf.tensor(entry.data, [...entry.shape], variable.dtype as 'float32');
      variable.assign(value);
      value.dispose();
    }
  }

  async dispose(): Promise<void> {
    await this.#runner.dispose();
    this.#compiler.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
