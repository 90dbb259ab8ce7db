import type { StepRandom } from '@onnx-forge/export';
import { tf } from '@onnx-forge/export';
import { TrainError } from '../errors.js';
import type { NetworkWeight } from '../layers/network.js';
import type { BatchTensors, Networks, Step } from '../recipe.js';
import type { EngineOptions } from './engine.js';
import { learningRateOf } from './learningRate.js';

/** One update as an ordinary tfjs function: loss, gradients, optimizer. */
export type StepFunction = (batch: BatchTensors, rng: StepRandom) => Record<string, tf.Scalar>;

/** A step with the optimizer that it was given. */
export interface BoundStep {
  readonly name: string;
  readonly optimizer: tf.Optimizer;
  /** The variables that it moves, with their names in the state. */
  readonly weights: readonly NetworkWeight[];
  readonly run: StepFunction;
  /** Sets the optimizer's learning rate to `factor` times the recipe's. */
  scaleLearningRate(factor: number): void;
}

/** Binds a recipe's step to networks and options; makes its optimizer. */
export function bindStep(
  name: string,
  step: Step,
  { nets, options, averages }: Pick<EngineOptions, 'nets' | 'options' | 'averages'>,
): BoundStep {
  const optimizer = step.optimizer(options);
  const weights = networkWeights(nets, step.updates).filter(({ trainable }) => trainable);
  const variables = weights.map(({ variable }) => variable);
  return {
    name,
    optimizer,
    weights,
    scaleLearningRate: learningRateOf(optimizer, name),
    run(batch, rng) {
      let metrics: Record<string, tf.Scalar> = {};
      const { value, grads } = tf.variableGrads(() => {
        const { loss, ...others } = step.loss(nets, batch, rng, options);
        // The gradient tape's scope ends before the metrics are read.
        for (const metric of Object.values(others)) tf.keep(metric);
        metrics = others;
        return loss as tf.Scalar;
      }, variables);
      refuseDeadWeights(name, weights, grads);
      optimizer.applyGradients(grads);
      averages?.update(step.updates);
      return { loss: value, ...metrics };
    },
  };
}

/** The weights of the named networks (all by default) under `NETWORK/LAYER/KIND`. */
export function networkWeights(nets: Networks, names: readonly string[] = Object.keys(nets)): NetworkWeight[] {
  return names.flatMap((net) =>
    (nets[net]?.weights ?? []).map((weight) => ({ ...weight, name: `${net}/${weight.name}` })),
  );
}

function refuseDeadWeights(step: string, weights: readonly NetworkWeight[], grads: tf.NamedTensorMap): void {
  const dead = weights.filter(({ variable }) => grads[variable.name] === undefined).map(({ name }) => name);
  if (dead.length > 0) {
    const message = `the loss of step '${step}' does not depend on ${dead.join(', ')}, which it should update`;
    throw new TrainError('no-gradient', message, { step, weights: dead });
  }
}
