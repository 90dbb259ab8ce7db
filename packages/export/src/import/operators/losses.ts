import { tf } from '../../tfjs.js';
import type { Call } from '../call.js';
import { takeAlong } from './indexing.js';
import { type Operator, operator } from './operator.js';
import { untaped } from './untaped.js';

/** -log p(label) of scores [n, classes, ...] that are logarithms, weighed by class; ignored labels count nothing. */
function negativeLogLikelihood(call: Call, logs: tf.Tensor): tf.Tensor {
  const reduction = call.text('reduction', 'mean');
  const labels = tf.cast(call.tensor(1), 'int32');
  const ignored = call.node.attributes.has('ignore_index') ? call.int('ignore_index', 0) : undefined;
  const counts = untaped(() =>
    ignored === undefined
      ? tf.ones(labels.shape)
      : tf.cast(tf.notEqual(labels, tf.scalar(ignored, 'int32')), 'float32'),
  );
  // Labels that are ignored may lie outside of the classes.
  const inside = ignored === undefined ? labels : untaped(() => tf.mul(labels, tf.cast(counts, 'int32')));
  const weights = call.has(2)
    ? tf.mul(tf.reshape(tf.gather(call.tensor(2), tf.reshape(inside, [-1])), labels.shape), counts)
    : counts;
  const chosen = tf.reshape(takeAlong(logs, tf.expandDims(inside, 1), 1), labels.shape);
  const losses = tf.neg(tf.mul(chosen, weights));
  if (reduction === 'none') return losses;
  if (reduction === 'sum') return tf.sum(losses);
  if (reduction !== 'mean') throw call.fault(`reduces by '${reduction}', which is not known`);
  return tf.div(tf.sum(losses), tf.sum(weights));
}

/** Logarithms of softmax over the axis of the classes. */
function logProbabilities(x: tf.Tensor): tf.Tensor {
  const last = x.rank - 1;
  if (last === 1) return tf.logSoftmax(x);
  const order = [0, ...Array.from({ length: last - 1 }, (_, i) => i + 2), 1];
  const back = [0, last, ...Array.from({ length: last - 1 }, (_, i) => i + 1)];
  return tf.transpose(tf.logSoftmax(tf.transpose(x, order)), back);
}

/** Losses of classes. */
export const losses: readonly Operator[] = [
  operator('NegativeLogLikelihoodLoss', (call) => negativeLogLikelihood(call, call.tensor(0))),
  operator('SoftmaxCrossEntropyLoss', (call) => {
    const logs = logProbabilities(call.tensor(0));
    return [negativeLogLikelihood(call, logs), logs];
  }),
];
