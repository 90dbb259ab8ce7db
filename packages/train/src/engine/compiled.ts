import {
  type BatchType,
  type CompiledTraining,
  compileTraining,
  type StepDefinition,
  type tf,
} from '@onnx-forge/export';
import type { DeviceOptions } from '@onnx-forge/infer';
import type { BatchArrays, Engine, EngineOptions, EngineState } from './engine.js';
import { bindStep, networkWeights } from './step.js';

/** Runs the steps as ONNX graphs: one call of onnxruntime for loss, gradients and update together. */
export class CompiledEngine implements Engine {
  readonly name = 'compiled';
  readonly device: string;
  readonly #training: CompiledTraining;

  private constructor(training: CompiledTraining) {
    this.#training = training;
    this.device = training.device.device;
  }

  /** Traces and compiles every step for batches of exactly `batchSize` examples. */
  static async compile(
    { recipe, nets, options, random }: EngineOptions,
    { batchSize, ...device }: DeviceOptions & { readonly batchSize: number },
  ): Promise<CompiledEngine> {
    const inputs: Record<string, BatchType> = {};
    for (const [name, { shape, dtype = 'float32' }] of Object.entries(recipe.batch)) {
      inputs[name] = { shape: [batchSize, ...shape], dtype };
    }
    const steps: Record<string, StepDefinition> = {};
    for (const [name, step] of Object.entries(recipe.steps)) {
      const { run } = bindStep(name, step, nets, options);
      steps[name] = { inputs, step: run };
    }
    const names = new Map<tf.Variable, string>(networkWeights(nets).map(({ name, variable }) => [variable, name]));
    const nameOf = (variable: tf.Variable) => names.get(variable);
    return new CompiledEngine(await compileTraining(steps, { ...device, random, nameOf }));
  }

  run(step: string, batch: BatchArrays): Promise<Record<string, number>> {
    return this.#training.run(step, batch);
  }

  state(): Promise<EngineState> {
    return this.#training.state();
  }

  restore(state: EngineState): Promise<void> {
    return this.#training.restore(state);
  }

  writeBack(): Promise<void> {
    return this.#training.writeBack();
  }

  dispose(): Promise<void> {
    return this.#training.dispose();
  }
}
