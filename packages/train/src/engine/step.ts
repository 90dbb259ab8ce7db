import { type StepRandom, tf } from '@onnx-forge/export';
import { TrainError } from '../errors.js';
import { type Networks, type NetworkWeight, networkWeights } from '../layers/network.js';
import { type BatchTensors, FixedRate, type Optimizers, type Step } from '../recipe/recipe.js';
import { suggestionAndList } from '../suggest.js';
import type { EngineOptions } from './engine.js';
import { learningRateOf } from './learning-rate.js';

/** One update as an ordinary tfjs function: loss, gradients, optimizer. */
export type StepFunction = (batch: BatchTensors, rng: StepRandom) => Record<string, tf.Scalar>;

/** An optimizer and the variables that it moves, with their names in the state. */
export interface ParameterGroup {
  readonly optimizer: tf.Optimizer;
  readonly weights: readonly NetworkWeight[];
  /** Sets the learning rate to `factor` times the recipe's; does nothing where that is fixed. */
  scaleLearningRate(factor: number): void;
}

/** A step with the optimizers that it was given. */
export interface BoundStep {
  readonly name: string;
  readonly groups: readonly ParameterGroup[];
  readonly run: StepFunction;
  scaleLearningRate(factor: number): void;
  /** Frees the optimizers' own variables. */
  dispose(): void;
}

/**
 * Binds a recipe's step to networks and options; makes its optimizer.
 *
 * @throws TrainError (`recipe-invalid`) when it updates a network that is not there, or has no optimizer for one
 */
export function bindStep(
  name: string,
  step: Step,
  { nets, options, averages }: Pick<EngineOptions, 'nets' | 'options' | 'averages'>,
): BoundStep {
  const updates = step.updates === 'all' ? Object.keys(nets) : step.updates;
  refuseUnknown(name, updates, nets);
  const groups = parameterGroups(name, updates, step.optimizer(options), nets);
  const weights = groups.flatMap((group) => group.weights);
  const variables = weights.map(({ variable }) => variable);
  const maximum = Number(options.clipNorm ?? 0) || (step.clipNorm?.(options) ?? Number.POSITIVE_INFINITY);
  return {
    name,
    groups,
    scaleLearningRate: (factor) => {
      for (const group of groups) group.scaleLearningRate(factor);
    },
    dispose: () => {
      for (const { optimizer } of groups) optimizer.dispose();
    },
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
      const clipped = maximum < Number.POSITIVE_INFINITY ? clipByGlobalNorm(grads, maximum) : grads;
      for (const group of groups) {
        group.optimizer.applyGradients(
          Object.fromEntries(group.weights.map(({ variable }) => [variable.name, clipped[variable.name]!])),
        );
      }
      averages?.update(updates);
      return { loss: value, ...metrics };
    },
  };
}

function refuseUnknown(step: string, updates: readonly string[], nets: Networks): void {
  const network = updates.find((net) => !Object.hasOwn(nets, net) || nets[net] === undefined);
  if (network === undefined) return;
  const known = Object.keys(nets);
  const message = `step '${step}' updates the network '${network}', which is not there${suggestionAndList(network, known, 'there are ')}`;
  throw new TrainError('recipe-invalid', message, { step, network, known });
}

function parameterGroups(
  step: string,
  updates: readonly string[],
  optimizers: Optimizers,
  nets: Networks,
): ParameterGroup[] {
  if (optimizers instanceof tf.Optimizer || optimizers instanceof FixedRate) {
    return [parameterGroup(step, optimizers, nets, updates)];
  }
  return updates.map((net) => {
    const optimizer = optimizers[net];
    if (optimizer) return parameterGroup(step, optimizer, nets, [net]);
    const message = `step '${step}' updates the network '${net}' but has no optimizer for it`;
    throw new TrainError('recipe-invalid', message, { step, network: net });
  });
}

function parameterGroup(
  step: string,
  given: tf.Optimizer | FixedRate,
  nets: Networks,
  names: readonly string[],
): ParameterGroup {
  const fixed = given instanceof FixedRate;
  const optimizer = fixed ? given.optimizer : given;
  const weights = networkWeights(nets, names).filter(({ trainable }) => trainable);
  return { optimizer, weights, scaleLearningRate: fixed ? () => {} : learningRateOf(optimizer, step) };
}

/** Gradients times min(1, maximum / |g|), |g| the Euclidean norm over all of them (Pascanu et al. 2013). */
function clipByGlobalNorm(grads: tf.NamedTensorMap, maximum: number): tf.NamedTensorMap {
  const norm = tf.sqrt(tf.addN(Object.values(grads).map((grad) => tf.sum(tf.square(grad)))));
  const factor = tf.minimum(1, tf.div(maximum, tf.add(norm, 1e-12)));
  return Object.fromEntries(Object.entries(grads).map(([name, grad]) => [name, tf.mul(grad, factor)]));
}

function refuseDeadWeights(step: string, weights: readonly NetworkWeight[], grads: tf.NamedTensorMap): void {
  const dead = weights.filter(({ variable }) => grads[variable.name] === undefined).map(({ name }) => name);
  if (dead.length > 0) {
    const message = `the loss of step '${step}' does not depend on ${dead.join(', ')}, which it should update`;
    throw new TrainError('no-gradient', message, { step, weights: dead });
  }
}
