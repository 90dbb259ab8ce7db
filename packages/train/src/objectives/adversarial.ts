import { tf } from '@onnx-forge/export';

/**
 * Binary cross-entropy from logits, the mean over the batch, in nats: max(l, 0) - l t + log(1 + exp(-|l|)),
 * written as softplus(l) - l t; finite for any finite logit.
 *
 * @param logits l, any shape
 * @param target t in [0, 1], a number or a tensor of the logits' shape
 */
export function bceLoss(logits: tf.Tensor, target: tf.Tensor | number): tf.Scalar {
  return tf.tidy(() => tf.softplus(logits).sub(logits.mul(target)).mean<tf.Scalar>());
}

/**
 * Discriminator of Goodfellow et al. 2014, algorithm 1: BCE(D(real), 1) + BCE(D(fake), 0). log 4 when it can't tell.
 *
 * @param realLogits D(x), [batch, 1] or [batch]
 * @param fakeLogits D(G(z)), [batch, 1] or [batch]
 */
export function discriminatorLoss(realLogits: tf.Tensor, fakeLogits: tf.Tensor): tf.Scalar {
  return bceLoss(realLogits, 1).add(bceLoss(fakeLogits, 0));
}

/** Mean over the batch of the probability that the discriminator gives to "real", from its logits. */
export function meanProbability(logits: tf.Tensor): tf.Scalar {
  return tf.tidy(() => logits.sigmoid().mean<tf.Scalar>());
}

/**
 * Generator, the non-saturating form of Goodfellow et al. 2014, section 3: BCE(D(fake), 1) = -mean log D(G(z)).
 *
 * @param fakeLogits D(G(z)), [batch, 1] or [batch]
 */
export function generatorLoss(fakeLogits: tf.Tensor): tf.Scalar {
  return bceLoss(fakeLogits, 1);
}
