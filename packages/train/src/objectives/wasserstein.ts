import { tf } from '@onnx-forge/export';
import { sumOverEvent } from './sum-over-event.js';

/** A critic: images [batch, ...] -> one score per example, [batch] or [batch, 1]. */
export type Critic = (images: tf.Tensor) => tf.Tensor;

/**
 * The Wasserstein GAN objective E[critic(fake)] - E[critic(real)] of Arjovsky et al. 2017, the quantity that the critic
 * minimises; minus its minimum estimates the distance W1.
 *
 * @param realScores critic(x), [batch] or [batch, 1]
 * @param fakeScores critic(G(z)), [batch] or [batch, 1]
 */
export function wassersteinDistance(realScores: tf.Tensor, fakeScores: tf.Tensor): tf.Scalar {
  return fakeScores.mean<tf.Scalar>().sub(realScores.mean<tf.Scalar>());
}

/**
 * One-sided Lipschitz penalty of Petzka et al. 2018: E max(0, ||grad critic(xHat)||_2 - 1)^2 with
 * xHat = t real + (1 - t) fake, one t per example, the norm over the whole example. Differentiable a second time only
 * where every op of the critic is (no fused activations, no batch normalisation).
 *
 * @param real [batch, ...]
 * @param fake [batch, ...]
 * @param t uniform in [0, 1), [batch]
 */
export function lipschitzPenalty(critic: Critic, real: tf.Tensor, fake: tf.Tensor, t: tf.Tensor): tf.Scalar {
  return lipschitzExcess(criticGradientNorm(critic, real, fake, t));
}

/** ||grad critic(xHat)||_2 of every example, [batch]. The 1e-12 under the root keeps its own gradient finite at zero. */
export function criticGradientNorm(critic: Critic, real: tf.Tensor, fake: tf.Tensor, t: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const perExample = t.reshape([-1, ...new Array<number>(real.rank - 1).fill(1)]);
    const between = real.mul(perExample).add(fake.mul(tf.sub(1, perExample)));
    const gradient = tf.grad((images) => critic(images).sum())(between);
    return tf.sqrt(sumOverEvent(tf.square(gradient)).add(1e-12));
  });
}

function lipschitzExcess(norm: tf.Tensor): tf.Scalar {
  return tf.tidy(() => tf.square(tf.relu(norm.sub(1))).mean<tf.Scalar>());
}
