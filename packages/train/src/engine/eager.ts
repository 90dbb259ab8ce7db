import { type StepRandom, tf, withLayerNoise } from '@onnx-forge/export';
import type { BatchArrays, Random, TrainingState } from '@onnx-forge/infer';
import { networkWeights } from '../layers/network.js';
import type { InputSpec } from '../recipe/inputs.js';
import type { Recipe } from '../recipe/recipe.js';
import type { Engine, EngineOptions } from './engine.js';
import { type BoundStep, bindStep } from './step.js';
import { readVariables, refuseOtherArrays, restoreVariables } from './variables.js';

/** Runs the steps on tfjs itself, on the backend that is set. The reference for the compiled engine. */
export class EagerEngine implements Engine {
  readonly name = 'eager';
  readonly device: string = `tfjs-${tf.getBackend()}`;
  readonly #recipe: Recipe;
  readonly #inputs: Readonly<Record<string, InputSpec>>;
  readonly #steps: ReadonlyMap<string, BoundStep>;
  readonly #variables: ReadonlyMap<string, tf.Variable>;
  readonly #random: Random;

  constructor(parts: EngineOptions) {
    const { recipe, nets, averages, options, random } = parts;
    this.#recipe = recipe;
    this.#inputs = recipe.batch(options);
    this.#random = random;
    const weights = [...networkWeights(nets), ...(averages?.weights ?? [])];
    const variables = new Map(weights.map(({ name, variable }) => [name, variable]));
    const steps = new Map<string, BoundStep>();
    for (const [name, step] of Object.entries(recipe.steps)) {
      const { value: bound, created } = variablesCreatedBy(() => bindStep(name, step, parts));
      const slots = [...created, ...slotsOf(bound, created)];
      for (const [index, slot] of slots.entries()) variables.set(`${name}/optimizer/${index}`, slot);
      steps.set(name, bound);
    }
    this.#steps = steps;
    this.#variables = variables;
  }

  async run(step: string, batch: BatchArrays): Promise<Record<string, number>> {
    const bound = this.#steps.get(step);
    if (bound === undefined) throw new TypeError(`recipe '${this.#recipe.name}' has no step '${step}'`);
    const rng = this.#rng();
    const metrics = tf.tidy(() => withLayerNoise(rng, () => bound.run(this.#tensors(batch), rng)));
    const values: Record<string, number> = {};
    for (const [name, metric] of Object.entries(metrics)) values[name] = (await metric.data())[0]!;
    tf.dispose(metrics);
    return values;
  }

  scaleLearningRates(factor: number): void {
    for (const step of this.#steps.values()) step.scaleLearningRate(factor);
  }

  async state(): Promise<TrainingState> {
    return readVariables(this.#variables);
  }

  async restore(arrays: TrainingState): Promise<void> {
    refuseOtherArrays(this.#variables, arrays);
    restoreVariables(this.#variables, arrays);
  }

  /** The variables are what this engine computes with. */
  async writeBack(): Promise<void> {}

  async dispose(): Promise<void> {
    for (const step of this.#steps.values()) step.dispose();
  }

  #tensors(batch: BatchArrays): Record<string, tf.Tensor> {
    const inputs = Object.entries(this.#inputs).map(([name, { shape }]) => {
      const values = batch[name] as Float32Array | Int32Array;
      const size = shape.reduce((product, length) => product * length, 1);
      const dtype = values instanceof Int32Array ? 'int32' : 'float32';
      // A copy: the arrays of a batch are filled anew for the next one.
      return [name, tf.tensor(values.slice(), [values.length / size, ...shape], dtype)] as const;
    });
    return Object.fromEntries(inputs);
  }

  #rng(): StepRandom {
    const sized = (shape: readonly number[]) => new Float32Array(shape.reduce((size, length) => size * length, 1));
    return {
      normal: (shape) => tf.tensor(this.#random.fillNormal(sized(shape)), [...shape]),
      uniform: (shape, low, high) => tf.tensor(this.#random.fillUniform(sized(shape), low, high), [...shape]),
    };
  }
}

/**
 * The slots that optimizers make on their first update. An update with zero gradients makes them, moves no weight and
 * leaves a slot at its initial value; the variables that the constructor made (such as powers of beta) are put back.
 */
function slotsOf({ groups }: BoundStep, constructed: readonly tf.Variable[]): tf.Variable[] {
  return tf.tidy(() => {
    const before = constructed.map((variable) => variable.clone());
    const { created } = variablesCreatedBy(() => {
      for (const { optimizer, weights } of groups) {
        const zeros = weights.map(({ variable }) => [variable.name, tf.zerosLike(variable)] as const);
        optimizer.applyGradients(Object.fromEntries(zeros));
      }
    });
    for (const [index, variable] of constructed.entries()) variable.assign(before[index]!);
    return created;
  });
}

/** Result of `make`, and the variables that tfjs registered meanwhile, in order. */
function variablesCreatedBy<T>(make: () => T): { value: T; created: tf.Variable[] } {
  const registered = () => Object.values(tf.engine().registeredVariables);
  const before = new Set(registered());
  const value = make();
  return { value, created: registered().filter((variable) => !before.has(variable)) };
}
