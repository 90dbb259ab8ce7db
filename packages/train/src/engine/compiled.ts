import {
  type CompiledTraining,
  compileTraining,
  type FormOptions,
  type FormTable,
  type StepDefinition,
  type StepInput,
  type StepModel,
  type tf,
} from '@onnx-forge/export';
import type { BatchArrays, DeviceOptions, TrainingState } from '@onnx-forge/infer';
import { networkWeights } from '../layers/network.js';
import type { Engine, EngineOptions } from './engine.js';
import { type BoundStep, bindStep } from './step.js';
import { type NamedVariables, readVariables, restoreVariables } from './variables.js';

/** Runs the steps as ONNX graphs: one call of onnxruntime for loss, gradients and update together. */
export class CompiledEngine implements Engine {
  readonly name = 'compiled';
  readonly device: string;
  /** The form of each operation that has several, by operation and shapes. */
  readonly forms: FormTable;
  readonly #training: CompiledTraining;
  readonly #steps: readonly BoundStep[];
  /** Weights that no step reads or moves; their values are the variables' own. */
  readonly #others: NamedVariables;

  private constructor(training: CompiledTraining, steps: readonly BoundStep[], others: NamedVariables) {
    this.#training = training;
    this.#steps = steps;
    this.#others = others;
    this.device = training.device.device;
    this.forms = training.forms;
  }

  /** Traces and compiles every step for batches of exactly `batchSize` examples. */
  static async compile(
    parts: EngineOptions,
    { batchSize, ...device }: DeviceOptions & FormOptions & { readonly batchSize: number },
  ): Promise<CompiledEngine> {
    const { recipe, nets, averages, options, random } = parts;
    const inputs: Record<string, StepInput> = {};
    for (const [name, { shape, dtype = 'float32' }] of Object.entries(recipe.batch(options))) {
      inputs[name] = { shape: [batchSize, ...shape], dtype };
    }
    const steps: Record<string, StepDefinition> = {};
    const bound: BoundStep[] = [];
    for (const [name, step] of Object.entries(recipe.steps)) {
      const one = bindStep(name, step, parts);
      bound.push(one);
      steps[name] = { inputs, step: one.run };
    }
    const weights = [...networkWeights(nets), ...(averages?.weights ?? [])];
    const names = new Map<tf.Variable, string>(weights.map(({ name, variable }) => [variable, name]));
    const nameOf = (variable: tf.Variable) => names.get(variable);
    const training = await compileTraining(steps, { ...device, random, nameOf, pure: true });
    const moved = await training.state();
    const others = weights
      .filter(({ name }) => !(name in moved))
      .map(({ name, variable }) => [name, variable] as const);
    return new CompiledEngine(training, bound, new Map(others));
  }

  run(step: string, batch: BatchArrays): Promise<Record<string, number>> {
    return this.#training.run(step, batch);
  }

  /** The graphs read the learning rates from the optimizers in every run. */
  scaleLearningRates(factor: number): void {
    for (const step of this.#steps) step.scaleLearningRate(factor);
  }

  async state(): Promise<TrainingState> {
    return { ...(await this.#training.state()), ...(await readVariables(this.#others)) };
  }

  async restore(state: TrainingState): Promise<void> {
    const moved = Object.entries(state).filter(([name]) => !this.#others.has(name));
    await this.#training.restore(Object.fromEntries(moved));
    restoreVariables(this.#others, state);
  }

  /** The steps' graphs for other runtimes and devices, with the learning rates that the recipe began with. */
  portableSteps(): Record<string, StepModel> {
    this.scaleLearningRates(1);
    return this.#training.portable();
  }

  /** Multiply-adds of each step's products and convolutions. */
  multiplyAdds(): Record<string, number> {
    return this.#training.multiplyAdds();
  }

  writeBack(): Promise<void> {
    return this.#training.writeBack();
  }

  async dispose(): Promise<void> {
    await this.#training.dispose();
    for (const step of this.#steps) step.dispose();
  }
}
