import { tf } from '../../tfjs.js';
import type { Call } from '../call.js';
import { type Operator, operator } from './operator.js';
import { untaped } from './untaped.js';

/** Numbers of the channels, as [1, c, 1 ...]. */
function ofChannels(numbers: tf.Tensor, rank: number): tf.Tensor {
  return tf.reshape(numbers, [1, -1, ...new Array<number>(Math.max(0, rank - 2)).fill(1)].slice(0, Math.max(rank, 2)));
}

interface Moments {
  readonly mean: tf.Tensor;
  readonly variance: tf.Tensor;
}

/** Mean and biased variance over the axes, which stay as axes of one element. */
function moments(x: tf.Tensor, axes: number[]): Moments {
  const mean = tf.mean(x, axes, true);
  const centred = tf.sub(x, mean);
  return { mean, variance: tf.mean(tf.mul(centred, centred), axes, true) };
}

function standardised(x: tf.Tensor, { mean, variance }: Moments, epsilon: number): tf.Tensor {
  return tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, epsilon)));
}

/**
 * With the file's running statistics; with those of the batch where the file says `training_mode`, when the running ones move
 * towards them (new = momentum old + (1 - momentum) batch's, biased as ONNX has it).
 */
function batchNormalisation(call: Call): tf.Tensor | tf.Tensor[] {
  const x = call.tensor(0);
  const [scale, bias] = [call.tensor(1), call.tensor(2)];
  const [mean, variance] = [call.tensor(3), call.tensor(4)];
  const epsilon = call.float('epsilon', 1e-5);
  const momentum = call.float('momentum', 0.9);
  const training = call.int('training_mode', 0) === 1 && call.context.training;
  if (call.int('spatial', 1) !== 1)
    throw call.fault('normalises each place by itself (spatial = 0), which is not supported');
  if (!training) {
    const factor = tf.div(scale, tf.sqrt(tf.add(variance, epsilon)));
    const shift = tf.sub(bias, tf.mul(mean, factor));
    const y = tf.add(tf.mul(x, ofChannels(factor, x.rank)), ofChannels(shift, x.rank));
    // A file that was exported for training asks for the statistics too, which stay.
    return call.wants(1) ? [y, mean, variance] : y;
  }
  const axes = x.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
  const batch = moments(x, axes);
  const moved = (running: tf.Tensor, now: tf.Tensor): tf.Tensor =>
    tf.add(tf.mul(running, momentum), tf.mul(tf.reshape(now, running.shape), 1 - momentum));
  const [newMean, newVariance] = [moved(mean, batch.mean), moved(variance, batch.variance)];
  call.context.assign(call.node, 3, newMean);
  call.context.assign(call.node, 4, newVariance);
  const normal = standardised(x, batch, epsilon);
  return [tf.add(tf.mul(normal, ofChannels(scale, x.rank)), ofChannels(bias, x.rank)), newMean, newVariance];
}

function instanceNormalisation(call: Call): tf.Tensor {
  const x = call.tensor(0);
  const axes = x.shape.map((_, axis) => axis).slice(2);
  const normal = standardised(x, moments(x, axes), call.float('epsilon', 1e-5));
  return tf.add(tf.mul(normal, ofChannels(call.tensor(1), x.rank)), ofChannels(call.tensor(2), x.rank));
}

function layerNormalisation(call: Call): tf.Tensor[] {
  const x = call.tensor(0);
  const axis = call.axis(call.int('axis', -1));
  const epsilon = call.float('epsilon', 1e-5);
  call.ignore('stash_type');
  const statistics = moments(x, x.shape.map((_, i) => i).slice(axis));
  const scaled = tf.mul(standardised(x, statistics, epsilon), call.tensor(1));
  const bias = call.optional(2);
  const inverse = tf.div(1, tf.sqrt(tf.add(statistics.variance, epsilon)));
  return [bias ? tf.add(scaled, bias) : scaled, statistics.mean, inverse];
}

function rmsNormalisation(call: Call): tf.Tensor {
  const x = call.tensor(0);
  const axis = call.axis(call.int('axis', -1));
  const epsilon = call.float('epsilon', 1e-5);
  call.ignore('stash_type');
  const squares = tf.mean(tf.mul(x, x), x.shape.map((_, i) => i).slice(axis), true);
  return tf.mul(tf.div(x, tf.sqrt(tf.add(squares, epsilon))), call.tensor(1));
}

/** Scale and bias were of groups in opset 18, and are of channels from 21 on. */
function groupNormalisation(call: Call): tf.Tensor {
  const x = call.tensor(0);
  const [n, channels, ...spatial] = x.shape as [number, number, ...number[]];
  const groups = call.int('num_groups', 1);
  const epsilon = call.float('epsilon', 1e-5);
  call.ignore('stash_type');
  const parts = tf.reshape(x, [n, groups, -1]);
  const normal = standardised(parts, moments(parts, [2]), epsilon);
  const [scale, bias] = [call.tensor(1), call.tensor(2)];
  if (scale.size === groups && groups !== channels) {
    const scaled = tf.add(tf.mul(normal, tf.reshape(scale, [1, groups, 1])), tf.reshape(bias, [1, groups, 1]));
    return tf.reshape(scaled, x.shape);
  }
  const whole = tf.reshape(normal, [n, channels, ...spatial]);
  return tf.add(tf.mul(whole, ofChannels(scale, x.rank)), ofChannels(bias, x.rank));
}

/** Over the sum of squares of neighbouring channels (Krizhevsky 2012). */
function localResponse(call: Call): tf.Tensor {
  const x = call.tensor(0);
  const size = call.int('size', 1);
  const [alpha, beta, bias] = [call.float('alpha', 1e-4), call.float('beta', 0.75), call.float('bias', 1)];
  if (size < 1) throw call.fault(`has size = ${size}; at least 1 is needed`);
  // What lies outside of the channels is 0: a window has no more terms than twice the channels, whatever its size.
  const reach = Math.max(0, (x.shape[1] ?? 1) - 1);
  const before = Math.min(reach, Math.floor((size - 1) / 2));
  const after = Math.min(reach, Math.ceil((size - 1) / 2));
  const margins = x.shape.map((_, axis): [number, number] => (axis === 1 ? [before, after] : [0, 0]));
  const squares = tf.pad(tf.mul(x, x), margins);
  const begin = x.shape.map(() => 0);
  const sums = Array.from({ length: before + 1 + after }, (_, i) =>
    tf.slice(
      squares,
      begin.map((__, axis) => (axis === 1 ? i : 0)),
      x.shape,
    ),
  ).reduce((a, b) => tf.add(a, b));
  return tf.div(x, tf.pow(tf.add(bias, tf.mul(alpha / size, sums)), beta));
}

function lpNormalisation(call: Call): tf.Tensor {
  const x = call.tensor(0);
  const axis = call.axis(call.int('axis', -1));
  const p = call.int('p', 2);
  if (p !== 1 && p !== 2) throw call.fault(`has p = ${p}; 1 and 2 are supported`);
  const sum = tf.sum(p === 1 ? tf.abs(x) : tf.mul(x, x), axis, true);
  // Zeros stay zeros; their root would have an infinite gradient.
  const norm = tf.add(
    sum,
    untaped(() => tf.cast(tf.equal(sum, 0), 'float32')),
  );
  return tf.div(x, p === 1 ? norm : tf.sqrt(norm));
}

function meanVariance(call: Call): tf.Tensor {
  const x = call.tensor(0);
  const axes = (call.ints('axes') ?? [0, 2, 3]).map((axis) => call.axis(axis));
  const { mean, variance } = moments(x, axes);
  return tf.div(tf.sub(x, mean), tf.add(tf.sqrt(variance), 1e-9));
}

/** (x - offset) scale, by numbers of the columns: a standardisation of scikit-learn. They are attributes, and never trained. */
function scaled(call: Call): tf.Tensor {
  const x = tf.cast(call.tensor(0), 'float32');
  const columns = (name: string, otherwise: number): tf.Tensor => tf.tensor1d([...(call.ints(name) ?? [otherwise])]);
  return tf.mul(tf.sub(x, columns('offset', 0)), columns('scale', 1));
}

/** Normalisations, channels at axis 1. */
export const normalisations: readonly Operator[] = [
  operator('BatchNormalization', batchNormalisation, { statistics: [3, 4] }),
  operator('InstanceNormalization', instanceNormalisation),
  operator('LayerNormalization', layerNormalisation),
  operator('RMSNormalization', rmsNormalisation),
  operator('GroupNormalization', groupNormalisation),
  operator('LRN', localResponse),
  operator('LpNormalization', lpNormalisation),
  operator('MeanVarianceNormalization', meanVariance),
  operator('Scaler', scaled, { domain: 'ai.onnx.ml' }),
];
